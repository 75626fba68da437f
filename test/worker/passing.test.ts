// Tests messages that the Worker passes on as they arrive: request bodies, upgrades, event streams,
// and fields that are not UTF-8. Also tests clients that leave during a body.
import { createHash } from "node:crypto";
import { once } from "node:events";
import { createServer, type IncomingMessage, request, type ServerResponse } from "node:http";
import { afterAll, describe, expect, it } from "vitest";
import { listening } from "../../testing/listening.ts";
import { exchange, rawGet } from "../../testing/node/raw-client.ts";
import { cacheStatusOf, rawRequest } from "../../testing/worker/raw-request.ts";
import { startWorld, storesSettled, until } from "../../testing/worker/world.ts";

const mebibyte = 1_048_576;
let asked = 0;
let streams: ServerResponse[] = [];

function answer(incoming: IncomingMessage, outgoing: ServerResponse): void {
  const path = incoming.url ?? "";
  asked += 1;
  if (path === "/echo") {
    const { cookie = "none", "content-length": length = "none" } = incoming.headers;
    outgoing.writeHead(200, { "x-length": length, "x-cookies": cookie });
    incoming.pipe(outgoing);
  } else if (path === "/other-page") {
    outgoing.writeHead(200, { "cache-control": "max-age=600" }).end("page");
  } else if (path === "/events") {
    outgoing.writeHead(200, { "content-type": "text/event-stream" });
    outgoing.write("data: first\n\n");
    streams.push(outgoing);
  } else if (path.startsWith("/expires/")) {
    outgoing.writeHead(200, { expires: path.slice("/expires/".length) }).end("page");
  } else if (path.startsWith("/latin-1/")) {
    answerInLatin1(path, incoming, outgoing);
  } else {
    outgoing.writeHead(200, { "cache-control": "max-age=600" });
    outgoing.write(Buffer.alloc(path.startsWith("/large") ? 8 * mebibyte : 100_000, "a"));
    streams.push(outgoing);
  }
}

/**
 * Answers with the octets of X-Name. Node reads and writes each octet of a field as one character. The
 * path names a field of the answer, a 304, or nothing.
 */
function answerInLatin1(path: string, incoming: IncomingMessage, outgoing: ServerResponse): void {
  const [, , kind = "", field = ""] = path.split("/");
  const name = String(incoming.headers["x-name"] ?? "");
  const isKnown = incoming.headers["if-none-match"] !== undefined;
  const isOld = kind === "304" && asked % 3 === 1;
  const fields = {
    "cache-control": kind === "304" ? "max-age=0" : "max-age=600",
    ...(kind === "304" && { etag: '"1"' }),
    ...(kind === "vary" && { vary: "x-name" }),
    ...(field !== "" && !isOld && { [field]: kind === "utf-8" ? utf8 : "caf\xe9" }),
  };
  outgoing.writeHead(isKnown ? 304 : 200, fields);
  outgoing.end(isKnown ? "" : Buffer.from(name, "latin1").toString("hex"));
}

/** The octets of text in UTF-8, as Node reads and writes them. */
const utf8 = Buffer.from("café тег 😀").toString("latin1");

const server = createServer(answer);
server.on("upgrade", (incoming, socket) => {
  const key = `${incoming.headers["sec-websocket-key"]}258EAFA5-E914-47DA-95CA-C5AB0DC85B11`;
  const accept = createHash("sha1").update(key).digest("base64");
  socket.write(
    `HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: ${accept}\r\n\r\n`,
  );
  socket.write(Buffer.from([0x81, 5, ...Buffer.from("hello")]));
});

const origin = await listening(server);
const world = await startWorld({
  originUrl: origin.url,
  config: `{ routes: [
    { name: "keyed", match: "/latin-1/keyed/*", key: { headers: ["x-name"], cookies: ["name"] } },
    { name: "fresh", match: "/expires/*", fresh: "60s" },
    { name: "all", match: "*" },
  ] }`,
});
const colo = world.colos[0]!;

afterAll(async () => {
  await world.stop();
  await origin.stop();
});

describe("the Worker", () => {
  it("forwards a request's body with its length", async () => {
    const body = "name=ada&password=reader";
    const headers = { "content-length": String(body.length) };
    const echoed = await rawRequest(colo.url, "/echo", { method: "POST", body, headers });
    expect(echoed.body.toString()).toBe(body);
    expect(echoed.headers["x-length"]).toBe(String(body.length));
    expect(echoed.headers["cache-control"]).toBe("private");
  });

  it.each([
    { method: "GET", headers: { "content-length": "9" } },
    { method: "GET", headers: { "transfer-encoding": "chunked" } },
    { method: "HEAD", headers: { "content-length": "9" } },
  ])("forwards a $method with credentials without its body: $headers", async (sent) => {
    const headers = { ...sent.headers, authorization: "Bearer 1", "content-type": "text/plain" };
    const before = asked;
    const seen = await rawRequest(colo.url, "/echo", { ...sent, body: "a=1&b=two", headers });
    expect([seen.status, seen.body.toString()]).toEqual([200, ""]);
    expect(seen.headers["x-length"]).toBe("none");
    // The body is not parsed as the next request.
    expect((await rawRequest(colo.url, "/other-page")).status).toBe(200);
    expect(asked).toBeLessThanOrEqual(before + 2);
  });

  it.each(["GET", "POST"])(
    "forwards two lines of Cookie as one, of a %s with a body",
    async (method) => {
      const lines = ["Cookie: a=1", "Cookie: b=2", "Authorization: x", "Content-Length: 1"];
      const text = `${rawGet("/echo", [...lines, "Connection: close"])}x`;
      const [seen] = await exchange(colo.url, [text.replace("GET", method)]);
      expect([seen?.status, seen?.fields.get("x-cookies")]).toEqual([200, "a=1; b=2"]);
      expect(seen?.body.toString()).toBe(method === "GET" ? "" : "x");
    },
  );

  it.each([
    ["0", "fwd=uri-miss; fwd-status=200; detail=no-use"],
    ["", "hit"],
  ])("takes only an empty Expires for absent, which workerd hides: %j", async (value, told) => {
    await rawRequest(colo.url, `/expires/${value}`);
    const second = await rawRequest(colo.url, `/expires/${value}`);
    expect(cacheStatusOf(second)).toContain(`tidemark; ${told}`);
  });

  it("forwards an upgrade to WebSocket", async () => {
    const socket = new WebSocket(`${colo.url.replace("http", "ws")}/socket`);
    const { promise, resolve, reject } = Promise.withResolvers<unknown>();
    socket.addEventListener("message", ({ data }) => resolve(data));
    socket.addEventListener("error", () => reject(new Error("The upgrade was refused.")));
    expect(await promise).toBe("hello");
    socket.close();
  });

  it.each([{ accept: "text/event-stream" }, {}])(
    "sends an event stream event by event: %o",
    async (headers) => {
      const { promise, resolve } = Promise.withResolvers<IncomingMessage>();
      const outgoing = request(`${colo.url}/events`, { headers, agent: false }, resolve).end();
      const events = await promise;
      const [first] = (await once(events, "data")) as [Buffer];
      expect(first.toString()).toBe("data: first\n\n");
      outgoing.destroy();
    },
  );
});

describe("a client that leaves", () => {
  /** Reads the first bytes of a body and disconnects. The origin then completes the body. */
  async function leaveEarly(path: string): Promise<void> {
    streams = [];
    const { promise, resolve } = Promise.withResolvers<IncomingMessage>();
    const outgoing = request(`${colo.url}${path}`, { agent: false }, resolve).end();
    await once(await promise, "data");
    outgoing.destroy();
    for (const stream of streams) stream.end("the end");
    await storesSettled(colo);
  }

  it("does not end the storing of a body within limits.bufferBytes", async () => {
    await leaveEarly("/small");
    const before = asked;
    const next = await rawRequest(colo.url, "/small");
    expect(cacheStatusOf(next)).toMatch(/hit/);
    expect(next.body.byteLength).toBe(100_007);
    expect(asked).toBe(before);
  });

  it("ends the storing of a body above limits.bufferBytes", async () => {
    await leaveEarly("/large");
    streams = [];
    const before = asked;
    const next = rawRequest(colo.url, "/large");
    await until(async () => streams.length > 0, "the second request to the origin");
    for (const stream of streams) stream.end("the end");
    expect(cacheStatusOf(await next)).toMatch(/fwd=uri-miss/);
    expect(asked).toBe(before + 1);
  });
});

describe("a field with octets that are not UTF-8", () => {
  const rejected = (field: string) => expect.stringContaining(`detail="undecoded-field: ${field}"`);

  it.each(["content-disposition", "location", "link", "x-any", "etag"])(
    "reaches clients unchanged, and its response is not stored: %s",
    async (field) => {
      const before = asked;
      for (const [method, cacheStatus] of [
        ["GET", rejected(field)],
        ["GET", rejected(field)],
        ["POST", "tidemark; fwd=method; fwd-status=200; detail=method"],
      ]) {
        const seen = await rawRequest(colo.url, `/latin-1/plain/${field}`, { method });
        expect([seen.headers[field], cacheStatusOf(seen)]).toEqual(["caf\xe9", cacheStatus]);
      }
      expect(asked).toBe(before + 3);
    },
  );

  it("in UTF-8 instead is stored, and stays the same in a hit", async () => {
    await rawRequest(colo.url, "/latin-1/utf-8/x-any");
    await storesSettled(colo);
    const hit = await rawRequest(colo.url, "/latin-1/utf-8/x-any");
    expect([hit.headers["x-any"], cacheStatusOf(hit)]).toEqual([
      utf8,
      expect.stringContaining("hit"),
    ]);
  });

  it("reaches clients unchanged beside a cookie", async () => {
    const { headers } = await rawRequest(colo.url, "/latin-1/plain/set-cookie");
    expect(headers["set-cookie"]).toEqual(["caf\xe9"]);
  });

  it("reaches clients with the whole response after a 304", async () => {
    asked = 0;
    const [first, second] = [
      await rawRequest(colo.url, "/latin-1/304/x-any"),
      (await storesSettled(colo), await rawRequest(colo.url, "/latin-1/304/x-any")),
    ];
    expect([cacheStatusOf(first), first.headers["x-any"]]).toEqual([
      expect.stringContaining("stored"),
      undefined,
    ]);
    expect([second.status, second.headers["x-any"]]).toEqual([200, "caf\xe9"]);
    expect(cacheStatusOf(second)).toEqual(rejected("x-any"));
    // After the two, the 304, and the whole response, an anonymous request confirms the refusal.
    await until(async () => asked === 4, "the anonymous request");
    await storesSettled(colo);
    expect(asked).toBe(4);
  });

  it.each([
    { id: "of Vary", path: "/latin-1/vary/" },
    { id: "of key.headers", path: "/latin-1/keyed/" },
  ])("does not select a stored response: $id", async ({ path }) => {
    for (const name of ["M\xfcller", "M\xf6ller", "M\xfcller"]) {
      const seen = await rawRequest(colo.url, path, { headers: { "x-name": name } });
      expect(seen.body.toString()).toBe(Buffer.from(name, "latin1").toString("hex"));
      expect(cacheStatusOf(seen)).toContain('detail="undecoded-key: x-name"');
    }
    const headers = { "x-name": Buffer.from("Müller").toString("latin1") };
    await rawRequest(colo.url, path, { headers });
    await storesSettled(colo);
    const hit = await rawRequest(colo.url, path, { headers });
    expect([hit.body.toString(), cacheStatusOf(hit)]).toEqual([
      Buffer.from("Müller").toString("hex"),
      expect.stringContaining("hit"),
    ]);
  });

  it("does not select a stored response: of key.cookies", async () => {
    const headers = { cookie: "name=M\xfcller" };
    const seen = await rawRequest(colo.url, "/latin-1/keyed/cookie", { headers });
    expect(cacheStatusOf(seen)).toContain('detail="undecoded-key: cookie"');
  });

  it("reaches the origin unchanged in a request whose response is stored", async () => {
    const headers = { "x-name": "M\xfcller" };
    const seen = await rawRequest(colo.url, "/latin-1/plain/", { headers });
    expect([seen.body.toString(), cacheStatusOf(seen)]).toEqual([
      Buffer.from("M\xfcller", "latin1").toString("hex"),
      expect.stringContaining("stored"),
    ]);
  });
});
