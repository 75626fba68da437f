// Tests how much memory a reader offers for each chunk, that it reads all bytes even if the stated
// length is wrong, how long it waits, and what it reads ahead.
import { describe, expect, it, vi } from "vitest";
import { ChunkReader } from "../../src/bodies/gather.ts";
import { playTimers } from "../../testing/site/two-colos.ts";

playTimers();

const readerOf = (source: ReadableStream<Uint8Array<ArrayBuffer>>, bodyBytes: number | null) =>
  new ChunkReader(source, 1_000, bodyBytes);

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
  const reader = readerOf(stream, said);
  let bytes = 0;
  for (let chunk = await reader.read(); chunk !== undefined; chunk = await reader.read()) {
    bytes += chunk.byteLength;
  }
  expect([bytes, asked]).toEqual([length, asks]);
});

/** Returns a body of which a test sends each chunk. */
function sending() {
  let controller: ReadableStreamDefaultController<Uint8Array<ArrayBuffer>> | undefined;
  let isCancelled = false;
  const source = new ReadableStream<Uint8Array<ArrayBuffer>>({
    start: (given) => void (controller = given),
    cancel: () => void (isCancelled = true),
  });
  const send = (text: string) => controller?.enqueue(new TextEncoder().encode(text));
  const fail = (cause: Error) => controller?.error(cause);
  const end = () => controller?.close();
  return { source, send, end, fail, isCancelled: () => isCancelled };
}

const outcome = (reading: Promise<unknown>) =>
  reading.then(
    (chunk) => (chunk instanceof Uint8Array ? new TextDecoder().decode(chunk) : "end"),
    (cause: unknown) => String(cause),
  );

describe("the time between two chunks", () => {
  it("counts from the last read, and is not the time of the whole body", async () => {
    const { source, send, isCancelled } = sending();
    const reader = readerOf(source, null);
    for (const text of ["a", "b", "c"]) {
      const reading = outcome(reader.read());
      await vi.advanceTimersByTimeAsync(900);
      send(text);
      expect(await reading).toBe(text);
    }
    const last = vi.fn<(text: string) => void>();
    const reading = outcome(reader.read()).then(last);
    await vi.advanceTimersByTimeAsync(999);
    expect(last).not.toHaveBeenCalled();
    await vi.advanceTimersByTimeAsync(2);
    await reading;
    expect(last).toHaveBeenCalledWith("Error: The origin's body stalled.");
    expect(isCancelled()).toBe(true);
  });
});

describe("reading ahead", () => {
  it.each([
    { id: "whole", texts: ["hel", "lo"], ends: true, whole: "hello" },
    { id: "too short", texts: ["hell"], ends: true, whole: undefined },
    { id: "too long", texts: ["hello", "!"], ends: true, whole: undefined },
    { id: "late", texts: ["hel"], ends: false, whole: undefined },
    { id: "without an end", texts: ["hello"], ends: false, whole: undefined },
  ])("returns only a whole body, and reads no chunk twice: $id", async (given) => {
    const { source, send, end } = sending();
    const reader = readerOf(source, 5);
    const reading = reader.wholeWithin(20);
    given.texts.forEach(send);
    if (given.ends) end();
    await vi.advanceTimersByTimeAsync(20);
    expect(await (await reading)?.text()).toBe(given.whole);
    if (!given.ends) {
      send("?");
      end();
    }
    const chunks: string[] = [];
    for (let text = await outcome(reader.read()); text !== "end";) {
      chunks.push(text);
      text = await outcome(reader.read());
    }
    expect(chunks).toEqual([...given.texts, ...(given.ends ? [] : ["?"])]);
    expect(vi.getTimerCount()).toBe(0);
  });

  it("leaves a failure to a read", async () => {
    const { source, send, fail } = sending();
    const reader = readerOf(source, 5);
    const reading = reader.wholeWithin(20);
    send("hel");
    await vi.advanceTimersByTimeAsync(1);
    fail(new Error("It broke off."));
    expect(await reading).toBeUndefined();
    expect(await outcome(reader.read())).toBe("hel");
    expect(await outcome(reader.read())).toBe("Error: It broke off.");
  });
});
