// Cuts a byte range out of a stream, or checks the length of a stream that has only the range.
import { CutBody, FixedLengthStream } from "../base/byte-streams.ts";
import { type ByteRange, lengthOf } from "../rules/ranges.ts";
import type { StartPorts } from "../cache/flights.ts";
import { type ClientSite, ClientWriter, openBytePipe } from "./client-end.ts";
import { ChunkReader } from "./gather.ts";

/**
 * Cuts a range out of a body while the body is read. If the body ends before the range, the reader
 * gets an error.
 *
 * @param part the first and last byte, both included; later bytes are not read
 */
export function rangedStream(
  whole: ReadableStream<Uint8Array<ArrayBuffer>>,
  part: ByteRange,
  { site, afterAnswer }: Pick<StartPorts, "afterAnswer"> & { readonly site: ClientSite },
): ReadableStream<Uint8Array> {
  const pipe = openBytePipe(lengthOf(part));
  const client = new ClientWriter(pipe, site);
  const reader = new ChunkReader(whole, stallMsMax, part.lastByte + 1);
  // Without `afterAnswer`, the runtime would drop this work when the client disconnects, and its piece
  // would stay in the budget.
  afterAnswer(async () => {
    try {
      await copyRange(reader, client, part, site).finally(() => void reader.cancel());
      await client.close();
    } catch (cause) {
      // The abort of an unread stream never settles.
      void pipe.writer.abort(cause).catch(() => undefined);
    }
  });
  return pipe.readable;
}

/**
 * Returns a stream of the same bytes, which the runtime copies. If the given stream is shorter than
 * `bytes`, the reader gets an error.
 */
export function fittedStream(
  part: ReadableStream<Uint8Array>,
  bytes: number,
): ReadableStream<Uint8Array> {
  const { readable, writable } = new FixedLengthStream(bytes);
  // The reader of `readable` receives the same error.
  part.pipeTo(writable).catch(() => undefined);
  return readable;
}

/** The longest time between two chunks of a stored body. */
const stallMsMax = 30_000;

/** Writes a range of what is read. @throws Error if the body ends before the range */
export async function copyRange(
  reader: Pick<ChunkReader, "read">,
  client: Pick<ClientWriter, "write">,
  { firstByte, lastByte }: ByteRange,
  { fillBudget }: ClientSite,
): Promise<void> {
  for (let at = 0; at <= lastByte;) {
    const value = await reader.read(fillBudget.pieceBytesMax);
    if (value === undefined) throw new CutBody("The body ended before the range did.");
    const from = Math.max(0, firstByte - at);
    const to = Math.min(value.byteLength, lastByte + 1 - at);
    if (from < to) await client.write(value.subarray(from, to), value.byteLength);
    at += value.byteLength;
  }
}
