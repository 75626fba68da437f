// Tests clients that stop reading. They are cut off only when others need the memory that they
// hold.
import "../../testing/fakes/workers-globals.ts";
import { describe, expect, it, vi } from "vitest";
import { ByteBudget } from "../../src/cache/byte-budget.ts";
import { pause } from "../../src/base/timeouts.ts";
import { smallBodyBytesMax } from "../../src/cache/tiers/tier.ts";
import { CutBody } from "../../src/base/byte-streams.ts";
import { openBytePipe } from "../../src/bodies/client-end.ts";
import { rangedStream } from "../../src/bodies/ranged-stream.ts";
import { ChunkReader, type GatherResult } from "../../src/bodies/gather.ts";
import { readableOf } from "../../src/bodies/held-body.ts";
import { chunked } from "../../testing/fakes/origin-in-process.ts";
import { idle } from "../../testing/site/harness.ts";
import { playTimers } from "../../testing/site/two-colos.ts";
import { gatherAlone } from "./gather-alone.ts";

playTimers();

let nowMs = 0;
const nowAtMs = () => nowMs;

const passed = async (seconds: number) => {
  for (let second = 0; second < seconds; second += 1) {
    nowMs += 1_000;
    await vi.advanceTimersByTimeAsync(1_000);
    await idle();
  }
};

const sliceBytes = 65_536;
const bodyBytes = 3 * sliceBytes;
/** The least budget for the body and the slice that the client has not taken. */
const fullBytes = (bodyBytes + sliceBytes) / 0.75;

let budget: ByteBudget;
let pipe: ReturnType<typeof openBytePipe>;

const threeChunks = () => chunked(["0", "1", "2"].map((digit) => digit.repeat(sliceBytes)));

/** Gathers a body for a client that does not read. */
function begin(
  bytesMax: number,
  endsWithClient = false,
  source = threeChunks(),
): Promise<GatherResult> {
  budget = new ByteBudget(bytesMax, nowAtMs);
  pipe = openBytePipe(bodyBytes);
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
  it("is cut off after 30 s if memory is short", async () => {
    expect((await begin(fullBytes)).kind).toBe("whole");
    await passed(29);
    expect(budget.take(1, "large")).toBe(false);
    await passed(2);
    expect([budget.take(1, "large"), budget.take(fullBytes - 1)]).toEqual([true, true]);
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
    await begin(fullBytes);
    const reader = pipe.readable.getReader();
    let readBytes = 0;
    for (let read = await reader.read(); !read.done; read = await reader.read()) {
      readBytes += read.value.byteLength;
      await passed(29);
      expect(budget.take(2 * fullBytes)).toBe(false);
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
    nowMs = 0;
    const source = new ReadableStream<Uint8Array<ArrayBuffer>>({
      async start(controller) {
        for (let nth = 0; nth < row.chunks; nth += 1) {
          await pause(100);
          controller.enqueue(new Uint8Array(sliceBytes));
        }
        if (row.chunks === 3) controller.close();
      },
    });
    void begin(10 * bodyBytes, row.isOnWorkers, source);
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
  it("gets the rest from the runtime, which costs no memory", async () => {
    expect((await begin(2 * sliceBytes)).kind).toBe("passed");
    expect(budget.take(1, "large")).toBe(false);
    const reader = pipe.readable.getReader();
    expect((await reader.read()).value?.byteLength).toBe(sliceBytes);
    await passed(120);
    expect(budget.take(2 * sliceBytes)).toBe(true);
    let restBytes = 0;
    for (let read = await reader.read(); !read.done; read = await reader.read()) {
      restBytes += read.value.byteLength;
    }
    expect(restBytes).toBe(bodyBytes - sliceBytes);
  });
});

describe("400 clients that read nothing", () => {
  /** Opens a client for a body of its own, such as a new one of 20 MB. */
  function opened(bytes: number) {
    const own = openBytePipe(bytes);
    let sentBytes = 0;
    const source = new ReadableStream<Uint8Array<ArrayBuffer>>(
      {
        pull(controller) {
          const chunkBytes = Math.min(16_384, bytes - sentBytes);
          sentBytes += chunkBytes;
          controller.enqueue(new Uint8Array(chunkBytes));
          if (sentBytes === bytes) controller.close();
        },
      },
      { highWaterMark: 0 },
    );
    const done = gatherAlone({
      reader: new ChunkReader(source, 3_600_000, bytes),
      client: own,
      bufferBytes: sliceBytes,
      budget,
      bodyBytes: bytes,
      streamBytesMax: 0,
      onStreaming: () => undefined,
      onOverflow: () => undefined,
    });
    return { readable: own.readable, done };
  }

  it("hold no more than the budget, and lose to a client that reads 3 KB/s", async () => {
    nowMs = 0;
    const bytesMax = 4_194_304;
    budget = new ByteBudget(bytesMax, nowAtMs);
    const slowBytes = 300_000;
    const slow = opened(slowBytes);
    let readBytes = 0;
    const reader = slow.readable.getReader();
    const stalled = Array.from({ length: 200 }, () => opened(20_000_000));
    for (let second = 0; readBytes < slowBytes; second += 1) {
      await passed(1);
      // New ones come all the time.
      if (second < 100) for (const _ of [1, 2]) stalled.push(opened(20_000_000));
      // Small bodies find room.
      expect(budget.hasRoomFor(bytesMax / 5)).toBe(true);
      if (readBytes < second * 3_000) readBytes += (await reader.read()).value?.byteLength ?? 0;
    }
    expect(readBytes).toBe(slowBytes);
    const first = stalled.slice(0, 10).map(({ readable }) => readable.getReader().read());
    const ends = await Promise.allSettled(first);
    expect(ends.map(({ status }) => status)).toEqual(Array(10).fill("rejected"));
  });
});

describe("a stalled client of a large body that is held", () => {
  const opened = (bytesMax: number, endsWithClient = false) => {
    const fillBudget = new ByteBudget(bytesMax, nowAtMs);
    const memory = { holds: () => false };
    const held = new Blob([new Uint8Array(2 * smallBodyBytesMax)]);
    const afterAnswer = (work: () => Promise<void>) => void work();
    const site = { fillBudget, tiers: { memory }, endsWithClient };
    const readable = readableOf(held, { site, afterAnswer });
    return { fillBudget, readable };
  };

  it("is cut off after 30 s if memory is short", async () => {
    const { fillBudget, readable } = opened(2 * smallBodyBytesMax);
    await passed(29);
    expect(fillBudget.take(1)).toBe(false);
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

describe("a client that reads nothing of a range of a stored stream", () => {
  const part = { firstByte: sliceBytes, lastByte: bodyBytes - 1 };
  const opened = () => {
    const fillBudget = new ByteBudget(2 * sliceBytes, nowAtMs);
    const works: Promise<void>[] = [];
    const afterAnswer = (work: () => Promise<void>) => void works.push(work());
    const site = { fillBudget, endsWithClient: false };
    const readable = rangedStream(threeChunks(), part, { site, afterAnswer });
    return { fillBudget, works, readable };
  };

  it("is cut off after 30 s if memory is short", async () => {
    const { fillBudget, works, readable } = opened();
    await passed(29);
    expect(fillBudget.take(sliceBytes, "large")).toBe(false);
    await passed(2);
    expect(fillBudget.take(sliceBytes, "large")).toBe(true);
    await Promise.all(works);
    await expect(new Response(readable).text()).rejects.toThrow("stopped reading");
  });

  it("holds no memory once it leaves", async () => {
    const { fillBudget, works, readable } = opened();
    await passed(1);
    await readable.cancel();
    await Promise.all(works);
    expect(fillBudget.take(sliceBytes, "large")).toBe(true);
  });
});

describe("a client that never begins to read, because it left before the head", () => {
  it.each([
    ["whole", 10 * bodyBytes],
    ["passed", 2 * sliceBytes],
  ])("holds no memory once the runtime would end its request: %s", async (kind, bytesMax) => {
    const gathering = begin(bytesMax, true);
    await passed(11);
    expect([(await gathering).kind, budget.take(bytesMax)]).toEqual([kind, true]);
  });

  it("holds no memory of a stored body", async () => {
    const fillBudget = new ByteBudget(20 * smallBodyBytesMax, nowAtMs);
    const site = { fillBudget, tiers: { memory: { holds: () => false } }, endsWithClient: true };
    const afterAnswer = (work: () => Promise<void>) => void work();
    const held = new Blob([new Uint8Array(2 * smallBodyBytesMax)]);
    const readable = readableOf(held, { site, afterAnswer });
    await passed(11);
    expect(fillBudget.take(20 * smallBodyBytesMax)).toBe(true);
    const ended = new Response(readable).text();
    await expect(ended).rejects.toThrow(new CutBody("The client stopped reading."));
  });
});
