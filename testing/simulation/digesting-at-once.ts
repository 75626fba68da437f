// Digests that are worked out at once, for histories that have to be the same again.
import { createHash } from "node:crypto";

/** The runtime digests in other threads, whose order nobody can repeat. */
export async function digestingAtOnce<T>(run: () => Promise<T>): Promise<T> {
  const { subtle } = crypto;
  const digest = async (_: unknown, bytes: Uint8Array) =>
    new Uint8Array(createHash("sha256").update(bytes).digest()).buffer;
  Object.defineProperty(subtle, "digest", { value: digest, configurable: true });
  try {
    return await run();
  } finally {
    Reflect.deleteProperty(subtle, "digest");
  }
}
