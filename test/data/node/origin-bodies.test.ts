// Tests Node in front of an origin with a URL that sends arbitrary bytes. The client gets a
// consistent response, and the next response on its connection is the server's own.
import { brotliCompressSync, deflateRawSync, deflateSync, gzipSync } from "node:zlib";
import { connect } from "node:net";
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import { startNodeSite, type NodeSite } from "../../../testing/node/node-site.ts";
import { exchange, rawGet, type RawReply } from "../../../testing/node/raw-client.ts";
import {
  forged,
  type RawAnswerScript,
  type RawOrigin,
  splittingGzip,
  startRawOrigin,
} from "../../../testing/node/raw-origin.ts";

const plain = Buffer.from("A page in words that repeat, repeat, repeat. ".repeat(200));
const cached = "Cache-Control: max-age=600\r\n";
const withLength = (body: Buffer, fields: string, status = "200 OK"): Buffer =>
  Buffer.concat([
    Buffer.from(`HTTP/1.1 ${status}\r\n${cached}${fields}Content-Length: ${body.length}\r\n\r\n`),
    body,
  ]);
const inChunks = (body: Buffer, fields: string): Buffer =>
  Buffer.concat([
    Buffer.from(`HTTP/1.1 200 OK\r\n${cached}${fields}Transfer-Encoding: chunked\r\n\r\n`),
    Buffer.from(`${body.length.toString(16)}\r\n`),
    body,
    Buffer.from("\r\n0\r\n\r\n"),
  ]);

/** Node 20 has no zstd: a frame of one raw block (RFC 8878 §3.1.1). */
const zstd = (body: Buffer): Buffer => {
  const head = Buffer.from([0x28, 0xb5, 0x2f, 0xfd, 0x60, 0, 0]);
  head.writeUInt16LE(body.length - 256, 5);
  const block = Buffer.alloc(3);
  block.writeUIntLE((body.length << 3) | 1, 0, 3);
  return Buffer.concat([head, block, body]);
};

const encoded: Readonly<Record<string, Buffer>> = {
  gzip: gzipSync(plain),
  "x-gzip": gzipSync(plain),
  br: brotliCompressSync(plain),
  deflate: deflateSync(plain),
  zstd: zstd(plain),
  "deflate, gzip": gzipSync(deflateSync(plain)),
  "gzip, br": brotliCompressSync(gzipSync(plain)),
  identity: plain,
  rot13: plain,
};
const lying: Readonly<Record<string, Buffer>> = {
  gzip: plain,
  br: plain,
  deflate: deflateRawSync(plain),
  zstd: plain,
  "gzip, gzip": encoded["gzip"]!,
};

let answer: (request: string) => RawAnswerScript | undefined = () => undefined;
let origin: RawOrigin;
let site: NodeSite;

beforeAll(async () => {
  origin = await startRawOrigin((request) =>
    request.startsWith("GET /next ")
      ? { bytes: "HTTP/1.1 200 OK\r\nCache-Control: no-store\r\nContent-Length: 4\r\n\r\nnext" }
      : answer(request),
  );
  site = await startNodeSite({}, { ORIGIN_URL: origin.url });
});
afterAll(async () => {
  await site.stop();
  await origin.stop();
});

let paths = 0;
const next = rawGet("/next", ["Connection: close"]);

/** Asks for a page, then for the next one, on one connection. */
async function ask(
  bytes: string | Buffer,
  {
    ending,
    request = rawGet,
    path = `/${(paths += 1)}`,
  }: {
    ending?: RawAnswerScript["ending"];
    request?: (path: string) => string;
    path?: string;
  } = {},
): Promise<RawReply[]> {
  answer = () => ({ bytes, ...(ending && { ending }) });
  return exchange(site.url, [request(path), next]);
}

const isNext = (reply: RawReply | undefined) => reply?.body.toString() === "next";

/** Returns the page as a client reads it, and whether the next response is the server's own. */
function seen([first, second, ...more]: readonly RawReply[]) {
  return {
    status: first?.status,
    coding: first?.fields.get("content-encoding"),
    body: first?.body.toString("base64"),
    isCut: first?.isCut,
    isNext: isNext(second) && more.length === 0,
  };
}

const whole = (body: Buffer, coding?: string) => ({
  status: 200,
  coding,
  body: body.toString("base64"),
  isCut: false,
  isNext: true,
});

/** Returns whether the client got no whole page, and no other response after the broken one. */
function isRefused(replies: readonly RawReply[]): boolean {
  const [first, second] = replies;
  if (replies.length === 2) return first?.status === 502 && isNext(second);
  return first === undefined || first.isCut;
}

describe.each(["with-a-length", "in-chunks"])("an encoded body, %s,", (framing) => {
  const write = framing === "in-chunks" ? inChunks : withLength;
  it.each(Object.keys(encoded))(
    "reaches the client and the store byte for byte: %s",
    async (coding) => {
      const body = encoded[coding]!;
      const path = `/encoded-${framing}-${encodeURIComponent(coding)}`;
      const bytes = write(body, `Content-Encoding: ${coding}\r\nVary: Accept-Encoding\r\n`);
      for (const told of [/stored/, /hit|collapsed/]) {
        const replies = await ask(bytes, { path });
        expect(seen(replies)).toEqual(whole(body, coding));
        expect(replies[0]?.fields.get("cache-status")).toMatch(told);
      }
    },
  );

  it.each(Object.keys(lying))(
    "reaches the client unchanged if its coding is wrong: %s",
    async (coding) => {
      const body = lying[coding]!;
      const bytes = write(body, `Content-Encoding: ${coding}\r\n`);
      const path = `/lying-${framing}-${encodeURIComponent(coding)}`;
      for (let nth = 0; nth < 2; nth += 1)
        expect(seen(await ask(bytes, { path }))).toEqual(whole(body, coding));
    },
  );

  it("is not decoded, even if it contains another response", async () => {
    const replies = await ask(write(splittingGzip, "Content-Encoding: gzip\r\n"));
    expect(seen(replies)).toEqual(whole(splittingGzip, "gzip"));
  });
});

describe("a response with special framing", () => {
  const gzip = "Content-Encoding: gzip\r\n";
  it("keeps the fields of the body if it answers HEAD", async () => {
    const bytes = `HTTP/1.1 200 OK\r\n${cached}${gzip}Content-Length: 99\r\n\r\n`;
    const request = (path: string) => rawGet(path).replace("GET", "HEAD");
    const [head, second] = await ask(bytes, { request });
    expect(head?.status).toBe(200);
    expect(head?.fields.get("content-length")).toBe("99");
    expect(isNext(second)).toBe(true);
  });

  it.each([
    { id: "204", status: "204 No Content", fields: "" },
    { id: "204-with-a-length", status: "204 No Content", fields: "Content-Length: 5\r\n" },
    { id: "304", status: "304 Not Modified", fields: 'ETag: "1"\r\nContent-Length: 5\r\n' },
  ])("leaves the connection usable: $id", async ({ status, fields }) => {
    const request = (path: string) =>
      rawGet(path, ['If-None-Match: "1"', "Authorization: Basic x"]);
    const [first, second] = await ask(`HTTP/1.1 ${status}\r\n${gzip}${fields}\r\n`, { request });
    expect([first?.status, isNext(second)]).toEqual([Number(status.slice(0, 3)), true]);
    expect(first?.fields.has("content-length") && status.startsWith("204")).toBe(false);
  });

  it("loses its body if its status is 205", async () => {
    const replies = await ask("HTTP/1.1 205 Reset Content\r\nContent-Length: 5\r\n\r\nhello");
    const [first, second] = replies;
    expect(first?.status).toBe(205);
    expect(first?.body.length).toBe(0);
    expect(first?.isCut).toBe(false);
    expect(isNext(second)).toBe(true);
  });

  it("is passed on unchanged if it is a range of an encoded body", async () => {
    const body = encoded["gzip"]!.subarray(0, 10);
    const fields = `${gzip}Content-Range: bytes 0-9/${encoded["gzip"]!.length}\r\n`;
    const request = (path: string) => rawGet(path, ["Range: bytes=0-9"]);
    const bytes = withLength(body, fields, "206 Partial Content");
    const [first, second] = await ask(bytes, { request });
    expect([first?.status, first?.body.equals(body), isNext(second)]).toEqual([206, true, true]);
  });
});

const fieldsTooLarge = "http_response_header_section_size";
const length = "Content-Length: 5";
const inChunks5 = "5\r\nhello\r\n0\r\n";
const chunked = "Transfer-Encoding: chunked";
/** @param fields lines of the head, without its end */
const answered = (fields: string, body = "hello", status = "HTTP/1.1 200 OK") =>
  `${status}\r\n${fields === "" ? "" : `${fields}\r\n`}\r\n${body}`;

describe("a response that breaks the rules of framing", () => {
  const maxAge = "Cache-Control: max-age=600";

  it.each<[id: string, bytes: string, ending?: "reset"]>([
    ["two lengths", answered(`${length}\r\nContent-Length: 50`, `hello${forged}`)],
    ["a list of lengths", answered("Content-Length: 5, 50", `hello${forged}`)],
    ["a length with a plus sign", answered("Content-Length: +5", `hello${forged}`)],
    ["a hexadecimal length", answered("Content-Length: 0x5", `hello${forged}`)],
    ["a huge length", answered("Content-Length: 99999999999999999999999")],
    ["length and chunks", answered(`${length}\r\n${chunked}`, `0\r\n\r\n${forged}`)],
    ["a transfer in gzip", answered("Transfer-Encoding: gzip, chunked", `${inChunks5}\r\n`)],
    ["chunked and identity", answered("Transfer-Encoding: chunked, identity", `${inChunks5}\r\n`)],
    ["a chunk without a size", answered(chunked, "zz\r\nhello\r\n0\r\n\r\n")],
    ["shorter", answered(`${maxAge}\r\nContent-Length: 50`)],
    ["reset in place of the end", answered(maxAge), "reset"],
    ["shorter, and reset", answered(`${maxAge}\r\nContent-Length: 50`), "reset"],
    ["chunks that are cut", answered(`${maxAge}\r\n${chunked}`, "50\r\nhello")],
    ["NUL in a field", answered(`X-A: a\0b\r\n${length}`)],
    ["CR in a field", answered(`X-A: a\rb\r\n${length}`)],
    ["a space before the colon", answered("Content-Length : 5")],
    ["a field without a name", answered(`: a\r\n${length}`)],
    ["status 999", answered(length, "hello", "HTTP/1.1 999 Odd")],
    ["status 600", answered(length, "hello", "HTTP/1.1 600 Odd")],
    ["status 000", answered(length, "hello", "HTTP/1.1 000 Odd")],
    ["a status of two digits", answered(length, "hello", "HTTP/1.1 20 OK")],
    [
      "101, unasked",
      answered("Upgrade: x\r\nConnection: upgrade", forged, "HTTP/1.1 101 Switching Protocols"),
    ],
    ["fields of 200 kB", answered(`X-A: ${"x".repeat(200_000)}\r\n${length}`)],
    ["no HTTP", "SSH-2.0-OpenSSH_9.2\r\n"],
    ["HTTP/9.0", answered(length, "hello", "HTTP/9.0 200 OK")],
    ["a length in the trailer", answered(chunked, `${inChunks5}Content-Length: 50\r\n\r\n`)],
    ["no bytes", ""],
    ["a reset", "", "reset"],
  ])("is refused, and not stored: %s", async (_, bytes, ending?: "reset") => {
    const path = `/broken-${(paths += 1)}`;
    expect(isRefused(await ask(bytes, { path, ending: ending ?? "end" }))).toBe(true);
    // No part of the response was stored.
    answer = () => ({ bytes: answered(length, "whole") });
    const [again] = await exchange(site.url, [rawGet(path, ["Connection: close"])]);
    expect([again?.status, again?.body.toString()]).toEqual([200, "whole"]);
  });
});

it.each([
  ["fields of 140 kB", answered(`X-A: ${"x".repeat(140_000)}\r\n${length}`), fieldsTooLarge],
  [
    "1,500 long fields",
    answered(`X-A: ${"x".repeat(90)}\r\n`.repeat(1_500) + length),
    fieldsTooLarge,
  ],
  ["two lengths", answered(`${length}\r\nContent-Length: 50`), "http_protocol_error"],
  ["a transfer in gzip", answered("Transfer-Encoding: gzip, chunked"), "http_protocol_error"],
  ["status 999", answered(length, "hello", "HTTP/1.1 999 Odd"), "http_protocol_error"],
  ["101, unasked", answered("Upgrade: x", "", "HTTP/1.1 101 X"), "http_protocol_error"],
  ["no HTTP", "SSH-2.0-OpenSSH_9.2\r\n", "http_protocol_error"],
  ["no bytes", "", "destination_unavailable"],
])("the answer to a client names the cause: %s", async (_, bytes, error) => {
  const [first] = await ask(bytes, { ending: "end" });
  const told = [first?.status, first?.fields.get("proxy-status")];
  expect(told).toEqual([502, `tidemark; error=${error}`]);
});

describe("a response with only one meaning", () => {
  const early = (status: string, count = 1) => `HTTP/1.1 ${status}\r\n\r\n`.repeat(count);

  it.each<[id: string, bytes: string, body?: string]>([
    ["longer than its length", answered(length, `hello${forged}`)],
    ["bytes after the last chunk", answered(chunked, `${inChunks5}\r\n${forged}`)],
    ["a transfer in what is no coding", answered("Transfer-Encoding: abc", "hello")],
    ["a body until the connection ends", answered("", `hello${forged}`), `hello${forged}`],
    ["a trailer", answered(`Trailer: X-T\r\n${chunked}`, `${inChunks5}X-T: 50\r\n\r\n`)],
    ["a nominated length", answered(`Connection: content-length, close\r\n${length}`)],
    [
      "a nominated cookie",
      answered(`Connection: set-cookie, x-a\r\nSet-Cookie: a=b\r\nX-A: 1\r\n${length}`),
    ],
    ["an offered upgrade", answered(`Upgrade: h2c\r\nConnection: upgrade\r\n${length}`)],
    ["100 before the response", early("100 Continue") + answered(length)],
    ["103 before the response", early("103 Early Hints\r\nLink: </a>") + answered(length)],
    ["many 1xx before the response", early("102 Processing", 100) + answered(length)],
    ["bytes above ASCII", answered(`X-A: caf\xe9\r\n${length}`)],
    ["an odd reason", answered(length, "hello", "HTTP/1.1 200 \x80\xff")],
    ["fields of 60 kB", answered(`X-A: ${"x".repeat(60_000)}\r\n${length}`)],
  ])("is passed on: %s", async (_, bytes, body = "hello") => {
    const replies = await ask(bytes, { ending: "end" });
    const [first, second] = replies;
    expect(first?.status).toBe(200);
    expect(first?.body.toString("latin1")).toEqual(body);
    expect(first?.isCut).toBe(false);
    expect([replies.length, isNext(second)]).toEqual([2, true]);
    const dropped = ["trailer", "upgrade", ...(bytes.includes("Connection:") ? ["x-a"] : [])];
    expect(dropped.filter((name) => first?.fields.has(name))).toEqual([]);
  });

  it("is judged by its last field, even among 5,000 fields", async () => {
    const fields = Array.from({ length: 5_000 }, (_, nth) => `X-${nth}: a\r\n`).join("");
    const path = "/many-fields";
    const bytes = `HTTP/1.1 200 OK\r\n${cached}${fields}Cache-Control: private\r\nContent-Length: 5\r\n\r\nhello`;
    const [first] = await ask(bytes, { path });
    expect(first?.fields.get("cache-status")).toContain("detail=private");
  });
});

it("closes the origin's connection when a client leaves while the origin stalls", async () => {
  answer = () => ({ bytes: "HTTP/1.1 200 OK\r\nCache-Control: no-store\r\n\r\nbegun" });
  const openBefore = origin.openCount;
  const socket = connect(Number(new URL(site.url).port), "127.0.0.1");
  const received: Buffer[] = [];
  socket.on("data", (chunk) => received.push(chunk));
  socket.write(rawGet("/stalls"));
  await vi.waitFor(() => expect(Buffer.concat(received).toString()).toContain("begun"), 60_000);
  const openMeanwhile = origin.openCount;
  socket.destroy();
  await vi.waitFor(() => expect(origin.openCount).toBeLessThan(openMeanwhile), 60_000);
  expect(origin.openCount).toBeLessThanOrEqual(openBefore);
});

it.each([
  { id: "a length", head: "Content-Length: 5\r\n\r\nhello" },
  { id: "chunks", head: "Transfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n" },
  { id: "no body", head: "Content-Length: 0\r\n\r\n" },
])("does not use bytes after $id as the answer to a later request", async ({ head }) => {
  for (let nth = 0; nth < 5; nth += 1) {
    const bytes = `HTTP/1.1 200 OK\r\nCache-Control: no-store\r\n${head}${forged}`;
    // The origin keeps its connection, which the next request could use.
    const [first, second] = await ask(bytes);
    expect([first?.body.toString(), isNext(second)]).not.toContain("forged");
    const [third] = await exchange(site.url, [next]);
    expect([isNext(second), isNext(third)]).toEqual([true, true]);
  }
});
