// Bytes held once for however many clients: each takes them in slices, as fast as it reads.
import type { ByteBudget } from "./byte-budget.ts";
import { openBytePipe } from "./byte-pipe.ts";

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
 * @param budget counts the bytes once for all who read them, until the last has or has left
 */
export function streamOf(bytes: Uint8Array, budget: ByteBudget): ReadableStream<Uint8Array> {
  const { readable, writer } = openBytePipe(bytes.byteLength);
  const letGo = budget.hold(bytes.buffer);
  void (async () => {
    try {
      for (const slice of slicesOf(bytes)) await writer.write(slice);
      await writer.close();
    } catch {
      // The client left.
    } finally {
      letGo();
    }
  })();
  return readable;
}
