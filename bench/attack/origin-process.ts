// The origin under attack, in a separate process. It serves pages for honest clients, and paths for
// attackers.
import { randomBytes } from "node:crypto";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import { once } from "node:events";
import type { AddressInfo } from "node:net";
import { setTimeout as delay } from "node:timers/promises";
import { nowAtMs } from "../load/ask.ts";
import { answerCalls } from "../load/part.ts";
import { chokeField } from "./attacks.ts";
import {
  accountPath,
  crowdedMs,
  lifetimeSeconds,
  originMs,
  pageBody,
  pageEtag,
  pageTag,
} from "./site.ts";

/**
 * The maximum size of a request head. It exceeds the limit of the Worker's runtime, so that the
 * runtime rejects large heads, not the origin.
 */
const headBytesMax = 1_048_576;
const fieldsMax = 10_000;
const largeBytesMax = 20_000_000;
const largeBody = Buffer.alloc(largeBytesMax, "0123456789abcdef");
const html = { "content-type": "text/html" };
const cacheable = { ...html, "cache-control": "max-age=600" };

let requestCount = 0;

const calls = {
  start: async (): Promise<string> => {
    const server = createServer(
      { maxHeaderSize: headBytesMax, keepAliveTimeout: 600_000 },
      (request, response) => void answer(request, response),
    );
    server.maxHeadersCount = fieldsMax;
    server.listen(0, "127.0.0.1");
    await once(server, "listening");
    return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  },
  /** Returns the number of requests since the last call. */
  take: (): number => {
    const taken = requestCount;
    requestCount = 0;
    return taken;
  },
};
export type OriginCalls = typeof calls;

async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
  requestCount += 1;
  const { pathname } = new URL(request.url ?? "", "http://origin.invalid");
  const [, folder = "", detail = ""] = pathname.split("/");
  await delay(originMs);
  if (folder === "reset") return void request.socket.resetAndDestroy();
  if (request.method === "POST") return afterBody(request, response);
  const choke = request.headers[chokeField];
  if (typeof choke === "string") return fail(choke, request, response);
  if (folder === "stream") return stream(detail, response);
  if (pathname === accountPath) return account(request, response);
  if (folder === "pages") return page(Number(detail), request, response);
  if (folder === "large") return large(Number(detail), request.headers.range, response);
  if (folder === "silent") return negotiate(request, response);
  if (folder === "noise") return void response.writeHead(200, cacheable).end(noise(Number(detail)));
  if (folder === "rangeless") return large(Number(detail), undefined, response);
  if (folder === "crowded") {
    await delay(crowdedMs - originMs);
    const own = { ...cacheable, "set-cookie": `form=${requestCount}` };
    return void response.writeHead(200, own).end("form");
  }
  if (folder === "vary")
    return void response.writeHead(200, { ...cacheable, vary: detail }).end("x".repeat(4_096));
  response.writeHead(404, html).end("<p>There is no such page.</p>".repeat(20));
}

/** Fails in the way that the request field `chokeField` selects. */
function fail(how: string, { socket }: IncomingMessage, response: ServerResponse): void {
  if (how === "hang") return;
  if (how === "reset") return void socket.resetAndDestroy();
  if (how === "cut") {
    response.writeHead(200, { ...cacheable, "content-length": 4_096 });
    response.write("x".repeat(1_024), () => socket.resetAndDestroy());
    return;
  }
  const fields = { private: { "cache-control": "private" }, "set-cookie": { "set-cookie": "a=1" } };
  const own = Object.entries(fields).find(([name]) => name === how)?.[1];
  if (own !== undefined) return void response.writeHead(200, { ...cacheable, ...own }).end(how);
  response.writeHead(Number(how), { ...html, location: "/elsewhere" }).end(how);
}

/** Sends a line ten times a second until the client closes the connection. */
function stream(kind: string, response: ServerResponse): void {
  const type = kind === "event-stream" ? "text/event-stream" : "application/x-ndjson";
  response.writeHead(200, { "content-type": type, "cache-control": "max-age=60" });
  const timer = setInterval(() => response.write("data: 1\n\n"), 100);
  response.once("close", () => clearInterval(timer));
}

function page(
  number: number,
  { url = "", headers }: IncomingMessage,
  response: ServerResponse,
): void {
  const fields = {
    ...html,
    "cache-control": `max-age=${lifetimeSeconds(number)}`,
    "cache-tag": pageTag(number),
    etag: pageEtag(number),
  };
  if (headers["if-none-match"] === fields.etag) {
    response.writeHead(304, fields).end();
    return;
  }
  const body = pageBody(number, { path: url, cookie: "", madeAtMs: nowAtMs() });
  response.writeHead(200, fields).end(body);
}

/** Chooses the form by `Accept`, without `Vary`, and with one validator for both forms. */
function negotiate({ headers }: IncomingMessage, response: ServerResponse): void {
  const isData = headers.accept?.startsWith("application/json") === true;
  const fields = {
    "content-type": isData ? "application/json" : "text/html",
    "cache-control": "max-age=10",
    etag: '"1"',
  };
  const isUnchanged = headers["if-none-match"] === fields.etag;
  response.writeHead(isUnchanged ? 304 : 200, fields).end(isUnchanged ? undefined : "x");
}

function large(bytes: number, range: string | undefined, response: ServerResponse): void {
  const body = largeBody.subarray(0, bytes);
  const [, first, last] = /^bytes=(\d+)-(\d+)$/.exec(range ?? "") ?? [];
  if (first === undefined || last === undefined) {
    response.writeHead(200, { ...cacheable, "content-length": body.length }).end(body);
    return;
  }
  const part = body.subarray(Number(first), Number(last) + 1);
  const said = {
    "content-range": `bytes ${first}-${last}/${bytes}`,
    "content-length": part.length,
  };
  response.writeHead(206, { ...cacheable, ...said }).end(part);
}

/** Returns random bytes, which gzip cannot compress. */
const noise = (bytes: number): Buffer => randomBytes(bytes);

function account({ url = "", headers }: IncomingMessage, response: ServerResponse): void {
  const body = pageBody(0, { path: url, cookie: headers.cookie ?? "", madeAtMs: nowAtMs() });
  response.writeHead(200, { ...html, "cache-control": "private" }).end(body);
}

/** Responds after the whole request body has arrived. */
function afterBody(request: IncomingMessage, response: ServerResponse): void {
  request.resume();
  request.once("error", () => undefined);
  request.once("end", () => response.writeHead(200, { "cache-control": "no-store" }).end("done"));
}

answerCalls(calls);
