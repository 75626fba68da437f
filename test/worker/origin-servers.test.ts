// Tests the built Worker in front of nginx, Apache and Express, with the settings of docs/origins.md,
// in real time. Between them is a proxy that changes requests as Cloudflare does.
import { readFileSync } from "node:fs";
import { createServer, type RequestListener } from "node:http";
import { createRequire } from "node:module";
import { compileFunction } from "node:vm";
import { afterAll, describe, expect, it } from "vitest";
import { Running } from "../../local/running.ts";
import { examinePages } from "../../packages/cli/src/doctor/pages/examine-pages.ts";
import { bareWorld } from "../../packages/cli/test/fakes/fake-world.ts";
import { startScriptedOrigin } from "../../testing/fakes/scripted-origin.ts";
import { listening } from "../../testing/listening.ts";
import { type OriginZone, startEdgeProxy } from "../../testing/worker/edge-proxy.ts";
import { cacheStatusOf, rawRequest } from "../../testing/worker/raw-request.ts";
import {
  isApacheInstalled,
  isNginxInstalled,
  startApache,
  startNginx,
} from "../../testing/worker/web-servers.ts";
import { startWorld, storesSettled } from "../../testing/worker/world.ts";

const docs = readFileSync("docs/origins.md", "utf8");
const lineIn = (language: string) =>
  new RegExp(`\`\`\`${language}\\n(.*)\\n\`\`\``).exec(docs)?.[1] ?? "";
/** The settings of each row of the table of addresses. */
const [sameZone, otherZone, elsewhere] = docs
  .split("\n")
  .filter((line) => line.includes("real_ip_header"))
  .map((line) => /`((?:set_)?real_ip_[^`]*)`.*`(app\.set[^`]*)`/.exec(line) ?? [])
  .map(([, nginx = "", express = ""]) => ({ nginx, express }));

const running = new Running();
afterAll(() => running.stop());

interface Express extends RequestListener {
  use(answer: (request: { ip: string }, response: { send(text: string): void }) => void): void;
}

const newExpress = createRequire(import.meta.url)("express") as () => Express;

/** @param setting one of the lines of the documents, about `app` */
async function startExpress(setting: string) {
  const app = newExpress();
  compileFunction(setting, ["app"])(app);
  app.use((request, response) => response.send(request.ip));
  return listening(createServer(app));
}

const page = "<p>A page that repeats itself.</p>\n".repeat(3_430);
const files = Object.fromEntries(["index", "limited"].map((name) => [`${name}.html`, page]));

const addressSite = (setting: string) => `
  set_real_ip_from 127.0.0.1;
  ${setting}
  location = /address { default_type text/plain; return 200 $remote_addr; }
  location = /limited.html { limit_req zone=clients; limit_req_status 429; }`;
const clientsZone = "limit_req_zone $binary_remote_addr zone=clients:1m rate=1r/m;";
const headersModule = "LoadModule headers_module /usr/lib/apache2/modules/mod_headers.so";
const tagEdit = `RequestHeader edit "If-None-Match" '^"((.*)-gzip)"$' '"$1", "$2"'`;

const behind = (zone: OriginZone, url: string) => running.add(startEdgeProxy(url, zone));

const origins: Record<string, string> = {};
for (const [place, setting, front] of [
  ["same-zone", sameZone, (url: string) => behind("same", url)],
  ["other-zone", otherZone, (url: string) => behind("other", url)],
  ["elsewhere", elsewhere, (url: string) => Promise.resolve({ url })],
] as const) {
  const express = await running.add(startExpress(setting!.express));
  origins[`express-${place}`] = (await front(express.url)).url;
  if (!isNginxInstalled) continue;
  const site = addressSite(setting!.nginx);
  const nginx = await running.add(startNginx({ files, global: clientsZone, site }));
  origins[`nginx-${place}`] = (await front(nginx.url)).url;
}
if (isNginxInstalled) {
  const compressing = { files, site: lineIn("nginx") };
  origins["nginx"] = (await running.add(startNginx({ files }))).url;
  origins["nginx-compressing"] = (await running.add(startNginx(compressing))).url;
  origins["nginx-behind-edge"] = (await behind("same", origins["nginx-compressing"])).url;
}
if (isApacheInstalled) {
  const editing = { files, global: headersModule, site: tagEdit };
  origins["apache"] = (await running.add(startApache({ files }))).url;
  origins["apache-editing"] = (await running.add(startApache(editing))).url;
  const unchanged = { files, site: lineIn("apache") };
  origins["apache-unchanged"] = (await running.add(startApache(unchanged))).url;
}

const scripted = await running.add(startScriptedOrigin((_, response) => void response.end()));
origins["scripted"] = scripted.url;

const names = Object.keys(origins);
const hostOf = (name: string) => `${name}.test`;
const world = await running.add(
  startWorld({
    originUrl: scripted.url,
    env: { SITE_HOST: names.map(hostOf).join(" ") },
    config: JSON.stringify({
      origins: Object.fromEntries(names.map((name) => [name, { url: origins[name] }])),
      routes: names.flatMap((name) => [
        {
          name: `${name}-passed`,
          match: `${hostOf(name)}/limited.html`,
          origin: name,
          bypass: true,
        },
        { name, match: `${hostOf(name)}/*`, origin: name },
      ]),
    }),
  }),
);
const [colo] = world.colos;

const [ada, bob] = ["192.0.2.7", "2001:db8::7"];
const forged = { "x-real-ip": "203.0.113.66", "x-forwarded-for": "203.0.113.66" };

function ask(name: string, path: string, headers: Record<string, string> = {}, method = "GET") {
  return rawRequest(colo!.url, path, { method, headers: { host: hostOf(name), ...headers } });
}

const asClient = (address: string) => ({ ...forged, "cf-connecting-ip": address });
const places = ["same-zone", "other-zone", "elsewhere"];
const withAddress = places.flatMap((place) => [`express-${place}`, `nginx-${place}`]);

describe("the client's address", () => {
  const rows = withAddress.filter((name) => names.includes(name));

  it.each(rows)("reaches the origin with the documented setting: %s", async (name) => {
    for (const method of ["GET", "POST"]) {
      for (const address of [ada, bob]) {
        const { body } = await ask(name, "/address", asClient(address), method);
        expect([method, body.toString()]).toEqual([method, address]);
      }
    }
  });

  it.runIf(isNginxInstalled).each(places)(
    "lets a limit of nginx count two clients as two: %s",
    async (place) => {
      const statuses = [];
      for (const address of [ada, ada, bob]) {
        statuses.push((await ask(`nginx-${place}`, "/limited.html", asClient(address))).status);
      }
      expect(statuses).toEqual([200, 429, 200]);
    },
  );
});

interface ServerRow {
  readonly name: string;
  readonly coding: string | undefined;
  /** The origin's status for a validation. */
  readonly validated: number;
  /** The findings of the command. */
  readonly codes: readonly string[];
}

const gzip = { "accept-encoding": "gzip" };
const about = ["coding-in-tag", "plain-for-proxies"];

describe("a page of a server with Debian's configuration", () => {
  const rows: readonly ServerRow[] = [
    { name: "nginx", coding: undefined, validated: 304, codes: ["plain-for-proxies"] },
    { name: "nginx-compressing", coding: "gzip", validated: 304, codes: [] },
    { name: "apache", coding: "gzip", validated: 200, codes: ["coding-in-tag"] },
    // The origin's 304 has a tag that is not stored.
    { name: "apache-editing", coding: "gzip", validated: 200, codes: [] },
    { name: "apache-unchanged", coding: "gzip", validated: 304, codes: [] },
  ].filter(({ name }) => names.includes(name));

  it.each(rows)("has the expected coding, and is validated: $name", async (row) => {
    const first = await ask(row.name, "/index.html", gzip);
    await storesSettled(colo!);
    const again = await ask(row.name, "/index.html", gzip);
    expect(cacheStatusOf(again)).toMatch(new RegExp(`fwd=stale; fwd-status=${row.validated}`));
    for (const { headers, body } of [first, again]) {
      const isSmall = body.length < page.length / 100;
      expect([headers["content-encoding"], isSmall]).toEqual([row.coding, row.coding === "gzip"]);
    }
    const plain = await ask(row.name, "/index.html");
    expect(plain.body.toString()).toBe(page);
  });

  it.each(rows)("leads to $codes of doctor: $name", async ({ name, codes }) => {
    const command = { ...bareWorld, fetch };
    const origin = origins[name]!;
    const asked = { site: undefined, debugToken: undefined, origin, isOriginOfSite: false };
    const { findings } = await examinePages(
      { ...asked, paths: ["/index.html"] },
      undefined,
      command,
    );
    const found = new Set<string>(findings.map(({ code }) => code));
    expect(about.filter((code) => found.has(code))).toEqual(codes);
  });

  it.runIf(isNginxInstalled)(
    "has the coding that each client accepts, behind an edge",
    async () => {
      const compressed = await ask("nginx-behind-edge", "/index.html", gzip);
      const plain = await ask("nginx-behind-edge", "/index.html");
      expect(compressed.headers["content-encoding"]).toBe("gzip");
      expect(plain.body.toString()).toBe(page);
    },
  );
});

it("requests of the runtime have the fields that docs/origins.md names", async () => {
  await ask("scripted", "/a");
  const { pragma, "cache-control": cacheControl, via } = scripted.seen.at(-1)!.headers;
  const fields = ["no-cache", "max-age=0", expect.stringMatching(/^1\.1 tidemark-/)];
  expect([pragma, cacheControl, via]).toEqual(fields);
});
