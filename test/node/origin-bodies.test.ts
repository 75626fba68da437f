// Node before an origin by its URL: whatever bytes the origin sends, what leaves is consistent, and
// the next answer on the client's connection is the server's own.
import { brotliCompressSync, deflateRawSync, deflateSync, gzipSync } from "node:zlib";
import { connect } from "node:net";
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import { startNodeSite, type NodeSite } from "../../testing/node/node-site.ts";
import { exchange, rawGet, type RawReply } from "../../testing/node/raw-client.ts";
import {
  type RawAnswerScript,
  type RawOrigin,
  startRawOrigin,
} from "../../testing/node/raw-origin.ts";

const plain = Buffer.from("A page in words that repeat, repeat, repeat. ".repeat(200));
const forged = "HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\nforged";
// Decoded, the forged answer begins exactly where the length of the encoded bytes ends.
const splitting = (() => {
  const attempt = (pad: number) => Buffer.from("A".repeat(pad) + forged);
  for (let pad = 1; ; pad += 1) if (gzipSync(attempt(pad)).length === pad) return attempt(pad);
})();

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

/** What a client takes a page for, and whether the next answer is the server's own. */
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

/** Never its beginning as if it were all, and never another answer behind it. */
function isRefused(replies: readonly RawReply[]): boolean {
  const [first, second] = replies;
  if (replies.length === 2) return first?.status === 502 && isNext(second);
  return first === undefined || first.isCut;
}

describe.each(["with-a-length", "in-chunks"])("a body that is encoded, %s", (framing) => {
  const write = framing === "in-chunks" ? inChunks : withLength;
  it.each(Object.keys(encoded))("leaves byte for byte, and is stored so: %s", async (coding) => {
    const body = encoded[coding]!;
    const path = `/encoded-${framing}-${encodeURIComponent(coding)}`;
    const bytes = write(body, `Content-Encoding: ${coding}\r\nVary: Accept-Encoding\r\n`);
    for (const told of [/stored/, /hit|collapsed/]) {
      const replies = await ask(bytes, { path });
      expect(seen(replies)).toEqual(whole(body, coding));
      expect(replies[0]?.fields.get("cache-status")).toMatch(told);
    }
  });

  it.each(Object.keys(lying))(
    "and lies about its coding, is the origin's own: %s",
    async (coding) => {
      const body = lying[coding]!;
      const bytes = write(body, `Content-Encoding: ${coding}\r\n`);
      const path = `/lying-${framing}-${encodeURIComponent(coding)}`;
      for (let nth = 0; nth < 2; nth += 1)
        expect(seen(await ask(bytes, { path }))).toEqual(whole(body, coding));
    },
  );

  it("never becomes an answer of its own when it is decoded", async () => {
    const body = gzipSync(splitting);
    const replies = await ask(write(body, "Content-Encoding: gzip\r\n"));
    expect(seen(replies)).toEqual(whole(body, "gzip"));
  });
});

describe("without a body", () => {
  const gzip = "Content-Encoding: gzip\r\n";
  it("HEAD keeps the fields of the body", async () => {
    const bytes = `HTTP/1.1 200 OK\r\n${cached}${gzip}Content-Length: 99\r\n\r\n`;
    const request = (path: string) => rawGet(path).replace("GET", "HEAD");
    const [head, second] = await ask(bytes, { request });
    expect([head?.status, head?.fields.get("content-length"), isNext(second)]).toEqual([
      200,
      "99",
      true,
    ]);
  });

  it.each([
    { id: "204", status: "204 No Content", fields: "" },
    { id: "204-with-a-length", status: "204 No Content", fields: "Content-Length: 5\r\n" },
    { id: "304", status: "304 Not Modified", fields: 'ETag: "1"\r\nContent-Length: 5\r\n' },
  ])("$id leaves the connection as it was", async ({ status, fields }) => {
    const request = (path: string) =>
      rawGet(path, ['If-None-Match: "1"', "Authorization: Basic x"]);
    const [first, second] = await ask(`HTTP/1.1 ${status}\r\n${gzip}${fields}\r\n`, { request });
    expect([first?.status, isNext(second)]).toEqual([Number(status.slice(0, 3)), true]);
    expect(first?.fields.has("content-length") && status.startsWith("204")).toBe(false);
  });

  it("205 with a body loses it, and its length", async () => {
    const replies = await ask("HTTP/1.1 205 Reset Content\r\nContent-Length: 5\r\n\r\nhello");
    const [first, second] = replies;
    expect([first?.status, first?.body.length, first?.isCut, isNext(second)]).toEqual([
      205,
      0,
      false,
      true,
    ]);
  });

  it("a range of an encoded body is passed on as it came", async () => {
    const body = encoded["gzip"]!.subarray(0, 10);
    const fields = `${gzip}Content-Range: bytes 0-9/${encoded["gzip"]!.length}\r\n`;
    const request = (path: string) => rawGet(path, ["Range: bytes=0-9"]);
    const bytes = withLength(body, fields, "206 Partial Content");
    const [first, second] = await ask(bytes, { request });
    expect([first?.status, first?.body.equals(body), isNext(second)]).toEqual([206, true, true]);
  });
});

describe("an answer that breaks the rules of framing is no page, and splits nothing", () => {
  const ok = "HTTP/1.1 200 OK\r\n";
  const long = "x".repeat(200_000);
  it.each<{ id: string; bytes: string; ending?: "end" | "reset" }>([
    {
      id: "two-lengths",
      bytes: `${ok}Content-Length: 5\r\nContent-Length: 50\r\n\r\nhello${forged}`,
    },
    { id: "list-of-lengths", bytes: `${ok}Content-Length: 5, 50\r\n\r\nhello${forged}` },
    { id: "no-length", bytes: `${ok}Content-Length: +5\r\n\r\nhello${forged}` },
    { id: "hex-length", bytes: `${ok}Content-Length: 0x5\r\n\r\nhello${forged}` },
    {
      id: "huge-length",
      bytes: `${ok}Content-Length: 99999999999999999999999\r\n\r\nhello`,
      ending: "end",
    },
    {
      id: "length-and-chunks",
      bytes: `${ok}Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n${forged}`,
    },
    {
      id: "gzip-transfer",
      bytes: `${ok}Transfer-Encoding: gzip, chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n`,
    },
    {
      id: "chunked-twice",
      bytes: `${ok}Transfer-Encoding: chunked, identity\r\n\r\n5\r\nhello\r\n0\r\n\r\n`,
      ending: "end",
    },
    { id: "bad-chunk", bytes: `${ok}Transfer-Encoding: chunked\r\n\r\nzz\r\nhello\r\n0\r\n\r\n` },
    { id: "shorter", bytes: `${ok}${cached}Content-Length: 50\r\n\r\nhello`, ending: "end" },
    { id: "reset-in-place-of-the-end", bytes: `${ok}${cached}\r\nhello`, ending: "reset" },
    {
      id: "shorter-and-reset",
      bytes: `${ok}${cached}Content-Length: 50\r\n\r\nhello`,
      ending: "reset",
    },
    {
      id: "cut-chunks",
      bytes: `${ok}${cached}Transfer-Encoding: chunked\r\n\r\n50\r\nhello`,
      ending: "end",
    },
    { id: "nul-in-a-field", bytes: `${ok}X-A: a\0b\r\nContent-Length: 5\r\n\r\nhello` },
    { id: "cr-in-a-field", bytes: `${ok}X-A: a\rb\r\nContent-Length: 5\r\n\r\nhello` },
    { id: "space-before-colon", bytes: `${ok}Content-Length : 5\r\n\r\nhello` },
    { id: "no-name", bytes: `${ok}: a\r\nContent-Length: 5\r\n\r\nhello` },
    { id: "status-999", bytes: "HTTP/1.1 999 Odd\r\nContent-Length: 5\r\n\r\nhello" },
    { id: "status-600", bytes: "HTTP/1.1 600 Odd\r\nContent-Length: 5\r\n\r\nhello" },
    { id: "status-000", bytes: "HTTP/1.1 000 Odd\r\nContent-Length: 5\r\n\r\nhello" },
    { id: "status-of-two-digits", bytes: "HTTP/1.1 20 OK\r\nContent-Length: 5\r\n\r\nhello" },
    {
      id: "101-nobody-asked-for",
      bytes: `HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\nConnection: upgrade\r\n\r\n${forged}`,
    },
    { id: "fields-of-200-kB", bytes: `${ok}X-A: ${long}\r\nContent-Length: 5\r\n\r\nhello` },
    { id: "no-http", bytes: "SSH-2.0-OpenSSH_9.2\r\n", ending: "end" },
    { id: "http-9", bytes: "HTTP/9.0 200 OK\r\nContent-Length: 5\r\n\r\nhello" },
    {
      id: "length-in-a-trailer",
      bytes: `${ok}Transfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\nContent-Length: 50\r\n\r\n`,
    },
    { id: "nothing", bytes: "", ending: "end" },
    { id: "reset", bytes: "", ending: "reset" },
  ])("$id", async ({ bytes, ending = "end" }) => {
    const path = `/broken-${(paths += 1)}`;
    expect(isRefused(await ask(bytes, { path, ending }))).toBe(true);
    // Nothing of it was stored.
    answer = () => ({ bytes: `${ok}Content-Length: 5\r\n\r\nwhole` });
    const [again] = await exchange(site.url, [rawGet(path, ["Connection: close"])]);
    expect([again?.status, again?.body.toString()]).toEqual([200, "whole"]);
  });
});

describe("an answer that means one thing is passed on so", () => {
  const ok = "HTTP/1.1 200 OK\r\n";
  it.each<{ id: string; bytes: string; body: string }>([
    { id: "longer", bytes: `${ok}Content-Length: 5\r\n\r\nhello${forged}`, body: "hello" },
    {
      id: "more-behind-the-chunks",
      bytes: `${ok}Transfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n${forged}`,
      body: "hello",
    },
    { id: "until-the-end", bytes: `${ok}\r\nhello${forged}`, body: `hello${forged}` },
    {
      id: "trailer",
      bytes: `${ok}Trailer: X-T\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\nX-T: 50\r\n\r\n`,
      body: "hello",
    },
    {
      id: "nominated-length",
      bytes: `${ok}Connection: content-length, close\r\nContent-Length: 5\r\n\r\nhello`,
      body: "hello",
    },
    {
      id: "nominated-cookie",
      bytes: `${ok}Connection: set-cookie, x-a\r\nSet-Cookie: a=b\r\nX-A: 1\r\nContent-Length: 5\r\n\r\nhello`,
      body: "hello",
    },
    {
      id: "upgrade-offered",
      bytes: `${ok}Upgrade: h2c\r\nConnection: upgrade\r\nContent-Length: 5\r\n\r\nhello`,
      body: "hello",
    },
    {
      id: "100-before",
      bytes: `HTTP/1.1 100 Continue\r\n\r\n${ok}Content-Length: 5\r\n\r\nhello`,
      body: "hello",
    },
    {
      id: "103-before",
      bytes: `HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n${ok}Content-Length: 5\r\n\r\nhello`,
      body: "hello",
    },
    {
      id: "many-1xx-before",
      bytes: `${"HTTP/1.1 102 Processing\r\n\r\n".repeat(100)}${ok}Content-Length: 5\r\n\r\nhello`,
      body: "hello",
    },
    {
      id: "bytes-above-ascii",
      bytes: `${ok}X-A: caf\xe9\r\nContent-Length: 5\r\n\r\nhello`,
      body: "hello",
    },
    {
      id: "odd-reason",
      bytes: "HTTP/1.1 200 \x80\xff\r\nContent-Length: 5\r\n\r\nhello",
      body: "hello",
    },
    {
      id: "fields-of-60-kB",
      bytes: `${ok}X-A: ${"x".repeat(60_000)}\r\nContent-Length: 5\r\n\r\nhello`,
      body: "hello",
    },
  ])("$id", async ({ bytes, body }) => {
    const replies = await ask(bytes, { ending: "end" });
    const [first, second] = replies;
    expect([first?.status, first?.body.toString("latin1"), first?.isCut]).toEqual([
      200,
      body,
      false,
    ]);
    expect([replies.length, isNext(second)]).toEqual([2, true]);
    const dropped = ["trailer", "upgrade", ...(bytes.includes("Connection:") ? ["x-a"] : [])];
    expect(dropped.filter((name) => first?.fields.has(name))).toEqual([]);
  });

  it("the last of 5,000 fields counts", async () => {
    const fields = Array.from({ length: 5_000 }, (_, nth) => `X-${nth}: a\r\n`).join("");
    const path = "/many-fields";
    const bytes = `HTTP/1.1 200 OK\r\n${cached}${fields}Cache-Control: private\r\nContent-Length: 5\r\n\r\nhello`;
    const [first] = await ask(bytes, { path });
    expect(first?.fields.get("cache-status")).toContain("detail=private");
  });
});

it("a client that leaves while the origin stalls ends the origin's connection", async () => {
  answer = () => ({ bytes: "HTTP/1.1 200 OK\r\nCache-Control: no-store\r\n\r\nbegun" });
  const openBefore = origin.openCount;
  const socket = connect(Number(new URL(site.url).port), "127.0.0.1");
  const received: Buffer[] = [];
  socket.on("data", (chunk) => received.push(chunk));
  socket.write(rawGet("/stalls"));
  await vi.waitFor(() => expect(Buffer.concat(received).toString()).toContain("begun"));
  const openMeanwhile = origin.openCount;
  socket.destroy();
  await vi.waitFor(() => expect(origin.openCount).toBeLessThan(openMeanwhile));
  expect(origin.openCount).toBeLessThanOrEqual(openBefore);
});

it.each([
  { id: "a length", head: "Content-Length: 5\r\n\r\nhello" },
  { id: "chunks", head: "Transfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n" },
  { id: "no body", head: "Content-Length: 0\r\n\r\n" },
])("bytes behind $id answer no later request", async ({ head }) => {
  for (let nth = 0; nth < 5; nth += 1) {
    const bytes = `HTTP/1.1 200 OK\r\nCache-Control: no-store\r\n${head}${forged}`;
    // The origin keeps its connection, which the next request could take.
    const [first, second] = await ask(bytes);
    expect([first?.body.toString(), isNext(second)]).not.toContain("forged");
    const [third] = await exchange(site.url, [next]);
    expect([isNext(second), isNext(third)]).toEqual([true, true]);
  }
});
