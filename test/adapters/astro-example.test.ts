// Builds examples/astro with the packed Tidemark, and runs it in two processes over one real Redis.
import { cp, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { startEmbeddedValkey } from "../../local/embedded-valkey.ts";
import { freePort } from "../../local/free-port.ts";
import { Running } from "../../local/running.ts";
import { startProgram } from "../../testing/programs.ts";
import { packedTidemark } from "../package/packed-tidemark.ts";
import { newerEnv, newerNode, quietInstall, run, tool } from "../package/commands.ts";
import { Source } from "./source.ts";

const running = new Running();
const example = new URL("../../examples/astro/", import.meta.url);
const token = "admin-token-of-this-site";
const host = "www.example.com";
/** N of the example. */
const lagSeconds = 5;
let folder = "";
let valkey: Awaited<ReturnType<typeof startEmbeddedValkey>>;
/** Answers in place of the pause in the example. */
const source = new Source();
let sourceUrl = "";
let here: Site;
let there: Site;
/** Astro as middleware of a server that passes the user to pages, as `locals` and as context. */
let inServer: Site;
/** A process of the next build. */
let next: Site;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "tidemark-astro-"));
  const site = join(folder, "site");
  const isSource = (path: string) =>
    !/node_modules|\/dist(?:\/|$)/.test(path.slice(example.pathname.length));
  await cp(example, site, { recursive: true, filter: isSource });
  const tarball = await packedTidemark(join(folder, "pack"));
  await run("npm", ["install", "--no-save", ...quietInstall, tarball], site, newerEnv);
  const story = join(site, "src/pages/news/[id].astro");
  const query = /new Promise\(.*150\)\);/;
  const asked = "fetch(`${process.env.SOURCE_URL}/${id}`);";
  await writeFile(story, (await readFile(story, "utf8")).replace(query, asked));
  sourceUrl = await source.start();
  await writeFile(join(site, "check.ts"), types);
  const config = join(site, "astro.config.mjs");
  const inFiles = `build: { inlineStylesheets: "never" },
    security: { allowedDomains: [{ hostname: "${host}" }] }, output:`;
  await writeFile(config, (await readFile(config, "utf8")).replace("output:", inFiles));
  await writeFile(join(site, "src/pages/styled.astro"), styledPage);
  await writeFile(join(site, "src/page.css"), "p { color: red }");
  const strict = [
    "--noEmit",
    "--strict",
    "--skipLibCheck",
    "--module",
    "nodenext",
    "--target",
    "es2022",
  ];
  await run(newerNode, [tool("typescript/bin/tsc"), ...strict, "check.ts"], site);
  const astro = (...given: string[]) =>
    run("npm", ["run", "build", "--", ...given], site, {
      ...newerEnv,
      ASTRO_TELEMETRY_DISABLED: "1",
    });
  await astro();
  const own = await readFile(config, "utf8");
  await writeFile(join(site, "src/page.css"), "p { color: blue }");
  await writeFile(join(site, "next.config.mjs"), own.replace("output:", 'outDir: "next", output:'));
  await astro("--config", "next.config.mjs");
  const within = own
    .replace("standalone", "middleware")
    .replace("output:", 'outDir: "in", output:');
  await writeFile(join(site, "within.config.mjs"), within);
  await writeFile(join(site, "src/pages/user.astro"), userPage);
  await writeFile(join(site, "src/user.astro"), userPart);
  await writeFile(join(site, "server.mjs"), serverWithUser);
  await astro("--config", "within.config.mjs");
  valkey = await running.add(startEmbeddedValkey());
  [here, there] = await Promise.all([started(site), started(site)]);
  inServer = await started(site, "server.mjs");
  next = await started(site, "next/server/entry.mjs");
}, 600_000);
afterAll(async () => {
  await running.stop();
  await source.stop();
  await rm(folder, { recursive: true, force: true });
});

/** Astro's own types accept the provider. */
const types = `import type { CacheProviderFactory } from "astro";
import astroProvider, { astroCache } from "tidemark/astro";
export const factories: CacheProviderFactory[] = [astroProvider, astroCache({})];
`;

const styledPage = `---
import "../page.css";
Astro.cache.set({ maxAge: 300, tags: ["styled"] });
---
<html><head></head><body><p>Styled</p></body></html>
`;

const userPart = `---
await new Promise((resolve) => setTimeout(resolve, 20));
---
late {globalThis.users.getStore() ?? "nobody"}
`;
const userPage = `---
import Late from "../user.astro";
Astro.cache.set({ maxAge: 0, swr: 600 });
---
locals {Astro.locals.user ?? "nobody"}, store {globalThis.users.getStore() ?? "nobody"}, <Late />
`;
const serverWithUser = `import { AsyncLocalStorage } from "node:async_hooks";
import { createServer } from "node:http";
import { handler } from "./in/server/entry.mjs";
const users = (globalThis.users = new AsyncLocalStorage());
createServer((request, response) => {
  const [, user] = /user=(\\w+)/.exec(request.headers.cookie ?? "") ?? [];
  const next = () => response.writeHead(404).end();
  users.run(user, () => handler(request, response, next, { user }));
}).listen(Number(process.env.PORT), () => console.log("listening"));
`;

interface Site {
  readonly url: string;
}

/** Starts a process of the built site. */
async function started(site: string, entry = "dist/server/entry.mjs"): Promise<Site> {
  const port = await freePort();
  const url = `http://127.0.0.1:${port}`;
  const env = {
    ...newerEnv,
    REDIS_URL: valkey.url,
    HOST: "127.0.0.1",
    PORT: String(port),
    ADMIN_TOKEN: token,
    SITE_HOST: host,
    SOURCE_URL: sourceUrl,
  };
  const start = { command: newerNode, args: [entry], cwd: site, env, ready: "listening" };
  await running.add(startProgram(start));
  return { url };
}

async function ask(
  site: Site,
  path: string,
  init: { method?: string; body?: string; headers?: Record<string, string> } = {},
) {
  const headers = { "x-forwarded-host": host, ...init.headers };
  const response = await fetch(site.url + path, { ...init, headers });
  const text = (await response.text()).replaceAll(/<[^>]+>|\n/g, " ");
  return {
    status: response.status,
    text,
    told: response.headers.get("cache-status") ?? "",
    headers: response.headers,
  };
}

/** Publishes a new version of a story, which purges its tag. */
const publish = (site: Site, id: string) =>
  ask(site, `/publish?id=${id}`, { method: "POST", headers: { origin: `http://${host}` } });

/** Asks until the answer is a hit, because bodies are stored in the background. */
async function untilHit(site: Site, path: string) {
  await expect.poll(async () => (await ask(site, path)).told).toContain("hit");
  return ask(site, path);
}

describe("examples/astro", () => {
  it("a page is a hit, also of the other process, and Astro's own fields stay inside", async () => {
    expect((await ask(here, "/news/1")).told).toContain("fwd=uri-miss");
    const hit = await untilHit(here, "/news/1");
    expect((await ask(there, "/news/1")).text).toBe(hit.text);
    expect([hit.headers.get("cache-tag"), hit.headers.get("cdn-cache-control")]).toEqual([
      null,
      null,
    ]);
    expect((await untilHit(here, "/archive")).text).toContain("The archive");
  });

  it("a purge by tag ends the page in this process at once, and in the other within N", async () => {
    await untilHit(here, "/news/2");
    await untilHit(there, "/news/2");
    expect((await publish(here, "2")).text).toBe("Published.");
    expect((await ask(here, "/news/2")).text).toContain("version 2");
    await new Promise((resolve) => setTimeout(resolve, lagSeconds * 1_000));
    // Versions are a process's own, so another rendering shows that the page was purged.
    expect((await ask(there, "/news/2")).text).toContain("version 2");
  });

  it("a purge over HTTP by a page's path needs the token, and ends the page", async () => {
    const before = await untilHit(here, "/news/4");
    const purge = (sent: string) =>
      ask(here, "/tidemark/purge", {
        method: "POST",
        body: '{"tags":["astro-path:/news/4"]}',
        headers: { authorization: `Bearer ${sent}` },
      });
    expect((await purge("wrong")).status).toBe(401);
    expect((await purge(token)).status).toBe(200);
    expect((await ask(here, "/news/4")).text).not.toBe(before.text);
  });

  it("a page for all has no user of its server's locals and context", async () => {
    const as = (cookie: string) => ask(inServer, "/user", { headers: { cookie } });
    const [ofAda, ofAll] = ["ada", "nobody"].map(
      (user) => `locals ${user}, store ${user}, late ${user}`,
    );
    const seen = async (cookie: string) => (await as(cookie)).text.replaceAll(/\s+/g, " ");
    // The first request loads the cache.
    expect(await seen("user=ada")).toContain(ofAda);
    expect(await seen("")).toContain(ofAll);
    await untilHit(inServer, "/user");
    for (const cookie of ["user=ada", "", "user=ada", ""]) {
      await new Promise((resolve) => setTimeout(resolve, 300));
      expect(await seen(cookie)).toContain(ofAll);
    }
  });

  it("a page of another build is no hit, so its files are there, and a purge reaches both builds", async () => {
    /** Returns the address of the style in the page, which is also a hit. */
    const styleIn = async (site: Site) => {
      // The first request also loads the page's code.
      await ask(site, "/styled");
      await untilHit(site, "/styled");
      const page = await (await fetch(`${site.url}/styled`)).text();
      const [style = ""] = /\/_astro\/[^"]+\.css/.exec(page) ?? [];
      expect((await fetch(site.url + style)).status).toBe(200);
      return style;
    };
    const style = await styleIn(here);
    expect(await styleIn(next)).not.toBe(style);
    // The other process of the first build has the page of the first.
    expect((await ask(there, "/styled")).told).toContain("hit");
    expect(await styleIn(there)).toBe(style);
    const body = '{"tags":["styled"]}';
    const headers = { authorization: `Bearer ${token}` };
    expect((await ask(next, "/tidemark/purge", { method: "POST", body, headers })).status).toBe(
      200,
    );
    await new Promise((resolve) => setTimeout(resolve, lagSeconds * 1_000));
    for (const site of [next, here]) {
      expect((await ask(site, "/styled")).told).toContain("detail=purged");
    }
  });
});
