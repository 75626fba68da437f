// Digests that are worked out at once, for histories that have to be the same again.
import { createHash } from "node:crypto";

/** Histories digest the same few keys and bodies again and again. */
const known = new Map<string, Uint8Array<ArrayBuffer>>();
const knownMax = 10_000;

/** The runtime digests in other threads, whose order nobody can repeat. */
export async function digestingAtOnce<T>(run: () => Promise<T>): Promise<T> {
  const { subtle } = crypto;
  const digest = async (_: unknown, bytes: Uint8Array) => digestOf(bytes).slice().buffer;
  Object.defineProperty(subtle, "digest", { value: digest, configurable: true });
  try {
    return await run();
  } finally {
    Reflect.deleteProperty(subtle, "digest");
  }
}

function digestOf(bytes: Uint8Array): Uint8Array<ArrayBuffer> {
  const text = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString("latin1");
  let digest = known.get(text);
  if (digest === undefined) {
    digest = new Uint8Array(createHash("sha256").update(bytes).digest());
    if (known.size >= knownMax) known.clear();
    known.set(text, digest);
  }
  return digest;
}
