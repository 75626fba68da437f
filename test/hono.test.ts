// Tests a Hono application behind the cache on Node, with only the memory tier. `@hono/node-server`
// serves it.
import { AsyncLocalStorage } from "node:async_hooks";
import { once } from "node:events";
import type { AddressInfo } from "node:net";
import { brotliCompressSync, deflateSync, gzipSync, zstdCompressSync } from "node:zlib";
import { serve } from "@hono/node-server";
import { getConnInfo } from "@hono/node-server/conninfo";
import { Hono } from "hono";
import { bearerAuth } from "hono/bearer-auth";
import { afterAll, beforeAll, describe, expect, expectTypeOf, it, vi } from "vitest";
import { tidemark } from "../src/hono.ts";
import { operate } from "../src/parts/operate/operate.ts";
import { defineConfig, defineRule } from "../src/tidemark.ts";
import { type ScriptedOrigin, startScriptedOrigin } from "../testing/fakes/scripted-origin.ts";
import { cacheStatusOf, rawRequest, type RawRequest } from "../testing/worker/raw-request.ts";

const plain = "A page in words that repeat, repeat, repeat. ".repeat(200);
const bodies: Readonly<Record<string, Buffer>> = {
  gzip: gzipSync(plain),
  br: brotliCompressSync(plain),
  deflate: deflateSync(plain),
  zstd: zstdCompressSync(plain),
};
const codings = Object.keys(bodies);

const users = new AsyncLocalStorage<string>();
let origin: ScriptedOrigin;
let count = 0;
const app = new Hono<{ Bindings: { NAME: string } }>();
app.use(async (c, next) => {
  count += 1;
  c.header("Cache-Control", "public, max-age=600");
  await next();
});
app.get("/page", (c) => {
  c.header("ETag", `"${count}"`);
  return c.text(`page ${count} of ${c.env.NAME}`);
});
app.get("/user", (c) => {
  c.header("Cache-Control", "public, max-age=0, stale-while-revalidate=600");
  return c.text(`called ${count} by ${users.getStore() ?? "nobody"}`);
});
app.get("/mine", (c) => c.text(`mine ${count}`, 200, { "cache-control": "private" }));
app.get("/slow", async (c) => {
  await new Promise((resolve) => setTimeout(resolve, 100));
  c.executionCtx.waitUntil(Promise.resolve());
  return c.text(`slow ${count}`);
});
app.get("/auto/:coding", (c) => fetch(`${origin.url}/${c.req.param("coding")}`));
app.get("/packed/:coding", (c) => {
  const coding = c.req.param("coding");
  c.header("Content-Encoding", coding);
  return c.body(new Uint8Array(bodies[coding] ?? []));
});
app.get("/own/:name", (c) => {
  const { url, headers, cf } = c.req.raw;
  return c.json({ url, headers: Object.fromEntries(headers), cf: cf === undefined ? "none" : cf });
});
app.all("/whose", (c) => {
  const client = "incoming" in c.env ? getConnInfo(c).remote.address : "nobody";
  return c.text(`${client} ${c.env.NAME}`, 200, { "cache-control": "public, max-age=0" });
});

const routes = [
  { name: "own", match: "/own/*", bypass: true },
  { name: "local", match: "/packed/*", key: { cf: ["country" as const] } },
];
const adminToken = "admin-token-of-this-site";
const env = { NAME: "Node", ADMIN_TOKEN: adminToken };
const config = defineConfig({ routes, parts: [operate()] });
const site = tidemark(app, config, { env });
/** Runs each request in the context of the user that its field names. */
const around: typeof site.fetch = (request, connection) =>
  users.run(request.headers.get("x-as") ?? "nobody", () => site.fetch(request, connection));
const server = serve({ fetch: around, port: 0, hostname: "127.0.0.1" });
let url = "";

beforeAll(async () => {
  if (!server.listening) await once(server, "listening");
  url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  origin = await startScriptedOrigin((request, response) => {
    const coding = request.url?.slice(1) ?? "";
    const fields = { "content-encoding": coding, "cache-control": "max-age=600", etag: '"1"' };
    response.writeHead(200, fields).end(bodies[coding]);
  });
});
afterAll(async () => {
  server.close();
  await origin.stop();
});

async function get(path: string, sent: RawRequest = {}) {
  const answer = await rawRequest(url, path, sent);
  await new Promise((resolve) => setTimeout(resolve, 20));
  return { ...answer, text: answer.body.toString(), told: cacheStatusOf(answer) };
}

describe("a page behind bearerAuth({ headerName })", () => {
  const guarded = new Hono();
  guarded.use(bearerAuth({ token: "secret", headerName: "X-Pass" }));
  guarded.get("/page", (c) => c.text("guarded"));
  guarded.get("/shared", (c) => c.text("guarded", 200, { "cache-control": "public" }));
  const routesWith = (more: object) => ({
    routes: [{ name: "all", match: "*", fresh: "5m", ...more }] as const,
  });
  const knownPass = { credentialFields: { add: ["x-pass"] } };

  it.each([
    ["/page", "unknown to credentialFields", routesWith({}), 200],
    ["/page", "known", routesWith(knownPass), 401],
    ["/shared", "known", routesWith(knownPass), 200],
    ["/shared", "on a route with bypass", routesWith({ bypass: true }), 401],
  ])("%s, if the field is %s", async (path, _, written, told) => {
    const { fetch: ask } = tidemark(guarded, defineConfig(written));
    const asked = (headers: Record<string, string>) =>
      ask(new Request(`https://site.test${path}`, { headers }));
    const first = await asked({ "x-pass": "Bearer secret" });
    expect([first.status, await first.text()]).toEqual([200, "guarded"]);
    expect((await asked({})).status).toBe(told);
  });
});

describe("on Node", () => {
  it("memory stores a page, and a client with its ETag gets a 304", async () => {
    const [first, second] = [await get("/page"), await get("/page")];
    expect([first.text, second.text]).toEqual(["page 1 of Node", "page 1 of Node"]);
    expect(first.told).toBe("tidemark; fwd=uri-miss; fwd-status=200; stored");
    expect(second.told).toMatch(/; hit; ttl=\d+; detail=memory$/);
    const headers = { "if-none-match": String(first.headers.etag) };
    expect((await get("/page", { headers })).status).toBe(304);
  });

  it("the metrics show this process, without a store", async () => {
    const authorization = `Bearer ${adminToken}`;
    const read = async (path: string) => (await get(path, { headers: { authorization } })).text;
    for (const path of ["/own/counted", "/own/counted"]) await get(path);
    const text = await read("/_cache/metrics");
    expect(text).toContain('requests_total{route="own",result="passed",tier="origin"} 2\n');
    expect(text).toMatch(/\ntidemark_reports_total\{colo=""\} 1\n/);
    expect(text).not.toContain("tidemark_redis_up");
    const { status, findings } = JSON.parse(await read("/_cache/health"));
    expect([status, findings.map(({ code }: { code: string }) => code)]).toEqual(["ok", []]);
  });

  it("a crowd calls the application once", async () => {
    const before = count;
    const crowd = await Promise.all(Array.from({ length: 8 }, () => get("/slow")));
    expect([new Set(crowd.map(({ text }) => text)).size, count - before]).toEqual([1, 1]);
  });

  it("a handler on a route with bypass gets the client's own request, and no cf", async () => {
    const own = { "x-real-ip": "192.0.2.1", "x-original-url": "/b" };
    const { text, told } = await get("/own/a/../b?utm_source=x", { headers: own });
    const headers = { ...own, host: new URL(url).host };
    const seen = { url: `${url}/own/b?utm_source=x`, headers, cf: "none" };
    expect(JSON.parse(text)).toMatchObject(seen);
    expect(told).toContain("detail=route");
  });

  it("a handler learns the client's address only if the request bypasses the cache", async () => {
    const posted = await get("/whose", { method: "POST" });
    const authorized = await get("/whose", { headers: { authorization: "Bearer 1" } });
    expect([posted.text, authorized.text]).toEqual(["127.0.0.1 Node", "127.0.0.1 Node"]);
    expect((await get("/whose")).text).toBe("nobody Node");
  });

  it("a shared page and its refresh see no AsyncLocalStorage of a client", async () => {
    const headers = { "x-as": "ada", cookie: "session=1" };
    const [first, stale] = [await get("/user", { headers }), await get("/user", { headers })];
    expect(first.text).toMatch(/^called \d+ by nobody$/);
    expect(stale.text).toBe(first.text);
    await vi.waitFor(async () => expect((await get("/user")).text).not.toBe(first.text));
    expect((await get("/user")).text).toMatch(/^called \d+ by nobody$/);
  });

  it("a private answer is not stored", async () => {
    const [first, second] = [await get("/mine"), await get("/mine")];
    expect(first.text).not.toBe(second.text);
    expect(first.told).toContain("detail=private");
  });

  it("a purge is refused without a journal, and the stats say why", async () => {
    const headers = { authorization: `Bearer ${adminToken}` };
    const purge = { method: "POST", headers, body: '{"tags":["x"]}' };
    expect((await get("/_cache/purge", purge)).status).toBeGreaterThanOrEqual(500);
    expect((await get("/_cache/stats", { headers })).text).toContain("no Cache API");
  });

  it.each(codings)("a fetch that Node has decoded stays decoded: %s", async (coding) => {
    for (const _ of ["miss", "hit"]) {
      const { text, headers } = await get(`/auto/${coding}`);
      expect([text, headers["content-encoding"]]).toEqual([plain, undefined]);
      expect(headers.etag).toBe('W/"1"');
    }
  });

  it.each(codings)("a body that a handler has encoded stays encoded: %s", async (coding) => {
    for (const _ of ["miss", "hit"]) {
      const packed = await get(`/packed/${coding}`, { headers: { "accept-encoding": coding } });
      expect(packed.body.equals(bodies[coding]!)).toBe(true);
      expect(packed.headers["content-encoding"]).toBe(coding);
    }
  });

  it("an upgrade that the application does not accept is answered like any request", async () => {
    const headers = { upgrade: "websocket", connection: "upgrade" };
    const { status, told } = await get("/page", { headers });
    expect([status, told.includes("detail=upgrade")]).toEqual([200, true]);
  });
});

it("the application's build is in ETags, and an invalid one is refused at once", async () => {
  const built = tidemark(app, defineConfig({}), { env, build: "4f2c9a1" });
  const { headers } = await built.fetch(new Request("http://localhost/page"));
  expect(headers.get("etag")).toContain(";release=4f2c9a1");
  expect(() => tidemark(app, defineConfig({}), { build: "a b" })).toThrow('Its build is "a b"');
});

it("rules run in front of the application, with its variables and inferred types", async () => {
  const rule = defineRule({
    name: "named",
    match: "/own/:id",
    keyed: { "x-bucket": () => "b" },
    admits: ({ headers, params }, { secret }) => {
      expectTypeOf(params).toEqualTypeOf<{ readonly id: string }>();
      const isNamed = headers.get("x-name") === secret("NAME") && params.id === "a";
      return isNamed ? undefined : new Response("no", { status: 403 });
    },
    respond: (_, keyed) => ({
      // @ts-expect-error: the rule has no such value.
      set: { "x-got": keyed["x-bucket"] ?? keyed["x-other"] },
    }),
  });
  const own = defineConfig({ routes: [{ name: "all", match: "/own/:id", use: [rule] }] });
  const ruled = tidemark(app, own, { env });
  const ask = (headers: HeadersInit) =>
    ruled.fetch(new Request("http://localhost/own/a", { headers }));
  expect((await ask({})).status).toBe(403);
  const answer = await ask({ "x-name": "Node" });
  expect(answer.headers.get("x-got")).toBe("b");
  expect(await answer.json()).toMatchObject({ headers: { "x-bucket": "b" } });
});

it("an invalid configuration is refused at once", () => {
  expect(() => tidemark(app, { routes: 1 } as never)).toThrow("The configuration is invalid.");
});
