// A range of bytes out of a stream of all of them, or of just those.
import { FixedLengthStream } from "../../base/byte-streams.ts";
import { type ByteRange, lengthOf } from "../../rules/ranges.ts";
import { openBytePipe } from "./byte-pipe.ts";

/**
 * Cuts a range out of a body as it is read; a body that ends before is an error to the reader.
 *
 * @param part first and last byte, both included; what comes after is not read
 */
export function slicedStream(
  whole: ReadableStream<Uint8Array>,
  part: ByteRange,
): ReadableStream<Uint8Array> {
  const { readable, writer } = openBytePipe(lengthOf(part));
  void copySlice(whole.getReader(), writer, part);
  return readable;
}

/** The same bytes, piped by the runtime; where they are fewer, that is an error to their reader. */
export function fittedStream(
  part: ReadableStream<Uint8Array>,
  bytes: number,
): ReadableStream<Uint8Array> {
  const { readable, writable } = new FixedLengthStream(bytes);
  // What fails on the way fails for the reader too, who is told.
  part.pipeTo(writable).catch(() => undefined);
  return readable;
}

async function copySlice(
  reader: ReadableStreamDefaultReader<Uint8Array>,
  writer: WritableStreamDefaultWriter<Uint8Array>,
  { firstByte, lastByte }: ByteRange,
): Promise<void> {
  let at = 0;
  try {
    while (at <= lastByte) {
      const { done, value } = await reader.read();
      if (done) throw new Error("The body ended before the range did.");
      const from = Math.max(0, firstByte - at);
      const to = Math.min(value.byteLength, lastByte + 1 - at);
      if (from < to) await writer.write(value.subarray(from, to));
      at += value.byteLength;
    }
    await writer.close();
    await reader.cancel();
  } catch (cause) {
    await Promise.allSettled([writer.abort(cause), reader.cancel(cause)]);
  }
}
