// Bytes held once for however many clients: each takes them in slices, as fast as it reads.
import type { ByteBudget } from "./byte-budget.ts";
import { openBytePipe } from "./byte-pipe.ts";
import type { Ports } from "./ports.ts";

const sliceBytes = 65_536;

/** Views, not copies; none for no bytes. */
export function* slicesOf(bytes: Uint8Array): Generator<Uint8Array> {
  for (let at = 0; at < bytes.byteLength; at += sliceBytes) {
    yield bytes.subarray(at, at + sliceBytes);
  }
}

/**
 * A response made of bytes holds a copy of them until its client has read the last one; this holds
 * a slice.
 *
 * @param given.budget counts the bytes once for all who read them, until the last has or has left
 * @param given.afterAnswer without it the runtime would drop this together with a client that
 *   leaves, and nothing would be given back
 */
export function streamOf(
  bytes: Uint8Array,
  { budget, afterAnswer }: { budget: ByteBudget; afterAnswer: Ports["afterAnswer"] },
): ReadableStream<Uint8Array> {
  const { readable, writer } = openBytePipe(bytes.byteLength);
  const letGo = budget.hold(bytes.buffer);
  afterAnswer(async () => {
    try {
      for (const slice of slicesOf(bytes)) await writer.write(slice);
      await writer.close();
    } catch {
      // The client left.
    } finally {
      letGo();
    }
  });
  return readable;
}
