// Compresses and decompresses whole buffers: at once with Node's zlib, or with the runtime's streams
// where zlib is missing.
import { isOnWorkers, nodeGlobals, type NodeZlib } from "../../base/node-globals.ts";
import { patiently } from "../../base/timeouts.ts";

/** The largest body for zlib, which holds up all other requests for some 10 ms per MiB. */
const atOnceBytesMax = 1_048_576;

/** Finds the module once, because each search takes as long as a digest. */
let zlibOfNode: NodeZlib | undefined;

/**
 * The pages for which an isolate uses the streams before Node's zlib. A page costs 0.3 ms more with them, but loading zlib
 * takes 11 ms on Workers.
 */
let pagesBeforeZlib = isOnWorkers() ? 30 : 0;

/** The largest body of such a page. */
const pageBytesMax = 65_536;

/** Node's zlib, which costs a fifth of the streams for a page; `undefined` if it must not be used. */
function zlibFor(bytes: number): NodeZlib | undefined {
  if (bytes > atOnceBytesMax) return undefined;
  if (zlibOfNode === undefined && bytes <= pageBytesMax && pagesBeforeZlib > 0) {
    pagesBeforeZlib -= 1;
    return undefined;
  }
  return (zlibOfNode ??= nodeGlobals.process?.getBuiltinModule?.("node:zlib"));
}

type Bytes = Uint8Array<ArrayBuffer>;

/** Compresses a body, with zlib at once. Level 1 takes half the time of the default level, and 7 % more bytes. */
export function gzipped(bytes: Bytes): Bytes | Promise<Bytes> {
  const zlib = zlibFor(bytes.byteLength);
  if (zlib !== undefined) return zlib.gzipSync(bytes, { level: 1 });
  const packed = new Blob([bytes]).stream().pipeThrough(new CompressionStream("gzip"));
  return new Response(packed).arrayBuffer().then((buffer) => new Uint8Array(buffer));
}

/**
 * Decompresses a body. Never throws.
 *
 * @param unpackedBytes the exact length of the decompressed body, which also limits the memory
 * @returns `undefined` for invalid gzip, or for output of another length
 */
export async function gunzipped(
  packed: Uint8Array<ArrayBuffer>,
  unpackedBytes: number,
): Promise<Uint8Array<ArrayBuffer> | undefined> {
  const zlib = zlibFor(Math.max(packed.byteLength, unpackedBytes));
  if (zlib === undefined) return streamed(packed, unpackedBytes);
  // workerd compares this limit with its buffer, which grows by doubling, not with the output.
  const maxOutputLength = 2 * unpackedBytes + 65_536;
  try {
    const unpacked = zlib.gunzipSync(packed, { maxOutputLength });
    // Copies the bytes, because a `Buffer` may be a part of a longer one.
    return unpacked.byteLength === unpackedBytes ? new Uint8Array(unpacked) : undefined;
  } catch {
    return undefined;
  }
}

/**
 * The compressed bytes per slice. A slice may inflate a thousandfold before the first read, because
 * the runtime's stream applies no backpressure. The size is not a multiple of `chunkBytes`, so that
 * the output for incompressible data also ends in a short chunk.
 */
const sliceBytes = 16_000;

/** The size of the runtime's output chunks, except the last. */
const chunkBytes = 4_096;

/** The wait for more output after a full chunk, before the next slice is fed. */
const quietMs = 5;

/** The wait for a slice's first output. A slice inside gzip's file name field has no output. */
const silenceMs = 50;

/**
 * The number of slices without output at which decompression fails, because a client waits. Bodies
 * that Tidemark has compressed have no such slices.
 */
const silencesMax = 8;

/**
 * Holds at most `unpackedBytes` and one slice's output in memory, because it feeds a slice only
 * after reading the output of the previous one.
 */
async function streamed(
  packed: Uint8Array<ArrayBuffer>,
  unpackedBytes: number,
): Promise<Uint8Array<ArrayBuffer> | undefined> {
  const { readable, writable } = new DecompressionStream("gzip");
  const [reader, writer] = [readable.getReader(), writable.getWriter()];
  const unpacked = new Uint8Array(unpackedBytes);
  let [filledBytes, fedBytes, silences, waitTimeoutMs] = [0, 0, 0, silenceMs];
  // Ignore write errors, because `reader.read()` rejects with them as well.
  const feed = () => {
    const slice = packed.subarray(fedBytes, fedBytes + sliceBytes);
    fedBytes += slice.byteLength;
    waitTimeoutMs = silenceMs;
    writer.write(slice).catch(() => undefined);
    if (fedBytes === packed.byteLength) writer.close().catch(() => undefined);
  };
  feed();
  let reading = reader.read();
  try {
    for (;;) {
      const isAllFed = fedBytes === packed.byteLength;
      const result = await (isAllFed ? reading : patiently(reading, waitTimeoutMs));
      if (result === "abandoned") return undefined;
      if (result === "timed-out") {
        if (waitTimeoutMs === silenceMs) silences += 1;
        if (silences === silencesMax) return undefined;
        feed();
        continue;
      }
      if (result.done) return filledBytes === unpackedBytes ? unpacked : undefined;
      const { byteLength } = result.value;
      if (filledBytes + byteLength > unpackedBytes) return undefined;
      unpacked.set(result.value, filledBytes);
      filledBytes += byteLength;
      // A short chunk ends the slice's output. A full chunk may also end it, so wait briefly.
      if (byteLength < chunkBytes && !isAllFed) feed();
      else waitTimeoutMs = quietMs;
      reading = reader.read();
    }
  } catch {
    return undefined;
  } finally {
    writer.abort().catch(() => undefined);
    reader.cancel().catch(() => undefined);
  }
}
