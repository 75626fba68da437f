// A range of bytes out of a stream that starts at the first one.
import { openBytePipe } from "./byte-pipe.ts";

/** @param part first and last byte, both included; what comes after is not read */
export function slicedStream(
  whole: ReadableStream<Uint8Array>,
  part: { firstByte: number; lastByte: number },
): ReadableStream<Uint8Array> {
  const { readable, writer } = openBytePipe(part.lastByte - part.firstByte + 1);
  void copySlice(whole.getReader(), writer, part);
  return readable;
}

async function copySlice(
  reader: ReadableStreamDefaultReader<Uint8Array>,
  writer: WritableStreamDefaultWriter<Uint8Array>,
  { firstByte, lastByte }: { firstByte: number; lastByte: number },
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
