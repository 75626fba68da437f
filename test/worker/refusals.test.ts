// Tests invalid requests, invalid responses of the origin and reserved paths on workerd. The client
// gets a clear status, never an exception page.
import { createConnection } from "node:net";
import { describe, expect, it } from "vitest";
import { startColo } from "../../local/colo.ts";
import { cacheStatusOf, rawRequest } from "../../testing/worker/raw-request.ts";
import { bundleWith } from "../../testing/worker/bundle-with.ts";
import { adminToken, storesSettled } from "../../testing/worker/world.ts";
import { worldOfFile } from "../../testing/worker/world-of-file.ts";

const { origin, url, colo } = await worldOfFile((request, response) => {
  const [, status] = /^\/status\/(\d+)$/.exec(request.url ?? "") ?? [];
  if (request.url === "/garbage") {
    request.socket.end("this is no HTTP\r\n\r\n");
    return;
  }
  response.writeHead(Number(status ?? 200), { "cache-control": "max-age=600" });
  response.end(`${request.method} ${request.url}`);
});

/** Matches texts of an exception page: a stack trace, a local address or a source file. */
const giveaway = /\bat \w+ \(|Error:|127\.0\.0\.1|localhost|\.ts:|worker\.js/;

describe("a request below /_cache/", () => {
  const paths = [
    "/_cache",
    "/_cache/",
    "/_cache/nothing",
    "/_cache/stored/abc",
    "/%5Fcache/nothing",
    "/_cache/%73tored/abc",
    "/_cache/../_cache/nothing",
    "/_cache//stats",
    "/./_cache/nothing",
    "/a/%2e%2e/_cache/nothing",
  ];

  it.each(paths)("gets 404 and is not forwarded: %s", async (path) => {
    const before = origin.seen.length;
    for (const method of ["GET", "POST", "HEAD", "PURGE", "OPTIONS"]) {
      const answer = await rawRequest(url, path, { method });
      expect(answer.status).toBe(404);
      expect(answer.body.toString()).not.toMatch(giveaway);
    }
    expect(origin.seen.length).toBe(before);
  });

  it("gets the stats only with the admin token", async () => {
    const without = await rawRequest(url, "/_cache/stats");
    expect(without.status).toBe(401);
    expect(JSON.parse(without.body.toString())).toMatchObject({ error: { code: "unauthorized" } });
    const wrong = { headers: { authorization: "Bearer wrong" } };
    expect((await rawRequest(url, "/_cache/stats", wrong)).status).toBe(401);
    const right = { headers: { authorization: `Bearer ${adminToken}` } };
    const answer = await rawRequest(url, "/_cache/stats", right);
    expect(JSON.parse(answer.body.toString())).toMatchObject({
      scope: expect.stringContaining("this isolate") as string,
      colo: "colo-1",
    });
  });

  it("gets 404 for a URL that the edge tier may use as a key", async () => {
    await rawRequest(url, "/stored");
    await storesSettled(colo);
    const answer = await rawRequest(url, "/_cache/stored/0123456789abcdef");
    expect(answer.status).toBe(404);
  });
});

describe("a response of the origin", () => {
  it.each([
    ["not HTTP", "/garbage"],
    ["status 999", "/status/999"],
    ["a 304 to an unconditional request", "/status/304"],
    ["status 600", "/status/600"],
  ])("becomes a 502 if it is invalid: %s", async (_id, path) => {
    const answer = await rawRequest(url, path);
    expect(answer.status).toBe(502);
    expect(answer.body.toString()).not.toMatch(giveaway);
  });

  it.each([204, 205, 418, 503, 599])("keeps its status %i", async (status) => {
    const answer = await rawRequest(url, `/status/${status}`);
    expect(answer.status).toBe(status);
  });
});

describe("an unusual request", () => {
  const methods = ["OPTIONS", "PUT", "PATCH", "DELETE", "PROPFIND"];

  it.each(methods)("bypasses the cache because of its method %s", async (method) => {
    const answer = await rawRequest(url, "/method", { method });
    expect(answer.status).toBe(200);
    expect(answer.body.toString()).toBe(`${method} /method`);
    expect(cacheStatusOf(answer)).toMatch(/fwd=method/);
  });

  it.each([
    ["TRACE", {}],
    ["TRACE", { "max-forwards": "1" }],
    ["TRACE", { upgrade: "websocket" }],
    ["TRACE", { "tidemark-debug": adminToken }],
    ["PURGE", {}],
    ["BAN", { "x-url": ".*" }],
    ["POST", { "x-http-method-override": "PURGE" }],
  ])("does not reach the origin with the method %s and %o", async (method, headers) => {
    const before = origin.seen.length;
    const answer = await rawRequest(url, "/method", { method, headers });
    expect([answer.status, origin.seen.length - before]).toEqual([501, 0]);
    expect(answer.headers["proxy-status"]).toBe("tidemark; error=http_request_denied");
  });

  const fields = {
    "cache-control": 'max-age=", ,=,,no-cache="',
    pragma: ",,,",
    cookie: ";;=; a; =b; ;",
    range: "bytes=,,-",
    "if-none-match": '"unclosed, W/',
    "if-modified-since": "yesterday",
    "accept-encoding": ",;q=,gzip;q=x,*;q=",
    accept: "*/*;q=2",
    connection: "close, ,@",
  };

  it.each(Object.entries(fields))("gets 200 despite a malformed field: %s", async (name, value) => {
    const answer = await rawRequest(url, `/malformed?${name}`, { headers: { [name]: value } });
    expect(answer.status).toBe(200);
  });

  it("gets no exception page if it is not HTTP, and the next request gets 200", async () => {
    const { hostname, port } = new URL(url);
    const { promise, resolve } = Promise.withResolvers<string>();
    const socket = createConnection({ host: hostname, port: Number(port) }, () => {
      socket.write("GET / HTTP/9.9\r\nHost\r\n\x00\r\n\r\n");
    });
    let received = "";
    socket.on("data", (chunk) => (received += chunk.toString()));
    socket.on("error", () => resolve(received));
    socket.on("close", () => resolve(received));
    expect(await promise).not.toMatch(/\bat \w+ \(/);
    expect((await rawRequest(url, "/after")).status).toBe(200);
  });
});

describe("a request to operatorHost", () => {
  it("gets only the routes that the dashboard reads", async () => {
    const worker = await bundleWith('{ operatorHost: "ops.test" }');
    const env = { ORIGIN_URL: origin.url, ADMIN_TOKEN: adminToken, SITE_HOST: "site.test" };
    const apart = await startColo({ name: "x", worker, port: 0, env });
    const statusOf = async (path: string, host: string, method = "GET") => {
      const headers = { host, authorization: `Bearer ${adminToken}` };
      return (await rawRequest(apart.url, path, { method, headers })).status;
    };
    try {
      for (const path of ["/", "/method", "/_cache/outward", "/_cache/proof"]) {
        expect([path, await statusOf(path, "ops.test")]).toEqual([path, 404]);
      }
      expect(await statusOf("/_cache/purge", "ops.test", "POST")).toBe(404);
      for (const host of ["ops.test", "site.test"]) {
        expect(await statusOf("/_cache/stats", host)).toBe(200);
      }
      expect(await statusOf("/method", "site.test")).toBe(200);
    } finally {
      await apart.stop();
    }
  });
});

describe("an invalid ORIGIN_URL", () => {
  it("causes a 500 with a plain page instead of an exception page", async () => {
    const worker = await bundleWith("{}");
    const env = { ORIGIN_URL: "ftp://x/y" };
    const broken = await startColo({ name: "x", worker, port: 0, env });
    try {
      const answer = await rawRequest(broken.url, "/");
      expect(answer.status).toBe(500);
      expect(answer.body.toString()).toMatch(/could not be handled/);
      expect(answer.body.toString()).not.toMatch(giveaway);
    } finally {
      await broken.stop();
    }
  });
});
