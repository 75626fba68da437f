// A file of any size for tests of large bodies: its bytes follow from their offsets alone.
import type { ServerResponse } from "node:http";
import { setImmediate as nextTurn } from "node:timers/promises";

export const archiveBytesMax = 1024 ** 3;
export const archiveBlockBytes = 65_536;

const filler = Uint8Array.from(
  { length: archiveBlockBytes },
  (_, at) => (at * 31 + (at >> 8)) & 255,
);

/** Block `index` of every archive. It begins with its index, so that none passes for another. */
export function archiveBlock(index: number): Uint8Array<ArrayBuffer> {
  const block = new Uint8Array(filler);
  new DataView(block.buffer).setUint32(0, index);
  return block;
}

/**
 * The archive's bytes, made only as fast as they are read.
 *
 * @param given.bytes    where the archive ends
 * @param given.cutBytes where the connection ends; `undefined` to send the archive whole
 * @param given.outgoing whose connection is cut; without one, the stream fails there instead
 */
export function archiveStream(given: {
  bytes: number;
  cutBytes: number | undefined;
  outgoing?: ServerResponse;
}): ReadableStream<Uint8Array> {
  const { bytes, cutBytes, outgoing } = given;
  const endBytes = cutBytes ?? bytes;
  let sentBytes = 0;
  const source: UnderlyingDefaultSource<Uint8Array> = {
    async pull(controller) {
      if (sentBytes < endBytes) {
        const block = archiveBlock(sentBytes / archiveBlockBytes);
        const chunk = block.subarray(0, endBytes - sentBytes);
        sentBytes += chunk.byteLength;
        controller.enqueue(chunk);
      } else if (cutBytes === undefined) {
        controller.close();
      } else if (outgoing === undefined) {
        controller.error(new Error(`Cut after ${cutBytes} bytes, as the request asked.`));
      } else {
        await cutConnection(outgoing);
      }
    },
  };
  return new ReadableStream(source, { highWaterMark: 0 });
}

/** Ends the connection behind what was written, so that exactly that much arrives. */
async function cutConnection(outgoing: ServerResponse): Promise<void> {
  // The server gathers the first chunks of a stream before it writes head and chunks at once.
  while (!outgoing.headersSent && !outgoing.destroyed) await nextTurn();
  outgoing.socket?.destroySoon();
}
