// Validation: a 304 moves no body, neither from the origin nor to the shared tier, and a client
// that has the page gets a 304 from the cache.
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type ScriptedOrigin, startScriptedOrigin } from "../../testing/fakes/scripted-origin.ts";
import { cacheStatusOf, rawRequest } from "../../testing/worker/raw-request.ts";
import { startWorld, storesSettled, tierCommands, type World } from "../../testing/worker/world.ts";

// So large that it is cheaper to ask whether Redis has it than to send it again.
const bodyBytes = 160_000;
const validators = {
  "/etag": { etag: '"v1"' },
  "/modified": { "last-modified": "Mon, 02 Nov 2026 10:00:00 GMT" },
} as const;
type Path = keyof typeof validators;

let origin: ScriptedOrigin;
let world: World;
let bodiesSent = 0;

beforeAll(async () => {
  origin = await startScriptedOrigin((request, response) => {
    const path = (request.url ?? "").split("?", 1)[0] as Path;
    // As old as its lifetime when it comes: stale at once, though not to be validated always.
    const stale = { "cache-control": "max-age=1", age: "1" };
    const isAlways = request.url?.endsWith("?always") === true;
    const lifetime = isAlways ? { "cache-control": "no-cache" } : stale;
    const fields = { ...validators[path], ...lifetime };
    const { "if-none-match": tag, "if-modified-since": since } = request.headers;
    const isSame = tag === '"v1"' || since === "Mon, 02 Nov 2026 10:00:00 GMT";
    if (isSame) {
      response.writeHead(304, fields).end();
      return;
    }
    bodiesSent += 1;
    response.writeHead(200, { ...fields, "content-length": bodyBytes });
    response.end("x".repeat(bodyBytes));
  });
  world = await startWorld({
    originUrl: origin.url,
    colos: 2,
    config: `{ routes: [{ name: "shared", match: "/*", tiers: ["shared"] }] }`,
  });
});

afterAll(async () => {
  await world.stop();
  await origin.stop();
});

describe("a stored response that must be validated", () => {
  it.each(["/etag", "/modified"] as const)("moves no body: %s", async (path) => {
    const { url } = world.colos[0]!;
    bodiesSent = 0;
    await rawRequest(url, path);
    await storesSettled(world.colos[0]!);
    world.rest.resetCounts();
    const answer = await rawRequest(url, path);
    await storesSettled(world.colos[0]!);
    expect(cacheStatusOf(answer)).toBe("tidemark; fwd=stale; fwd-status=304; stored");
    expect(answer.body.byteLength).toBe(bodyBytes);
    expect(bodiesSent).toBe(1);
    expect(tierCommands(world)).toEqual({ GETRANGE: 2, SETRANGE: 1, PEXPIRE: 1 });
    expect(world.rest.counts().requestBytes).toBeLessThan(5_000);
  });
});

describe("a response that is validated at every use", () => {
  it("is not written to Redis at every use", async () => {
    const { url } = world.colos[0]!;
    await rawRequest(url, "/etag?always");
    await storesSettled(world.colos[0]!);
    world.rest.resetCounts();
    const answer = await rawRequest(url, "/etag?always");
    await storesSettled(world.colos[0]!);
    expect(cacheStatusOf(answer)).toBe("tidemark; fwd=stale; fwd-status=304; stored");
    expect(answer.body.byteLength).toBe(bodyBytes);
    expect(tierCommands(world)).toEqual({ GETRANGE: 1 });
  });
});

describe("a client that has the page", () => {
  const conditions = [
    { id: "etag", path: "/etag?client", name: "if-none-match", value: '"v1"' },
    { id: "weak-etag-in-list", path: "/etag?list", name: "if-none-match", value: '"v0", W/"v1"' },
    {
      id: "modified",
      path: "/modified?client",
      name: "if-modified-since",
      value: "Mon, 02 Nov 2026 10:00:00 GMT",
    },
  ];

  it.each(conditions)("gets a 304 without a body: $id", async ({ path, name, value }) => {
    const { url } = world.colos[0]!;
    bodiesSent = 0;
    await rawRequest(url, path);
    await storesSettled(world.colos[0]!);
    const answer = await rawRequest(url, path, { headers: { [name]: value } });
    expect(answer.status).toBe(304);
    expect(answer.body.byteLength).toBe(0);
    expect(bodiesSent).toBe(1);
  });
});

describe("a fresh stored response", () => {
  let fresh: ScriptedOrigin;
  let cached: World;

  beforeAll(async () => {
    fresh = await startScriptedOrigin((_, response) => {
      response.writeHead(200, { "cache-control": "max-age=600", etag: '"v1"' });
      response.end("x".repeat(bodyBytes));
    });
    cached = await startWorld({ originUrl: fresh.url, colos: 2 });
  });

  afterAll(async () => {
    await cached.stop();
    await fresh.stop();
  });

  it("answers 304 out of the shared tier without reading the body there", async () => {
    await rawRequest(cached.colos[0]!.url, "/page");
    await storesSettled(cached.colos[0]!);
    cached.rest.resetCounts();
    const answer = await rawRequest(cached.colos[1]!.url, "/page", {
      headers: { "if-none-match": '"v1"' },
    });
    expect(answer.status).toBe(304);
    expect(cacheStatusOf(answer)).toMatch(/hit; ttl=\d+; detail=shared/);
    expect(tierCommands(cached)).toEqual({ GETRANGE: 1 });
    expect(cached.rest.counts().responseBytes).toBeLessThan(6_000);
    expect(fresh.seen).toHaveLength(1);
  });

  it("asks the origin for the page itself when the first request for it is conditional", async () => {
    const answer = await rawRequest(cached.colos[0]!.url, "/first", {
      headers: { "if-none-match": '"v1"' },
    });
    expect(answer.status).toBe(304);
    expect(fresh.seen.at(-1)?.headers["if-none-match"]).toBeUndefined();
    await storesSettled(cached.colos[0]!);
    expect(cacheStatusOf(await rawRequest(cached.colos[0]!.url, "/first"))).toMatch(/hit/);
  });

  it("answers HEAD with the fields of GET", async () => {
    const { url } = cached.colos[0]!;
    const get = await rawRequest(url, "/head");
    const head = await rawRequest(url, "/head", { method: "HEAD" });
    expect(head.body.byteLength).toBe(0);
    expect(cacheStatusOf(head)).toMatch(/hit/);
    const { age: _, "cache-status": __, ...fields } = head.headers;
    const { "cache-status": ___, "transfer-encoding": ____, ...ofGet } = get.headers;
    expect(fields).toEqual({ ...ofGet, "content-length": String(bodyBytes) });
  });

  it("answers a range, and refuses one beyond the end", async () => {
    const { url } = cached.colos[0]!;
    await rawRequest(url, "/range");
    const part = await rawRequest(url, "/range", { headers: { range: "bytes=10-19" } });
    expect(part.status).toBe(206);
    expect(part.headers["content-range"]).toBe(`bytes 10-19/${bodyBytes}`);
    expect(part.body.byteLength).toBe(10);
    const beyond = await rawRequest(url, "/range", { headers: { range: `bytes=${bodyBytes}-` } });
    expect(beyond.status).toBe(416);
    expect(beyond.headers["content-range"]).toBe(`bytes */${bodyBytes}`);
  });
});
