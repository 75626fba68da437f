// Tests bodies as text in Redis: which bodies are compressed, that each is restored, and that none
// is decompressed far beyond its stated length.
import "../../../testing/fakes/workers-globals.ts";
import { deflateRawSync, gzipSync } from "node:zlib";
import { describe, expect, it, onTestFinished, vi } from "vitest";
import { decodeBody, bodyTextOf } from "../../../src/stores/redis/body-text.ts";
import { gunzipped, gzipped } from "../../../src/stores/redis/gzip.ts";
import { bytesOf, metadataOf, noise } from "../../../testing/examples/records.ts";
import { responseForm } from "../../../src/pages/stored/response-form.ts";

const mebibyte = 1_048_576;
const prose = (length: number) =>
  bytesOf("The tide comes in, and it goes out. ".repeat(length)).slice(0, length);
const typed = (type: string) => ({ "content-type": type });

/** Returns bytes that gzip compresses to about this share of their length. */
const noiseAt = (share: number) =>
  noise(20_000).map((byte, at) => (at < share * 20_000 ? byte : 97));

describe("the compression of a body for Redis", () => {
  it.each([
    { id: "html", fields: typed("text/html; charset=utf-8"), isPacked: true },
    { id: "css", fields: typed("text/css"), isPacked: true },
    { id: "json", fields: typed("application/json"), isPacked: true },
    { id: "json-suffix", fields: typed("application/ld+json; charset=utf-8"), isPacked: true },
    { id: "javascript", fields: typed("application/javascript"), isPacked: true },
    { id: "feed", fields: typed("application/rss+xml"), isPacked: true },
    { id: "svg", fields: typed("image/svg+xml"), isPacked: true },
    { id: "upper-case", fields: typed("Text/HTML"), isPacked: true },
    {
      id: "identity",
      fields: { ...typed("text/html"), "content-encoding": "identity" },
      isPacked: true,
    },
    { id: "gzip", fields: { ...typed("text/html"), "content-encoding": "gzip" }, isPacked: false },
    { id: "br", fields: { ...typed("text/html"), "content-encoding": "br" }, isPacked: false },
    { id: "image", fields: typed("image/png"), isPacked: false },
    { id: "font", fields: typed("font/woff2"), isPacked: false },
    { id: "unknown", fields: {}, isPacked: false },
    { id: "a-longer-subtype", fields: typed("application/jsonish"), isPacked: false },
  ])("depends on its type: $id: $isPacked", async ({ fields, isPacked }) => {
    const bytes = prose(8_000);
    const metadata = metadataOf(bytes, { fields: Object.entries(fields) });
    const text = await bodyTextOf(bytes, responseForm.isWorthPacking(metadata), 500);
    expect(text.length < 1_000).toBe(isPacked);
    expect(text.slice(0, 1)).toBe(isPacked ? "g" : "i");
    expect((await decodeBody(text, metadata, mebibyte))?.bytes).toEqual(bytes);
  });

  it.each([
    { id: "2,048 bytes", bytes: prose(2_048), letter: "g" },
    { id: "2,047 bytes", bytes: prose(2_047), letter: "i" },
    { id: "a fifth smaller", bytes: noiseAt(0.78), letter: "g" },
    { id: "less than a fifth smaller", bytes: noiseAt(0.8), letter: "i" },
    { id: "not smaller", bytes: noise(8_192), letter: "i" },
    { id: "nothing", bytes: prose(0), letter: "i" },
    // This body is compressed in twenty slices.
    { id: "a large body", bytes: noise(400_000).map((byte) => byte & 63), letter: "g" },
  ])("depends on its size and gain, with the letter $letter: $id", async ({ bytes, letter }) => {
    const metadata = metadataOf(bytes, { fields: [["content-type", "text/plain"]] });
    const text = await bodyTextOf(bytes, responseForm.isWorthPacking(metadata), 4_096);
    expect(text.slice(0, 1)).toBe(letter);
    expect((await decodeBody(text, metadata, mebibyte))?.bytes).toEqual(bytes);
  });
});

describe("a body that a first read returns", () => {
  it.each([
    { id: "ASCII", bytes: bytesOf('{"user":"ada"}\n'), letter: "t" },
    { id: "longer characters", bytes: bytesOf("Größe 東京 🌊"), letter: "t" },
    { id: "a byte order mark", bytes: bytesOf("\ufeffpage"), letter: "t" },
    { id: "control characters and line feeds", bytes: bytesOf("\0\n\r\n\u0001"), letter: "t" },
    { id: "a cut character", bytes: bytesOf("é").slice(0, 1), letter: "i" },
    { id: "half a surrogate pair", bytes: Uint8Array.of(0xed, 0xa0, 0x80), letter: "i" },
    { id: "an overlong character", bytes: Uint8Array.of(0xc0, 0x80), letter: "i" },
    { id: "text in Latin-1", bytes: Uint8Array.of(0x47, 0x72, 0xf6), letter: "i" },
    { id: "the longest text", bytes: bytesOf("é".repeat(1_797)), letter: "t" },
    { id: "text that a first read would cut", bytes: bytesOf("é".repeat(1_798)), letter: "g" },
  ])("is stored with the letter $letter, and restored: $id", async ({ bytes, letter }) => {
    const text = await bodyTextOf(bytes, true, 500);
    expect(text.slice(0, 1)).toBe(letter);
    const metadata = { bodyBytes: bytes.byteLength };
    expect((await decodeBody(text, metadata, mebibyte))?.bytes).toEqual(bytes);
  });
});

/** Returns a gzip of "page" with a file name (RFC 1952 §2.3.1: FNAME, after ten bytes). */
function named(nameLength: number): Uint8Array<ArrayBuffer> {
  const plain = new Uint8Array(gzipSync(bytesOf("page")));
  const head = plain.subarray(0, 10).with(3, 8);
  return Uint8Array.from([...head, ...bytesOf("n".repeat(nameLength)), 0, ...plain.subarray(10)]);
}

vi.resetModules();
vi.doMock("../../../src/base/node-globals.ts", () => ({
  nodeGlobals: {},
  isOnWorkers: () => false,
}));
const bare = await import("../../../src/stores/redis/body-text.ts");
const streams = await import("../../../src/stores/redis/gzip.ts");
vi.doUnmock("../../../src/base/node-globals.ts");

const bomb = new Uint8Array(gzipSync(new Uint8Array(256 * mebibyte)));
const ways = { "with zlib": gunzipped, "without zlib": streams.gunzipped };

describe.each(Object.entries(ways))("gunzipped %s", (_, gunzippedSo) => {
  const bytes = prose(40_000);
  const packed = new Uint8Array(gzipSync(bytes));
  const spoiled = packed.map((byte, at) => (at === 40 ? byte ^ 255 : byte));
  it.each([
    { id: "no bytes", given: new Uint8Array(0) },
    { id: "other bytes", given: bytesOf("not gzip at all") },
    { id: "deflate without a gzip header", given: new Uint8Array(deflateRawSync(bytes)) },
    { id: "a gzip that is cut", given: packed.slice(0, -9) },
    { id: "a gzip that is cut after its header", given: packed.slice(0, 10) },
    { id: "a corrupt gzip", given: spoiled },
    { id: "a gzip with a trailing byte", given: Uint8Array.from([...packed, 1]) },
    { id: "a gzip followed by another", given: Uint8Array.from([...packed, ...packed]) },
    { id: "a gzip of one byte more", given: new Uint8Array(gzipSync(prose(40_001))) },
    { id: "a gzip of one byte less", given: new Uint8Array(gzipSync(prose(39_999))) },
  ])("refuses $id", async ({ given }) => {
    expect(await gunzippedSo(given, bytes.byteLength)).toBeUndefined();
  });

  // workerd needs more memory than the output for some of these lengths.
  it.each([1, 65_536, 65_537, 102_400, 1_048_576, 1_048_577])(
    "restores %i bytes, which either way has compressed",
    async (length) => {
      const body = prose(length);
      for (const gzippedSo of [gzipped, streams.gzipped]) {
        expect(await gunzippedSo(await gzippedSo(body), length)).toEqual(body);
      }
    },
  );

  it("takes little memory for a gzip bomb", async () => {
    const beforeKib = process.resourceUsage().maxRSS;
    expect(await gunzippedSo(bomb, mebibyte / 2)).toBeUndefined();
    expect(process.resourceUsage().maxRSS - beforeKib).toBeLessThan(65_536);
  });
});

it("an isolate on Workers loads zlib after thirty pages, or at once for a large body", async () => {
  vi.stubGlobal("WebSocketPair", Object);
  const loads = vi.spyOn(process, "getBuiltinModule");
  onTestFinished(() => void vi.unstubAllGlobals());
  const loadsOfZlib = () => loads.mock.calls.flat().filter((name) => name === "node:zlib").length;
  const bytes = prose(40_000);
  for (const first of [bytes, prose(65_537)]) {
    vi.resetModules();
    const isolate = await import("../../../src/stores/redis/gzip.ts");
    const before = loadsOfZlib();
    const packed = await isolate.gzipped(first);
    for (let nth = 1; nth < 30; nth += 1) {
      expect(await isolate.gunzipped(packed, first.byteLength)).toEqual(first);
    }
    expect(loadsOfZlib() - before).toBe(first === bytes ? 0 : 1);
    await isolate.gunzipped(packed, first.byteLength);
    expect(loadsOfZlib() - before).toBe(1);
  }
});

describe("gunzipped without zlib", () => {
  const { gunzipped: gunzippedByStreams } = streams;
  it("decompresses at most eight slices of a gzip bomb", async () => {
    const fed = await countedFeeding(() => gunzippedByStreams(bomb, mebibyte));
    expect(fed.outcome).toBeUndefined();
    // One slice of the bomb decompresses to 16 MB. A busy machine writes up to eight slices before
    // it reads the first.
    expect(fed.bytes).toBeLessThanOrEqual(8 * 16_000);
    expect(bomb.byteLength).toBeGreaterThan(16 * 16_000);
  });

  it("decompresses a gzip whose first slices contain no data", async () => {
    expect(await gunzippedByStreams(named(40_000), 4)).toEqual(bytesOf("page"));
  });

  it("stops after many slices without data", async () => {
    const fed = await countedFeeding(() => gunzippedByStreams(named(600_000), 4));
    expect(fed.outcome).toBeUndefined();
    expect(fed.bytes).toBeLessThanOrEqual(8 * 16_000);
  });

  it("decompresses a gzip that ends at the end of a chunk of the runtime", async () => {
    // Seventeen uncompressed slices, of which some are whole chunks.
    const large = noise(262_144);
    const stored = new Uint8Array(gzipSync(large, { level: 0 }));
    const fed = await countedFeeding(() => gunzippedByStreams(stored, large.byteLength));
    expect(fed.outcome).toEqual(large);
    expect(fed.bytes).toBe(stored.byteLength);
  });
});

/** Counts the bytes given to a stream that accepts everything at once, like that of workerd. */
async function countedFeeding<T>(run: () => Promise<T>): Promise<{ outcome: T; bytes: number }> {
  const Unpacking = globalThis.DecompressionStream;
  let bytes = 0;
  class Taking {
    readonly readable: ReadableStream;
    readonly writable: WritableStream<Uint8Array<ArrayBuffer>>;
    constructor() {
      const { readable, writable } = new Unpacking("gzip");
      const inner = writable.getWriter();
      this.readable = readable;
      this.writable = new WritableStream({
        write(chunk) {
          bytes += chunk.byteLength;
          inner.write(chunk).catch(() => undefined);
        },
        close: () => inner.close(),
        abort: (why) => inner.abort(why),
      });
    }
  }
  globalThis.DecompressionStream = Taking;
  try {
    return { outcome: await run(), bytes };
  } finally {
    globalThis.DecompressionStream = Unpacking;
  }
}

it("a body has the same text on a runtime without Buffer, such as workerd", async () => {
  const bytes = noise(3_000);
  const metadata = { bodyBytes: bytes.byteLength };
  const text = await bodyTextOf(bytes, false, 0);
  expect(await bare.bodyTextOf(bytes, false, 0)).toBe(text);
  expect((await bare.decodeBody(text, metadata, mebibyte))?.bytes).toEqual(bytes);
  expect(await bare.decodeBody("i€", metadata, mebibyte)).toBeUndefined();
});
