// Tests the parts of a Node process around the cache: its context, its end, and a listener as the origin.
import { createServer, type RequestListener } from "node:http";
import type { AddressInfo } from "node:net";
import { createServer as createTlsServer } from "node:tls";
import { Hono } from "hono";
import { expect, it, onTestFinished, vi } from "vitest";
import { tidemark } from "../../src/hono.ts";
import { context, inProcess, loopbackOrigin, settled } from "../../src/node-cache.ts";
import { defineConfig } from "../../src/tidemark.ts";
import { upstash } from "../../src/upstash.ts";
import { createWorker } from "../../src/worker.ts";

function quiet(): void {
  for (const level of ["log", "warn"] as const) {
    vi.spyOn(console, level).mockImplementation(() => undefined);
  }
  onTestFinished(() => void vi.restoreAllMocks());
}

it("settled() waits for background work, and for work that it starts, even if it fails", async () => {
  quiet();
  const [first, second] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
  const app = new Hono();
  app.get("/", (c) => {
    c.executionCtx.waitUntil(first.promise.catch(() => context.waitUntil(second.promise)));
    return c.text("page");
  });
  const site = tidemark(app, defineConfig({}), { env: {}, stores: inProcess() });
  expect(await (await site.fetch(new Request("http://site.test/"))).text()).toBe("page");
  let isSettled = false;
  const settling = settled().then(() => (isSettled = true));
  const turn = () => new Promise((resolve) => setImmediate(resolve));
  await turn();
  first.reject(new Error("The first work fails."));
  await turn();
  expect(isSettled).toBe(false);
  second.resolve();
  await settling;
  await settled();
});

/** Opens a site whose origin is a listener, which answers with what it received. */
async function siteBefore(listener: RequestListener) {
  quiet();
  const config = defineConfig({
    routes: [
      { name: "account", match: "/account", bypass: true },
      { name: "pages", match: "*", fresh: "5m" },
    ],
  });
  const env = { ORIGIN_URL: await loopbackOrigin(listener) };
  const worker = createWorker(config, { stores: inProcess() });
  return (path: string, headers: Record<string, string> = {}) =>
    worker.fetch(new Request(`http://site.test${path}`, { headers }), env, context);
}

it("an origin with a URL needs the stores of tidemark/node", async () => {
  const log = vi.spyOn(console, "error").mockImplementation(() => undefined);
  onTestFinished(() => log.mockRestore());
  const worker = createWorker(defineConfig({}), { stores: upstash() });
  const request = new Request("http://site.test/");
  const env = { ORIGIN_URL: "https://www.example.com" };
  expect((await worker.fetch(request, env, context)).status).toBe(500);
  expect(log.mock.calls.join()).toContain("Pass redis(…) or inProcess() of tidemark/node");
});

it.each(["/", "/account"])("a listener sees the host of the site at %s", async (path) => {
  const ask = await siteBefore((request, response) => void response.end(request.headers.host));
  const forged = { "x-forwarded-host": "evil.example", host: "evil.example" };
  expect(await (await ask(path, forged)).text()).toBe("site.test");
});

/** Returns the host in `Host`, and in the TLS handshake, of a request for the path, at a URL of an origin. */
async function hostsAt(url: "http" | "https", path: string) {
  quiet();
  const seen: string[] = [];
  const server =
    url === "http"
      ? createServer(
          ({ headers }, response) => void response.end(`${seen.push(headers.host ?? "")}`),
        )
      : createTlsServer({
          SNICallback: (name, answer) => answer(new Error(`no certificate: ${seen.push(name)}`)),
        });
  await new Promise<void>((resolve) => server.listen(0, "localhost", resolve));
  onTestFinished(() => void server.close());
  const { port } = server.address() as AddressInfo;
  const origin = { host: "www.shop.test" };
  const config = defineConfig({
    routes: [
      { name: "account", match: "/shop/account", origin, bypass: true },
      { name: "shop", match: "/shop/*", origin, fresh: "5m" },
    ],
  });
  const worker = createWorker(config, { stores: inProcess() });
  const headers = { host: "evil.example", "x-forwarded-host": "evil.example" };
  const request = new Request(`http://site.test${path}`, { headers });
  await worker.fetch(request, { ORIGIN_URL: `${url}://localhost:${port}` }, context);
  return seen.map((host) => host.replace(`:${port}`, ""));
}

it.each([
  ["http", "/shop/a", "www.shop.test"],
  ["http", "/shop/account", "www.shop.test"],
  ["http", "/a", "localhost"],
  // The certificate is that of the URL.
  ["https", "/shop/account", "localhost"],
] as const)("a URL of an origin, %s, gets %s with the host %s", async (url, path, host) => {
  expect(new Set(await hostsAt(url, path))).toEqual(new Set([host]));
});

it("a listener's encoded body and large fields arrive unchanged", async () => {
  // Brotli has no magic number, and these bytes could be text.
  const body = "encoded";
  const ask = await siteBefore((request, response) => {
    response.writeHead(200, { "content-encoding": "br", "x-length": request.headers["x-large"] });
    response.end(body);
  });
  const large = "a".repeat(60_000);
  const answer = await ask("/account", { "x-large": large, "accept-encoding": "br" });
  expect(answer.headers.get("content-encoding")).toBe("br");
  expect(answer.headers.get("x-length")).toBe(large);
  expect(await answer.text()).toBe(body);
});

it("loopbackOrigin fails if it cannot listen", async () => {
  const listen = vi.spyOn(createServer().constructor.prototype as { listen(): void }, "listen");
  onTestFinished(() => void vi.restoreAllMocks());
  listen.mockImplementation(function listening(this: { emit(name: string, cause: Error): void }) {
    setImmediate(() => this.emit("error", new Error("no port is free")));
  });
  await expect(loopbackOrigin(() => undefined)).rejects.toThrow("no port is free");
});
