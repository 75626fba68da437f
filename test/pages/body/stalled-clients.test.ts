// Tests clients that stop reading. They are cut off only when others need the memory that they
// hold.
import "../../../testing/fakes/workers-globals.ts";
import { describe, expect, it, vi } from "vitest";
import { ByteBudget } from "../../../src/cache/byte-budget.ts";
import { pause } from "../../../src/base/timeouts.ts";
import { smallBodyBytesMax } from "../../../src/cache/tiers/tier.ts";
import { openBytePipe } from "../../../src/pages/body/client-end.ts";
import { ChunkReader, type GatherResult } from "../../../src/pages/body/gather.ts";
import { readableOf } from "../../../src/pages/body/held-body.ts";
import { chunked } from "../../../testing/fakes/origin-in-process.ts";
import { idle } from "../../../testing/site/harness.ts";
import { playTimers } from "../../../testing/site/two-colos.ts";
import { gatherAlone } from "./gather-alone.ts";

playTimers();

const passed = async (seconds: number) => {
  for (let second = 0; second < seconds; second += 1) {
    await vi.advanceTimersByTimeAsync(1_000);
    await idle();
  }
};

const sliceBytes = 65_536;
const bodyBytes = 3 * sliceBytes;

let budget: ByteBudget;
let pipe: ReturnType<typeof openBytePipe>;

/** Gathers a body for a client that does not read. */
function begin(bytesMax: number, endsWithClient = false): Promise<GatherResult> {
  budget = new ByteBudget(bytesMax);
  pipe = openBytePipe(bodyBytes);
  const source = chunked(["0", "1", "2"].map((digit) => digit.repeat(sliceBytes)));
  return gatherAlone({
    reader: new ChunkReader(source, 30_000, bodyBytes),
    client: pipe,
    bufferBytes: bodyBytes,
    budget,
    bodyBytes,
    streamBytesMax: 0,
    onStreaming: () => undefined,
    onOverflow: () => undefined,
    endsWithClient,
  });
}

describe("a stalled client of a fill", () => {
  it("is cut off after 20 s if memory is short", async () => {
    expect((await begin(bodyBytes / 0.75)).kind).toBe("whole");
    expect(budget.take(1, "large")).toBe(false);
    await passed(19);
    expect(budget.isShort).toBe(true);
    await passed(2);
    expect([budget.isShort, budget.take(bodyBytes / 0.75)]).toEqual([false, true]);
    await expect(new Response(pipe.readable).text()).rejects.toThrow("stopped reading");
  });

  it("may wait as long as it likes if memory is not short", async () => {
    await begin(10 * bodyBytes);
    await passed(120);
    expect(budget.hasRoomFor(10 * bodyBytes)).toBe(false);
    expect((await new Response(pipe.readable).text()).length).toBe(bodyBytes);
    await idle();
    expect(budget.take(10 * bodyBytes)).toBe(true);
  });

  it("is not cut off while it reads something", async () => {
    await begin(bodyBytes / 0.75);
    expect(budget.take(1, "large")).toBe(false);
    const reader = pipe.readable.getReader();
    let readBytes = 0;
    for (let read = await reader.read(); !read.done; read = await reader.read()) {
      readBytes += read.value.byteLength;
      await passed(19);
    }
    expect(readBytes).toBe(bodyBytes);
  });
});

describe("a client that left before the head, whose request the runtime ends without notice", () => {
  it.each([
    { id: "during the fill", chunks: 2, isOnWorkers: true, isReleased: true },
    { id: "after the fill", chunks: 3, isOnWorkers: true, isReleased: true },
    { id: "a client that reads, during", chunks: 2, isOnWorkers: true, reads: 2 },
    { id: "a client that reads, after", chunks: 3, isOnWorkers: true, reads: 1 },
    { id: "on Node, during", chunks: 2, isOnWorkers: false },
    { id: "on Node, after", chunks: 3, isOnWorkers: false },
  ])("gives its memory back after 45 s: $id", async (row) => {
    let nowMs = 0;
    budget = new ByteBudget(10 * bodyBytes, () => nowMs);
    pipe = openBytePipe(bodyBytes);
    const source = new ReadableStream<Uint8Array<ArrayBuffer>>({
      async start(controller) {
        for (let nth = 0; nth < row.chunks; nth += 1) {
          await pause(100);
          controller.enqueue(new Uint8Array(sliceBytes));
        }
        if (row.chunks === 3) controller.close();
      },
    });
    void gatherAlone({
      reader: new ChunkReader(source, 60_000, bodyBytes),
      client: pipe,
      bufferBytes: bodyBytes,
      budget,
      bodyBytes,
      streamBytesMax: 0,
      onStreaming: () => undefined,
      onOverflow: () => undefined,
      endsWithClient: row.isOnWorkers,
    });
    const reader = pipe.readable.getReader();
    await vi.advanceTimersByTimeAsync(150);
    for (let nth = 0; nth < (row.reads ?? 0); nth += 1) {
      await reader.read();
      await vi.advanceTimersByTimeAsync(100);
    }
    // No timer of a request fires after its end.
    await vi.advanceTimersByTimeAsync(300);
    nowMs = 44_000;
    expect(budget.hasRoomFor(10 * bodyBytes)).toBe(false);
    nowMs = 46_000;
    expect(budget.hasRoomFor(10 * bodyBytes)).toBe(row.isReleased === true);
  });
});

describe("a stalled client of a body that finds no room", () => {
  it("is cut off before others wait for the memory that it holds", async () => {
    const gathering = begin(2 * sliceBytes);
    await passed(19);
    expect([budget.isShort, budget.hasRoomFor(sliceBytes + 1)]).toEqual([true, false]);
    expect(budget.take(sliceBytes)).toBe(true);
    budget.give(sliceBytes);
    await passed(2);
    expect(budget.hasRoomFor(2 * sliceBytes)).toBe(true);
    expect((await gathering).kind).toBe("streamed");
    await expect(new Response(pipe.readable).text()).rejects.toThrow("stopped reading");
  });
});

describe("a stalled client of a large body that is held", () => {
  const opened = (bytesMax: number, endsWithClient = false) => {
    const fillBudget = new ByteBudget(bytesMax);
    const memory = { holds: () => false };
    const held = new Blob([new Uint8Array(2 * smallBodyBytesMax)]);
    const afterAnswer = (work: () => Promise<void>) => void work();
    const site = { fillBudget, tiers: { memory }, endsWithClient };
    const readable = readableOf(held, { site, afterAnswer });
    return { fillBudget, readable };
  };

  it("is cut off after 20 s if memory is short", async () => {
    const { fillBudget, readable } = opened(2 * smallBodyBytesMax);
    expect(fillBudget.take(1)).toBe(false);
    await passed(19);
    expect(fillBudget.isShort).toBe(true);
    await passed(2);
    expect(fillBudget.take(2 * smallBodyBytesMax)).toBe(true);
    await expect(new Response(readable).text()).rejects.toThrow("stopped reading");
  });

  it("may wait as long as it likes if memory is not short", async () => {
    const { readable } = opened(20 * smallBodyBytesMax);
    await passed(120);
    expect((await new Response(readable).text()).length).toBe(2 * smallBodyBytesMax);
  });
});

describe("a client that never begins to read, because it left before the head", () => {
  it.each([
    ["whole", 10 * bodyBytes],
    ["streamed", 2 * sliceBytes],
  ])("holds no memory once the runtime would end its request: %s", async (kind, bytesMax) => {
    const gathering = begin(bytesMax, true);
    await passed(11);
    expect([(await gathering).kind, budget.take(bytesMax)]).toEqual([kind, true]);
  });

  it("holds no memory of a stored body", async () => {
    const fillBudget = new ByteBudget(20 * smallBodyBytesMax);
    const site = { fillBudget, tiers: { memory: { holds: () => false } }, endsWithClient: true };
    const afterAnswer = (work: () => Promise<void>) => void work();
    readableOf(new Blob([new Uint8Array(2 * smallBodyBytesMax)]), { site, afterAnswer });
    await passed(11);
    expect(fillBudget.take(20 * smallBodyBytesMax)).toBe(true);
  });
});
