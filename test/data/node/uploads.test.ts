// Tests uploads through Node to an origin with a URL. Each request keeps its framing. No part of a
// request or of its response becomes part of the next one on the origin's connection.
import { connect, createServer, type Socket } from "node:net";
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import { listening } from "../../../testing/listening.ts";
import { type NodeSite, startNodeSite } from "../../../testing/node/node-site.ts";
import { exchange, rawGet } from "../../../testing/node/raw-client.ts";
import { type RawOrigin, startRawOrigin } from "../../../testing/node/raw-origin.ts";

const page = "HTTP/1.1 200 OK\r\nCache-Control: no-store\r\nContent-Length: 4\r\n\r\npage";
const smuggled = "GET /smuggled HTTP/1.1\r\nHost: site.test\r\n\r\n";
const next = "GET /next HTTP/1.1\r\nHost: site.test\r\nConnection: close\r\n\r\n";

let origin: RawOrigin;
let site: NodeSite;
beforeAll(async () => {
  origin = await startRawOrigin((request) =>
    request.includes("/silent ") ? undefined : { bytes: page },
  );
  site = await startNodeSite({}, { ORIGIN_URL: origin.url });
});
afterAll(async () => {
  await site.stop();
  await origin.stop();
});

/**
 * Returns what the origin received for a request and the next one: methods, paths and the first
 * body.
 */
async function send(request: string) {
  const from = origin.seen.length;
  const replies = await exchange(site.url, [request, next]);
  // Node accepts the next request before it has answered the first.
  const isNext = (text: string) => Number(text.startsWith("GET /next "));
  const seen = origin.seen.slice(from).toSorted((a, b) => isNext(a) - isNext(b));
  const [head = ""] = (seen[0] ?? "").split("\r\n\r\n", 1);
  return {
    statuses: replies.map(({ status }) => status),
    asked: seen.map((text) => text.split(" ", 2).join(" ")),
    head: head.toLowerCase(),
    body: (seen[0] ?? "").slice(head.length + 4),
  };
}

const written = (method: string, lines: readonly string[], body = "") =>
  `${method} /a HTTP/1.1\r\nHost: site.test\r\n${lines.join("\r\n")}\r\n\r\n${body}`;
const chunked = (body: string) => `${body.length.toString(16)}\r\n${body}\r\n0\r\n\r\n`;
const ofSmuggled = `Content-Length: ${smuggled.length}`;

describe("an upload", () => {
  const inChunks = "Transfer-Encoding: chunked";

  it.each<[method: string, lines: string[], sent: string]>([
    ["POST", [ofSmuggled], smuggled],
    ["POST", [inChunks], chunked(smuggled)],
    ["DELETE", [inChunks], chunked(smuggled)],
    ["DELETE", [ofSmuggled], smuggled],
    ["OPTIONS", [ofSmuggled], smuggled],
    ["POST", ["Content-Length: 0"], ""],
    ["POST", [], ""],
    ["POST", [ofSmuggled, "Connection: content-length"], smuggled],
    ["POST", [inChunks, "Connection: transfer-encoding"], chunked(smuggled)],
    ["POST", [ofSmuggled, "Expect: 100-continue"], smuggled],
  ])("reaches the origin as one body: %s with %j", async (method, lines, sent) => {
    const seen = await send(written(method, lines, sent));
    expect(seen.statuses).toEqual([200, 200]);
    expect(seen.asked).toEqual([`${method} /a`, "GET /next"]);
    expect(seen.body).toBe(sent);
    expect(seen.head).not.toMatch(/^(?:expect|upgrade|te|trailer|proxy-connection):/m);
  });
});

describe("a body of a GET or HEAD request", () => {
  it.each(["GET", "HEAD"])(
    "does not reach the origin, whatever its Content-Length: %s",
    async (method) => {
      for (const more of [[], ["Authorization: Basic x"]]) {
        const sent = await send(written(method, [ofSmuggled, ...more], smuggled));
        expect([sent.asked, sent.body]).toEqual([[`${method} /a`, "GET /next"], ""]);
        expect(sent.head).not.toContain("content-length");
      }
    },
  );
});

it.each([
  [["Content-Length: 4", ofSmuggled]],
  [[ofSmuggled, "Transfer-Encoding: chunked"]],
  [["Transfer-Encoding: xchunked"]],
  [[`Content-Length : ${smuggled.length}`]],
  [["X-A: a\rX-B: b"]],
])("refuses a request with %j, and sends nothing of it to the origin", async (lines) => {
  const from = origin.seen.length;
  const requests = [written("POST", lines, smuggled), next];
  const [first] = await exchange(site.url, requests).catch(() => []);
  expect([first?.status ?? 400, origin.seen.slice(from)]).toEqual([400, []]);
});

it("refuses a request for two hosts", async () => {
  const sent = await send(written("GET", ["Host: other.test"]));
  expect([sent.statuses, sent.asked]).toEqual([[400, 200], ["GET /next"]]);
});

/** Runs `use` with a site in front of a server of raw sockets. */
async function withServer(take: (socket: Socket) => void, use: (own: NodeSite) => Promise<void>) {
  const server = createServer((socket) => take(socket.on("error", () => undefined)));
  const { url, stop } = await listening(server);
  const own = await startNodeSite({}, { ORIGIN_URL: url });
  try {
    await use(own);
  } finally {
    await own.stop();
    await stop();
  }
}

it("closes the origin's connection if an upload is unfinished after its response", async () => {
  const open = new Set<Socket>();
  // The origin answers the head, and waits for the rest of the body.
  const answersEarly = (socket: Socket) => {
    open.add(socket);
    socket.on("close", () => open.delete(socket));
    socket.once("data", () => socket.write(page));
  };
  await withServer(answersEarly, async ({ url }) => {
    for (const lines of [["Content-Length: 1000"], ["Transfer-Encoding: chunked"]]) {
      const [reply] = await exchange(url, [written("POST", lines, "4\r\nsome\r\n")]);
      expect([reply?.status, reply?.body.toString()]).toEqual([200, "page"]);
    }
    expect(open.size).toBeGreaterThan(0);
    await vi.waitFor(() => expect(open.size).toBe(0), 60_000);
  });
});

it("does not use a late body after HEAD as the response to another request", async () => {
  const answersHeadLate = (socket: Socket) => {
    let isLate = false;
    socket.on("data", (chunk) => {
      // The body comes when the next request has been sent.
      if (isLate) socket.write(page);
      isLate = chunk.toString("latin1").startsWith("HEAD ");
      const head = "HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\n";
      socket.write(isLate ? head : `${head}answer`);
    });
  };
  await withServer(answersHeadLate, async ({ url }) => {
    await exchange(url, [rawGet("/file", ["Connection: close"]).replace("GET", "HEAD")]);
    const [reply] = await exchange(url, [rawGet("/page", ["Connection: close"])]);
    expect(reply?.body.toString()).toBe("answer");
  });
});

it("ends the request at the origin when its client leaves", async () => {
  const before = origin.openCount;
  const socket = connect(Number(new URL(site.url).port), "127.0.0.1");
  socket.on("error", () => undefined);
  socket.write("POST /a HTTP/1.1\r\nHost: site.test\r\nContent-Length: 1000\r\n\r\nbegun");
  await vi.waitFor(
    () => expect(origin.openCount).toBeGreaterThanOrEqual(Math.max(1, before)),
    60_000,
  );
  socket.destroy();
  await vi.waitFor(
    () => expect(origin.seen.some((text) => text.includes("begun"))).toBe(false),
    60_000,
  );
  const sent = await send(written("POST", ["Content-Length: 2"], "ok"));
  expect([sent.asked, sent.body]).toEqual([["POST /a", "GET /next"], "ok"]);
});
