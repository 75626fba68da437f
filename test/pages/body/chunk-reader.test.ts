// Tests how much memory a reader offers for each chunk, and that it reads all bytes even if the
// stated length is wrong.
import { expect, it } from "vitest";
import { ChunkReader } from "../../../src/pages/body/gather.ts";

/** Returns a byte stream of a length, and the sizes of the buffers that the reader offers. */
function bytesOf(length: number) {
  const asked: number[] = [];
  let left = length;
  const stream = new ReadableStream({
    type: "bytes",
    pull(controller: ReadableByteStreamController) {
      const view = controller.byobRequest?.view;
      const room = view?.byteLength ?? 0;
      asked.push(room);
      const given = Math.min(room, left, 4_096);
      left -= given;
      if (given === 0) controller.close();
      controller.byobRequest?.respond(given);
    },
  });
  return { stream, asked };
}

it.each([
  { id: "as long as it says", length: 10_000, said: 10_000, asks: [10_000, 5_904, 1_808, 1_024] },
  { id: "small", length: 10, said: 10, asks: [1_024, 1_024] },
  { id: "longer than it says", length: 3_000, said: 10, asks: [1_024, 1_024, 1_024, 1_024] },
  { id: "of unknown length", length: 10, said: null, asks: [65_536, 65_536] },
  { id: "empty", length: 0, said: 0, asks: [1_024] },
])("reads all bytes of a body that is $id", async ({ length, said, asks }) => {
  const { stream, asked } = bytesOf(length);
  const reader = new ChunkReader(stream, 1_000, said);
  let bytes = 0;
  for (let chunk = await reader.read(); chunk !== undefined; chunk = await reader.read()) {
    bytes += chunk.byteLength;
  }
  expect([bytes, asked]).toEqual([length, asks]);
});
