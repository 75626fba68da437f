// Tests the window of a relay, its share of the memory budget, and a leader whose request ends.
import "../../testing/fakes/workers-globals.ts";
import { expect, it, vi } from "vitest";
import { ByteBudget } from "../../src/cache/byte-budget.ts";
import { pause } from "../../src/base/timeouts.ts";
import { ClientEnd, openBytePipe } from "../../src/bodies/client-end.ts";
import { ChunkReader, relayRest } from "../../src/bodies/gather.ts";
import { Relay } from "../../src/bodies/relay.ts";
import { chunked } from "../../testing/fakes/origin-in-process.ts";
import { idle } from "../../testing/site/harness.ts";
import { playTimers } from "../../testing/site/two-colos.ts";

playTimers();

const pieceBytes = 65_536;
const piece = () => new Uint8Array(pieceBytes);
const isStoring = () => true;

let nowMs = 0;

function opened(
  budget: ByteBudget,
  bodyBytes: number | null = null,
  { mayResume = true, endsWithClient = true } = {},
) {
  const work: Promise<void>[] = [];
  const context = { afterAnswer: (run: () => Promise<void>) => void work.push(run()) };
  const asked: number[] = [];
  const continuation = {
    ofStored: () => Promise.resolve(undefined),
    ofOrigin: (atByte: number) => {
      asked.push(atByte);
      return Promise.resolve(mayResume ? chunked(["wor", "ld"]) : undefined);
    },
    together: (atByte: number) => continuation.ofOrigin(atByte),
  };
  const bytesMax = 4 * pieceBytes;
  const nowAtMs = () => nowMs;
  const limits = { bytesMax, budget, bodyBytes, nowAtMs, endsWithClient, mayResume };
  const relay = new Relay(limits);
  const joined = () => relay.join(continuation, context);
  return { relay, joined, asked, work, continuation, limits, context };
}

const passed = async (seconds: number, stepMs = 1_000) => {
  for (let passedMs = 0; passedMs < seconds * 1_000; passedMs += stepMs) {
    nowMs += stepMs;
    await vi.advanceTimersByTimeAsync(stepMs);
    await idle();
  }
};

/** The bytes that an open relay counts besides its chunks. */
const relayBytes = 24_576;

it("relays count what they hold: only the newest chunk while memory is short", async () => {
  // Large bodies may take three quarters.
  const budget = new ByteBudget(16 * pieceBytes);
  const relays = Array.from({ length: 4 }, () => opened(budget));
  for (const { relay } of relays) {
    relay.open();
    for (let nth = 0; nth < 3; nth += 1) relay.push(piece());
    await relay.room(isStoring);
  }
  const leftBytes = 6 * pieceBytes - 4 * relayBytes;
  expect([budget.hasRoomFor(leftBytes), budget.hasRoomFor(leftBytes + 1)]).toEqual([true, false]);
  // A client can only join while the first piece is held.
  expect(relays.map(({ joined }) => joined() !== undefined)).toEqual([true, true, true, false]);
  for (const { relay } of relays) relay.settle(true);
  expect(budget.hasRoomFor(16 * pieceBytes)).toBe(true);
});

it("a thousand readers that read nothing hold one window, and delay nobody", async () => {
  const budget = new ByteBudget(16 * pieceBytes);
  const { relay, joined } = opened(budget);
  relay.open();
  const [reading] = Array.from({ length: 1_000 }, () => joined());
  let readBytes = 0;
  const read = async () => {
    for await (const chunk of reading!) readBytes += chunk.byteLength;
  };
  void read();
  for (let nth = 0; nth < 20; nth += 1) {
    relay.push(piece());
    await relay.room(isStoring);
    await idle();
  }
  expect([readBytes, budget.hasRoomFor(12 * pieceBytes)]).toEqual([20 * pieceBytes, true]);
  relay.end("whole");
  relay.settle(true);
  expect(budget.hasRoomFor(16 * pieceBytes)).toBe(true);
});

it("a reader that stalls is cut while memory is short, and another one gets the whole body", async () => {
  const budget = new ByteBudget(16 * pieceBytes, () => nowMs);
  const { relay, joined, work } = opened(budget, 40 * pieceBytes, { endsWithClient: false });
  const [stalls, reads] = [joined()!, new Response(joined()).arrayBuffer()];
  relay.open();
  budget.charge(16 * pieceBytes);
  for (let nth = 0; nth < 40; nth += 1) {
    relay.push(piece());
    await relay.room(isStoring);
    await passed(1);
    expect(budget.take(1)).toBe(false);
  }
  relay.end("whole");
  relay.settle(false);
  expect((await reads).byteLength).toBe(40 * pieceBytes);
  await expect(new Response(stalls).text()).rejects.toThrow("stopped reading");
  await Promise.all(work);
  budget.give(16 * pieceBytes);
  expect(budget.take(16 * pieceBytes)).toBe(true);
});

it("the cut of the only reader gives back its window at once", async () => {
  const budget = new ByteBudget(16 * pieceBytes, () => nowMs);
  const { relay, joined } = opened(budget, 10 * pieceBytes, { endsWithClient: false });
  joined();
  relay.open();
  relay.push(piece());
  await passed(29);
  expect(budget.take(12 * pieceBytes, "large")).toBe(false);
  await passed(2);
  expect([budget.take(12 * pieceBytes, "large"), relay.isRead]).toEqual([true, false]);
});

it("nobody joins a body whose rest the runtime sends to its only reader", async () => {
  const { relay, joined, continuation } = opened(new ByteBudget(16 * pieceBytes), 10);
  const own = openBytePipe(5);
  relay.push(new TextEncoder().encode("hello"));
  relay.open();
  void relay.sendOwn(new ClientEnd(own, relay).handOver()!, continuation);
  relay.pass(chunked(["world"]));
  expect(joined()).toBeUndefined();
  expect(await new Response(own.readable).text()).toBe("world");
});

it("readers continue by themselves if the runtime has ended the leader's request", async () => {
  const budget = new ByteBudget(16 * pieceBytes);
  const { relay, joined, asked, work } = opened(budget, 10);
  const texts = Array.from({ length: 3 }, () => new Response(joined()).text());
  relay.open();
  relay.push(new TextEncoder().encode("hello"));
  expect(budget.hasRoomFor(16 * pieceBytes)).toBe(false);
  await passed(40);
  expect(await Promise.all(texts)).toEqual(Array(3).fill("helloworld"));
  expect([asked, budget.hasRoomFor(16 * pieceBytes)]).toEqual([[5, 5, 5], true]);
  await Promise.all(work);
});

it("the last reader releases the window if the leader's request ended before it left", async () => {
  const budget = new ByteBudget(16 * pieceBytes);
  const { relay, joined } = opened(budget, 10);
  const reading = joined()!;
  relay.open();
  relay.push(new TextEncoder().encode("hello"));
  await passed(5);
  await reading.cancel();
  await passed(5);
  expect(budget.hasRoomFor(16 * pieceBytes)).toBe(false);
  await passed(10);
  expect(budget.hasRoomFor(16 * pieceBytes)).toBe(true);
});

it("is lost before the runtime ends the leader's request, whose client has left", async () => {
  const budget = new ByteBudget(16 * pieceBytes);
  const { relay, joined, asked, continuation } = opened(budget, 12);
  relay.open();
  void relay.beat();
  relay.push(new TextEncoder().encode("hello"));
  const own = openBytePipe(12);
  void relay.sendOwn(new ClientEnd(own, relay).handOver()!, continuation);
  const text = new Response(joined()).text();
  await passed(60);
  await own.readable.cancel();
  relay.push(new TextEncoder().encode("wo"));
  await passed(24);
  expect([asked, relay.isComing]).toEqual([[], true]);
  await passed(3);
  expect([asked, relay.isComing]).toEqual([[7], false]);
  expect(budget.hasRoomFor(16 * pieceBytes)).toBe(true);
  expect(await text).toBe("hellowoworld");
});

it("continues on Node although the leader's client has left", async () => {
  const budget = new ByteBudget(16 * pieceBytes);
  const { relay, joined, asked, continuation } = opened(budget, 10, { endsWithClient: false });
  relay.open();
  void relay.beat();
  relay.push(new TextEncoder().encode("hello"));
  const own = openBytePipe(10);
  void relay.sendOwn(new ClientEnd(own, relay).handOver()!, continuation);
  const text = new Response(joined()).text();
  await own.readable.cancel();
  relay.push(new TextEncoder().encode("wo"));
  await passed(600);
  relay.push(new TextEncoder().encode("rld"));
  relay.end("whole");
  relay.settle(false);
  expect([await text, asked]).toEqual(["helloworld", []]);
});

it("readers outlast a silence of the origin while the leader's request lives", async () => {
  const { relay, joined, asked } = opened(new ByteBudget(16 * pieceBytes), 10);
  const text = new Response(joined()).text();
  relay.open();
  void relay.beat();
  relay.push(new TextEncoder().encode("hello"));
  await passed(600);
  relay.push(new TextEncoder().encode("world"));
  relay.end("whole");
  relay.settle(false);
  expect([await text, asked]).toEqual(["helloworld", []]);
});

/** Reads a body, waiting 0.4 s before each chunk. Returns the number of bytes so far. */
function slowly(stream: ReadableStream<Uint8Array>): { bytes: number; failed?: unknown } {
  const seen: { bytes: number; failed?: unknown } = { bytes: 0 };
  const readAll = async () => {
    for await (const chunk of stream) {
      seen.bytes += chunk.byteLength;
      await pause(400);
    }
  };
  void readAll().catch((failed: unknown) => void (seen.failed = failed));
  return seen;
}

/** Pushes pieces as fast as there is room. Returns the seconds that this took. */
async function pushing(relay: Relay, count: number, isKept = () => false): Promise<number> {
  let hasPushed = false;
  const push = async () => {
    for (let nth = 0; nth < count; nth += 1) {
      relay.push(piece());
      await relay.room(isKept);
      await idle();
    }
    relay.end("whole");
    relay.settle(false);
    hasPushed = true;
  };
  void push();
  for (let seconds = 0; ; seconds += 1) {
    for (let turn = 0; turn < 2 * count; turn += 1) await idle();
    if (hasPushed || seconds === 300) return seconds;
    await passed(1, 100);
  }
}

it("waits for a slow reader that could not continue", async () => {
  const { relay, joined } = opened(new ByteBudget(16 * pieceBytes), null, { mayResume: false });
  const slow = slowly(joined()!);
  const text = new Response(joined()).arrayBuffer();
  relay.open();
  await pushing(relay, 15);
  await passed(10, 100);
  expect([slow, (await text).byteLength]).toEqual([{ bytes: 15 * pieceBytes }, 15 * pieceBytes]);
});

it("waits at most 2 s a step for a reader that stalls and could not continue", async () => {
  const { relay, joined } = opened(new ByteBudget(16 * pieceBytes), null, { mayResume: false });
  joined();
  const text = new Response(joined()).arrayBuffer();
  relay.open();
  const seconds = await pushing(relay, 40);
  expect([(await text).byteLength, seconds]).toEqual([40 * pieceBytes, 2]);
});

it("readers that are overtaken continue at once when the last tier fails, and then count no more", async () => {
  const { relay, joined, asked, continuation } = opened(
    new ByteBudget(16 * pieceBytes),
    40 * pieceBytes,
  );
  continuation.ofOrigin = (atByte) => {
    asked.push(atByte);
    return Promise.resolve(new ReadableStream());
  };
  const readers = [joined()!, joined()!];
  let isKept = true;
  relay.open();
  const push = async () => {
    relay.push(piece());
    await relay.room(() => isKept);
  };
  for (let nth = 0; nth < 10; nth += 1) await push();
  for (const reading of readers) void new Response(reading).text().catch(() => undefined);
  for (let turn = 0; turn < 10; turn += 1) await idle();
  expect([asked, relay.isRead]).toEqual([[], true]);
  isKept = false;
  await push();
  for (let turn = 0; turn < 10; turn += 1) await idle();
  expect([asked.length, relay.isRead]).toEqual([2, false]);
});

it("readers of a rest may pause for as long as they like, because they have read the bytes before it", async () => {
  const { limits, continuation, context } = opened(new ByteBudget(16 * pieceBytes), 10);
  const relay = new Relay(limits, 5);
  const client = openBytePipe(5);
  const reader = new ChunkReader(chunked(["wor", "ld"]), 600_000, 5);
  const own = { reader, client, relay, continuation, betweenBytesMs: 600_000, bodyBytes: 10 };
  void relayRest({ ...own, isAwaited: () => false });
  const other = relay.join(continuation, context)!;
  await passed(120);
  const texts = [client.readable, other].map((stream) => new Response(stream).text());
  expect(await Promise.all(texts)).toEqual(["world", "world"]);
});

it("readers that share a rest get it while memory is short", async () => {
  const budget = new ByteBudget(16 * pieceBytes);
  budget.charge(16 * pieceBytes);
  const { limits, continuation, context } = opened(budget, 10);
  const relay = new Relay(limits, 5);
  const client = openBytePipe(5);
  const reader = new ChunkReader(chunked(["wor", "ld"]), 600_000, 5);
  const own = { reader, client, relay, continuation, betweenBytesMs: 600_000, bodyBytes: 10 };
  const other = relay.join(continuation, context)!;
  void relayRest({ ...own, isAwaited: () => false });
  const texts = [client.readable, other].map((stream) => new Response(stream).text());
  expect(await Promise.all(texts)).toEqual(["world", "world"]);
});

it("a reader may rewrite and transfer what it has read", async () => {
  const { relay, joined } = opened(new ByteBudget(16 * pieceBytes), 5);
  const [rude, other] = [joined()!, joined()!];
  relay.open();
  relay.push(new TextEncoder().encode("hello"));
  const { value } = await rude.getReader().read();
  structuredClone(value!.fill(0).buffer, { transfer: [value!.buffer] });
  const text = new Response(other).text();
  relay.end("whole");
  expect([await text, await new Response(joined()).text()]).toEqual(["hello", "hello"]);
});
