// Replaces `crypto.subtle.digest` with a function that computes in the calling thread. The runtime
// computes digests in other threads, in an order that a test cannot repeat.
import { createHash } from "node:crypto";

/** Cached digests, because each simulation digests the same few keys and bodies repeatedly. */
const known = new Map<string, Uint8Array<ArrayBuffer>>();
const knownMax = 10_000;
const knownBytesMax = 4_096;

Object.defineProperty(crypto.subtle, "digest", {
  value: async (algorithm: string | { name: string }, data: ArrayBuffer | ArrayBufferView) =>
    digestOf(typeof algorithm === "string" ? algorithm : algorithm.name, data).slice().buffer,
  configurable: true,
  writable: true,
});

function digestOf(algorithm: string, data: ArrayBuffer | ArrayBufferView): Uint8Array<ArrayBuffer> {
  const bytes = ArrayBuffer.isView(data)
    ? Buffer.from(data.buffer, data.byteOffset, data.byteLength)
    : Buffer.from(data);
  const digest = () =>
    new Uint8Array(createHash(algorithm.replace("-", "")).update(bytes).digest());
  if (bytes.length > knownBytesMax) return digest();
  const text = `${algorithm} ${bytes.toString("latin1")}`;
  const before = known.get(text);
  if (before !== undefined) return before;
  if (known.size >= knownMax) known.clear();
  const digested = digest();
  known.set(text, digested);
  return digested;
}
