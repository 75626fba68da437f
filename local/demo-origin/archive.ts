// A file of any size for tests of large bodies. Its content depends only on the offset.
import type { ServerResponse } from "node:http";
import { setImmediate as nextTurn } from "node:timers/promises";

export const archiveBytesMax = 1024 ** 3;
export const archiveBlockBytes = 65_536;

const filler = Uint8Array.from(
  { length: archiveBlockBytes },
  (_, at) => (at * 31 + (at >> 8)) & 255,
);

/** Returns block `index` of every archive. A block begins with its index, so that all blocks differ. */
export function archiveBlock(index: number): Uint8Array<ArrayBuffer> {
  const block = new Uint8Array(filler);
  new DataView(block.buffer).setUint32(0, index);
  return block;
}

/**
 * Streams an archive. Generates each block only when the reader requests it.
 *
 * @param given.bytes    the length of the archive
 * @param given.cutBytes the offset at which the connection ends; `undefined` sends the whole archive
 * @param given.outgoing the response whose connection is cut; without it, the stream fails instead
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
        controller.error(new Error(`Cut after ${cutBytes} bytes, as requested.`));
      } else {
        await cutConnection(outgoing);
      }
    },
  };
  return new ReadableStream(source, { highWaterMark: 0 });
}

/** Closes the connection after the written bytes, so that exactly these arrive. */
async function cutConnection(outgoing: ServerResponse): Promise<void> {
  // The server buffers the first chunks, and writes them together with the head.
  while (!outgoing.headersSent && !outgoing.destroyed) await nextTurn();
  outgoing.socket?.destroySoon();
}
