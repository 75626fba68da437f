// Checks that the local runner and a deployment run the Worker under the same rules of the runtime.
import { readFileSync } from "node:fs";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import {
  type Colo,
  compatibilityDate,
  minutely,
  startColo,
  unstartable,
} from "../../local/colo.ts";
import type { RequestLine } from "../../local/run/request-lines.ts";
import { rawRequest } from "../../testing/worker/raw-request.ts";

it("runs with the compatibility date of wrangler.toml, which has no compatibility flags", () => {
  const settings = readFileSync(new URL("../../wrangler.toml", import.meta.url), "utf8");
  expect(/^compatibility_date = "(.*)"$/m.exec(settings)?.[1]).toBe(compatibilityDate);
  expect(settings).not.toContain("compatibility_flags");
});

it("fires the cron trigger as often as wrangler.toml asks for it", () => {
  const settings = readFileSync(new URL("../../wrangler.toml", import.meta.url), "utf8");
  expect(/^crons = (.*)$/m.exec(settings)?.[1]).toBe(`["${minutely}"]`);
});

const runtimeError = (message: string) =>
  new Error(`The Workers runtime failed to start. ${JSON.stringify({ message })}`);

it.each([
  [
    "service core:user:tidemark: Uncaught Error: OperatorError: The Worker does not start. The configuration has dashboard(), which needs operate(). Add operate() of tidemark/operate to `parts`.",
    "The Worker does not start. The configuration has dashboard(), which needs operate(). Add operate() of tidemark/operate to `parts`.",
  ],
  [
    "service core:user:tidemark: Uncaught Error: OperatorError: The configuration is invalid. It has a fault. Fix it.",
    "The Worker does not start. The configuration is invalid. It has a fault. Fix it.",
  ],
  [
    "service core:user:tidemark: Uncaught Error: at its start",
    "The Worker does not start. The runtime says: Error: at its start. Fix the module that throws; npx wrangler dev shows the location.",
  ],
])("reports why a module throws: %s", (message, says) => {
  expect(unstartable(runtimeError(message)).message).toBe(says);
});

it.each([
  ["by npm start and tidemark start", { onRequest: () => undefined }, ["T1", "none", "none"]],
  ["without the module in front, as when deployed", {}, ["none", "none", "none"]],
])("takes the country of a request from CF-IPCountry only %s", async (_id, how, countries) => {
  const worker =
    'export default { fetch: ({ cf }) => new Response(cf?.country === undefined ? "none" : cf.country) };';
  const colo = await startColo({ name: "x", worker, port: 0, env: {}, ...how });
  try {
    const seen = ["T1", "de", ""].map(async (country) => {
      const answer = await fetch(colo.url, { headers: { "cf-ipcountry": country } });
      return answer.text();
    });
    expect(await Promise.all(seen)).toEqual(countries);
  } finally {
    await colo.stop();
  }
});

describe("a colo of npm start and tidemark start", () => {
  const lines: RequestLine[] = [];
  let colo: Colo;
  beforeAll(async () => {
    colo = await startColo({
      name: "x",
      worker: 'export default { fetch: () => new Response("page") };',
      port: 0,
      env: { SITE_HOST: "www.shop.test other.test:8080" },
      allowedHosts: ["my.tunnel.test"],
      onRequest: (line) => lines.push(line),
    });
  });
  afterAll(() => colo.stop());

  it.each([
    "127.0.0.1:8787",
    "192.168.1.5",
    "[::1]:8787",
    "localhost",
    "LOCALHOST.:8787",
    "shop.localhost",
    "www.shop.test",
    "other.test",
    "my.tunnel.test:443",
  ])("answers for the host %s", async (host) => {
    const answer = await rawRequest(colo.url, "/", { headers: { host } });
    expect([answer.status, answer.body.toString()]).toEqual([200, "page"]);
  });

  it.each([
    ["evil.test:8787", "evil.test"],
    ["127.0.0.1.evil.test", "127.0.0.1.evil.test"],
    ["localhost.evil.test", "localhost.evil.test"],
    ["notlocalhost", "notlocalhost"],
    ["sub.my.tunnel.test", "sub.my.tunnel.test"],
    ["shop.test", "shop.test"],
  ])("answers 403 for the host %s, and names the remedy", async (host, name) => {
    const path = `/of/${name}`;
    const answer = await rawRequest(colo.url, path, { headers: { host } });
    expect(answer.status).toBe(403);
    expect(answer.body.toString()).toBe(
      "403 Forbidden\n\n" +
        `This local site does not answer for the host ${name}. A website could give its name the address of ` +
        "this machine, and read the site in your browser (DNS rebinding).\n" +
        `If you trust the name, start again with --allowed-host ${name}\n`,
    );
    const own = () => lines.filter((line) => line.path === path);
    await expect.poll(own).toMatchObject([{ status: 403 }]);
  });

  it("believes no field about the host, also at the runtime's own address", async () => {
    const headers = { host: "evil.test", "mf-original-url": "http://localhost/" };
    const answer = await rawRequest(colo.publicUrl, "/", { headers });
    expect(answer.status).toBe(403);
  });
});
