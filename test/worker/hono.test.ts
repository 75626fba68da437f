// Tests a Hono application behind the cache on workerd: the requests that its handlers get, and the
// responses that clients get.
import { brotliCompressSync, gzipSync } from "node:zlib";
import { describe, expect, it } from "vitest";
import { bundled, root } from "../../local/bundling.ts";
import { bundledText } from "../../testing/bundled-text.ts";
import { startColo } from "../../local/colo.ts";
import { bundleApp } from "../../testing/worker/bundle-app.ts";
import { cacheStatusOf, rawRequest, type RawRequest } from "../../testing/worker/raw-request.ts";
import { adminToken, type Stats, until } from "../../testing/worker/world.ts";
import { worldOfFile } from "../../testing/worker/world-of-file.ts";

const plain = "A page in words that repeat, repeat, repeat. ".repeat(200);

const app = `
  const users = new (process.getBuiltinModule("node:async_hooks").AsyncLocalStorage)();
  let count = 0;
  const asked = [];
  app.use(async (c, next) => {
    count += 1;
    c.header("Cache-Control", "public, max-age=600");
    await next();
  });
  app.get("/page", (c) => {
    c.header("Cache-Tag", "front");
    c.header("ETag", '"' + count + '"');
    return c.text("page " + count);
  });
  app.get("/seen", (c) => c.json({
    url: c.req.url,
    fields: Object.fromEntries(c.req.raw.headers),
    bound: c.env.ORIGIN_URL !== undefined,
  }));
  app.all("/view/*", async (c) => c.json({
    url: c.req.url,
    fields: Object.fromEntries(c.req.raw.headers),
    cf: c.req.raw.cf ?? null,
    body: await c.req.text(),
  }));
  app.get("/behind", (c) => {
    c.executionCtx.waitUntil((async () => void asked.push("behind"))());
    return c.text("front");
  });
  app.get("/asked", (c) => c.json(asked, 200, { "cache-control": "no-store" }));
  app.get("/auto/*", (c) => fetch(c.env.ORIGIN_URL + c.req.path.slice(5)));
  app.get("/manual/*", (c) =>
    fetch(c.env.ORIGIN_URL + c.req.path.slice(7), { encodeResponseBody: "manual" }));
  app.get("/socket", (c) => {
    const [client, server] = Object.values(new WebSocketPair());
    server.accept();
    server.addEventListener("message", ({ data }) => server.send("heard " + data));
    return new Response(null, { status: 101, webSocket: client });
  });
  app.get("/stream", (c) => {
    const { readable, writable } = new TransformStream();
    const writer = writable.getWriter();
    c.executionCtx.waitUntil((async () => {
      await writer.write(new TextEncoder().encode("data: 1\\n\\n"));
      await new Promise((resolve) => setTimeout(resolve, 500));
      await writer.write(new TextEncoder().encode("data: 2\\n\\n"));
      await writer.close();
    })());
    return new Response(readable, { headers: { "content-type": "text/event-stream", "cache-control": "no-store" } });
  });
  let calls = 0;
  app.get("/calls", (c) => c.text(String(calls), 200, { "cache-control": "no-store" }));
  app.get("/context/:name", (c) => {
    const isStale = c.req.param("name") === "stale";
    c.header("Cache-Control", "public, max-age=" + (isStale ? "0, stale-while-revalidate=600" : "600"));
    if (isStale) calls += 1;
    const user = users.getStore() ?? "nobody";
    const pieces = ["called by ", user, ", read by ", undefined, ", env of ", c.env.user ?? "nobody"].values();
    return new Response(new ReadableStream({
      pull(controller) {
        const { value, done } = pieces.next();
        if (done) controller.close();
        else controller.enqueue(new TextEncoder().encode(value ?? users.getStore() ?? "nobody"));
      },
    }, { highWaterMark: 0 }), { headers: { "cache-control": c.res.headers.get("cache-control") } });
  });
  app.post("/form", async (c) => c.text("got " + await c.req.text()));
`;

const bodies: Readonly<Record<string, Buffer>> = {
  gzip: gzipSync(plain),
  br: brotliCompressSync(plain),
};

/** Runs each request in the context of the user that its field names. */
const around = `(site) => ({
  ...site,
  fetch: (request, env, context) => {
    const user = request.headers.get("x-as");
    if (user === null) return site.fetch(request, env, context);
    return users.run(user, () => site.fetch(request, { ...env, user }, context));
  },
})`;

const worker = await bundleApp(app, {
  config: `{ operatorPath: "/_edge", routes: [
    { name: "mine", match: "/view/mine/*", bypass: true },
    { name: "local", match: "/view/local/*", key: { cf: ["country"] } },
  ] }`,
  around,
});
const { colo, origin, url } = await worldOfFile(
  (request, response) => {
    const coding = request.url?.slice(1) ?? "";
    const fields = { "content-type": "text/plain", "content-encoding": coding, etag: '"1"' };
    response.writeHead(200, { ...fields, "cache-control": "max-age=600" }).end(bodies[coding]);
  },
  { worker },
);

/** The first request of the isolate, which creates the cache. */
const firstOfAll = rawRequest(url, "/context/first", { headers: { "x-as": "mallory" } });

async function get(path: string, sent: RawRequest = {}) {
  const answer = await rawRequest(url, path, sent);
  return { ...answer, text: answer.body.toString(), told: cacheStatusOf(answer) };
}

/** Waits until all answers are stored. */
async function settled(): Promise<void> {
  const headers = { authorization: `Bearer ${adminToken}` };
  const isSettled = async () =>
    (JSON.parse((await get("/_edge/stats", { headers })).text) as Stats).fillsUnderWay === 0;
  await until(isSettled, "stores to settle");
}

describe("a Hono application behind the cache", () => {
  it("is not called for a hit on its stored response", async () => {
    const first = await get("/page");
    await settled();
    const second = await get("/page?utm_source=letter");
    expect([first.told, second.told]).toEqual([
      "tidemark; fwd=uri-miss; fwd-status=200; stored",
      expect.stringMatching(/^tidemark; hit; ttl=\d+; detail=memory$/),
    ]);
    expect(second.text).toBe(first.text);
    const known = await get("/page", { headers: { "if-none-match": String(first.headers.etag) } });
    expect([known.status, known.text]).toEqual([304, ""]);
  });

  it("is called again after a purge of a tag that a handler sets", async () => {
    const before = await get("/page");
    const purge = { method: "POST", headers: { authorization: `Bearer ${adminToken}` } };
    const purged = await get("/_edge/purge", { ...purge, body: '{"tags":["front"]}' });
    expect(purged.status).toBe(200);
    const after = await get("/page");
    expect(after.text).not.toBe(before.text);
    expect(after.told).toContain("fwd=stale");
    expect((await get("/_cache/purge", { ...purge, body: "{}" })).status).toBe(404);
  });

  it("gets all of cf on a route with bypass, and only keyed members elsewhere", async () => {
    const ask = async (path: string, init: RequestInit = {}) => {
      const response = await fetch(colo.publicUrl + path, init);
      return (await response.json()) as {
        url: string;
        fields: Record<string, string>;
        cf: { country?: string; colo?: string } | null;
        body: string;
      };
    };
    const headers = { "x-real-ip": "192.0.2.1", "x-original-url": "/b" };
    const mine = await ask("/view/mine/a/../b?utm_source=x", {
      method: "POST",
      headers,
      body: "x",
    });
    const { host } = new URL(mine.url);
    expect(mine.url).toBe(`http://${host}/view/mine/b?utm_source=x`);
    expect(mine).toMatchObject({ fields: { ...headers, host }, body: "x" });
    expect(mine.cf).toMatchObject({ country: expect.any(String), colo: expect.any(String) });
    const local = await ask("/view/local/x");
    expect(local.cf).toEqual({ country: mine.cf?.country });
    const other = await ask("/view/x", { headers });
    expect([other.cf, other.fields["host"], other.fields["x-original-url"]]).toEqual([
      null,
      "site.test",
      undefined,
    ]);
    expect(other.fields["x-real-ip"]).not.toBe("192.0.2.1");
    expect(other.fields["x-real-ip"]).toBe(other.fields["x-forwarded-for"]);
  });

  it("gets its bindings and the keyed URL, and no withheld fields of the client", async () => {
    const headers = { "x-forwarded-host": "evil.example", cookie: "_ga=1", "x-original-url": "/b" };
    const { text } = await get("/seen?a=1&utm_source=x", { headers });
    const seen = JSON.parse(text) as {
      url: string;
      fields: Record<string, string>;
      bound: boolean;
    };
    expect([seen.url, seen.bound]).toEqual(["http://site.test/seen?a=1", true]);
    expect(seen.fields["x-forwarded-host"]).toBe("site.test");
    expect(seen.fields).not.toHaveProperty("cookie");
    expect(seen.fields).not.toHaveProperty("x-original-url");
  });

  it("can continue work after its answer", async () => {
    expect((await get("/behind")).text).toBe("front");
    await until(async () => (await get("/asked")).text === '["behind"]', "the work behind");
  });

  it("gets the body of a form", async () => {
    expect((await get("/form", { method: "POST", body: "a=1" })).text).toBe("got a=1");
  });

  it("can stream its answer", async () => {
    const reader = (await fetch(`${url}/stream`)).body!.getReader();
    expect(new TextDecoder().decode((await reader.read()).value)).toBe("data: 1\n\n");
    expect(new TextDecoder().decode((await reader.read()).value)).toBe("data: 2\n\n");
  });

  it("can accept a WebSocket", async () => {
    const socket = new WebSocket(`${url.replace("http", "ws")}/socket`);
    const { promise, resolve, reject } = Promise.withResolvers<unknown>();
    socket.addEventListener("open", () => socket.send("you"));
    socket.addEventListener("message", ({ data }) => resolve(data));
    socket.addEventListener("error", () => reject(new Error("The upgrade was refused.")));
    expect(await promise).toBe("heard you");
    socket.close();
  });
});

describe("a client's AsyncLocalStorage around the cache", () => {
  const ofNobody = "called by nobody, read by nobody, env of nobody";
  const as = (user: string, path: string, headers = {}) =>
    get(path, { headers: { "x-as": user, ...headers } });

  it("is absent in shared pages, even for the first request of the isolate", async () => {
    expect((await firstOfAll).body.toString()).toBe(ofNobody);
    const { text, told } = await get("/context/first");
    expect([text, told]).toEqual([ofNobody, expect.stringContaining("hit")]);
  });

  it("is absent in a refresh that a stale hit causes", async () => {
    await get("/context/stale");
    await settled();
    const { told } = await as("ada", "/context/stale", { cookie: "session=1" });
    expect(told).toContain("hit; ttl=");
    await until(async () => (await get("/calls")).text === "2", "a refresh");
    await settled();
    expect((await get("/context/stale")).text).toBe(ofNobody);
  });

  it("is that of the client in a request that bypasses the cache", async () => {
    const headers = { authorization: "Bearer of-ada" };
    const { text } = await as("ada", "/context/x", headers);
    expect(text).toMatch(/^called by ada, .* env of nobody$/);
  });
});

describe("without nodejs_compat, a Worker", () => {
  const startOld = (script: string, env = {}, lines: string[] = []) =>
    startColo({
      name: "old",
      worker: script,
      port: 0,
      env,
      compatibility: { date: "2026-07-01" },
      onLine: (text) => void lines.push(text),
    });

  it("with a handler does not start, and says why", async () => {
    const lines: string[] = [];
    const old = await startOld(await bundleApp('app.get("/", (c) => c.text("page"));'), {}, lines);
    try {
      expect((await rawRequest(old.url, "/")).status).toBe(500);
      await until(async () => lines.length > 0, "a line of the log");
      expect(lines.join()).toMatch(/start-refused.* add the flag \\"nodejs_compat\\"/);
    } finally {
      await old.stop();
    }
  });

  it("with the address of an origin answers", async () => {
    const script = await bundled({ entryPoints: ["worker.ts"], absWorkingDir: root });
    const old = await startOld(script, { ORIGIN_URL: origin.url });
    try {
      const { status, headers } = await rawRequest(old.url, "/x", {});
      expect([status, headers["cache-status"]]).toEqual([200, expect.stringContaining("stored")]);
    } finally {
      await old.stop();
    }
  });
});

it("a Worker that imports Tidemark within a request says why later requests fail", async () => {
  const contents = `
    let site;
    async function opened() {
      const { tidemark } = await import("./src/hono.ts");
      const { defineConfig } = await import("./src/tidemark.ts");
      return tidemark({ fetch: () => new Response("page") }, defineConfig({}));
    }
    export default {
      fetch: async (request, env, context) => (await (site ??= opened())).fetch(request, env, context),
    };
  `;
  const lines: string[] = [];
  const onLine = (text: string) => void lines.push(text);
  const settings = { name: "late", port: 0, env: {}, onLine };
  const late = await startColo({ ...settings, worker: await bundledText(contents) });
  try {
    expect((await rawRequest(late.url, "/first")).status).toBe(200);
    expect((await rawRequest(late.url, "/second")).status).toBe(500);
    await until(async () => lines.join().includes("request-failed"), "a line of the log");
    expect(lines.join()).toContain("Tidemark was imported within a request");
  } finally {
    await late.stop();
  }
});

describe("a handler that returns a fetched response", () => {
  it.each(["gzip", "br"])("sends a decoded body without Content-Encoding: %s", async (coding) => {
    const headers = { "accept-encoding": "gzip, br" };
    for (let nth = 0; nth < 2; nth += 1) {
      const { text, headers: fields } = await get(`/auto/${coding}`, { headers });
      expect(text).toBe(plain);
      expect([fields["content-encoding"], fields.etag]).toEqual([undefined, 'W/"1"']);
      await settled();
    }
  });

  it.each(["gzip", "br"])("sends an encoded body without a change: %s", async (coding) => {
    const headers = { "accept-encoding": "gzip, br" };
    for (let nth = 0; nth < 2; nth += 1) {
      const { body, headers: fields } = await get(`/manual/${coding}`, { headers });
      expect(body.equals(bodies[coding]!)).toBe(true);
      expect([fields["content-encoding"], fields.etag]).toEqual([coding, '"1"']);
      await settled();
    }
  });
});
