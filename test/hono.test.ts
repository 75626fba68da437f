// A Hono application behind the cache on Node, served by `@hono/node-server`, with memory alone.
import { once } from "node:events";
import type { AddressInfo } from "node:net";
import { brotliCompressSync, deflateSync, gzipSync, zstdCompressSync } from "node:zlib";
import { serve } from "@hono/node-server";
import { Hono } from "hono";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { tidemark } from "../src/hono.ts";
import { defineConfig } from "../src/tidemark.ts";
import { type ScriptedOrigin, startScriptedOrigin } from "../testing/fakes/scripted-origin.ts";
import { cacheStatusOf, rawRequest, type RawRequest } from "../testing/worker/raw-request.ts";

const plain = "A page in words that repeat, repeat, repeat. ".repeat(200);
const bodies: Readonly<Record<string, Buffer>> = {
  gzip: gzipSync(plain),
  br: brotliCompressSync(plain),
  deflate: deflateSync(plain),
  zstd: zstdCompressSync(plain),
};

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

const routes = [
  { name: "own", match: "/own/*", bypass: true },
  { name: "local", match: "/packed/*", key: { cf: ["country" as const] } },
];
const adminToken = "admin-token-of-this-site";
const site = tidemark(app, defineConfig({ routes }), {
  env: { NAME: "Node", ADMIN_TOKEN: adminToken },
});
const server = serve({ fetch: site.fetch, port: 0, hostname: "127.0.0.1" });
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

describe("on Node", () => {
  it("a page is stored in memory, and a client that has it gets a 304", async () => {
    const [first, second] = [await get("/page"), await get("/page")];
    expect([first.text, first.told]).toEqual([
      "page 1 of Node",
      "tidemark; fwd=uri-miss; fwd-status=200; stored",
    ]);
    expect([second.text, second.told]).toEqual([
      "page 1 of Node",
      expect.stringMatching(/; hit; ttl=\d+; detail=memory$/),
    ]);
    const headers = { "if-none-match": String(first.headers.etag) };
    expect((await get("/page", { headers })).status).toBe(304);
  });

  it("a crowd calls the application once", async () => {
    const before = count;
    const crowd = await Promise.all(Array.from({ length: 8 }, () => get("/slow")));
    expect([new Set(crowd.map(({ text }) => text)).size, count - before]).toEqual([1, 1]);
  });

  it("a handler on a route with bypass gets the client's own request, and no cf", async () => {
    const headers = { "x-real-ip": "192.0.2.1", "x-original-url": "/b" };
    const { text, told } = await get("/own/a/../b?utm_source=x", { headers });
    const { host } = new URL(url);
    expect(JSON.parse(text)).toMatchObject({
      url: `${url}/own/b?utm_source=x`,
      headers: { ...headers, host },
      cf: "none",
    });
    expect(told).toContain("detail=route");
  });

  it("a private answer is each client's own", async () => {
    const [first, second] = [await get("/mine"), await get("/mine")];
    expect([first.text === second.text, first.told.includes("detail=private")]).toEqual([
      false,
      true,
    ]);
  });

  it("a purge is refused without a journal, and told why", async () => {
    const headers = { authorization: `Bearer ${adminToken}` };
    const purge = { method: "POST", headers, body: '{"tags":["x"]}' };
    expect((await get("/_cache/purge", purge)).status).toBeGreaterThanOrEqual(500);
    expect((await get("/_cache/stats", { headers })).text).toContain("no Cache API");
  });

  it.each(Object.keys(bodies))(
    "a fetch that Node has decoded is sent as it is: %s",
    async (coding) => {
      for (let nth = 0; nth < 2; nth += 1) {
        const { text, headers } = await get(`/auto/${coding}`);
        expect([text === plain, headers["content-encoding"], headers.etag]).toEqual([
          true,
          undefined,
          'W/"1"',
        ]);
      }
    },
  );

  it.each(Object.keys(bodies))("a body that a handler has packed stays so: %s", async (coding) => {
    const headers = { "accept-encoding": coding };
    for (let nth = 0; nth < 2; nth += 1) {
      const { body, headers: fields } = await get(`/packed/${coding}`, { headers });
      expect([body.equals(bodies[coding]!), fields["content-encoding"]]).toEqual([true, coding]);
    }
  });

  it("what asks to upgrade, and finds nobody who does, is answered like any request", async () => {
    const headers = { upgrade: "websocket", connection: "upgrade" };
    const { status, told } = await get("/page", { headers });
    expect([status, told.includes("detail=upgrade")]).toEqual([200, true]);
  });
});

it("what Pages adds to the bindings for one request is not for a handler", async () => {
  const seen: object[] = [];
  const handler = (_: Request, env: object) => {
    seen.push(env);
    return new Response("page");
  };
  const { fetch: answer } = tidemark({ fetch: handler }, defineConfig({}));
  const context = {
    waitUntil: () => undefined,
    passThroughOnException: () => undefined,
    props: {},
  };
  const env = { NAME: "Pages", eventContext: { request: "of one client" } };
  await answer(new Request("http://site.test/"), env, context);
  expect(seen).toEqual([{ NAME: "Pages" }]);
});

it("a configuration that is refused is told where it is written", () => {
  expect(() => tidemark(app, { routes: 1 } as never)).toThrow("The configuration is invalid.");
});
