// Tests the window of a relay, its share of the memory budget, and a leader whose request ends.
import "../../../testing/fakes/workers-globals.ts";
import { expect, it, vi } from "vitest";
import { ByteBudget } from "../../../src/cache/byte-budget.ts";
import { Relay } from "../../../src/pages/body/relay.ts";
import { chunked } from "../../../testing/fakes/origin-in-process.ts";
import { idle } from "../../../testing/site/harness.ts";
import { playTimers } from "../../../testing/site/two-colos.ts";

playTimers();

const pieceBytes = 65_536;
const piece = () => new Uint8Array(pieceBytes);
const isStoring = () => true;

function opened(budget: ByteBudget, bodyBytes: number | null = null) {
  const work: Promise<void>[] = [];
  const context = { afterAnswer: (run: () => Promise<void>) => void work.push(run()) };
  const asked: number[] = [];
  const continuation = {
    ofStored: () => Promise.resolve(undefined),
    ofOrigin: (atByte: number) => {
      asked.push(atByte);
      return Promise.resolve(chunked(["wor", "ld"]));
    },
  };
  const bytesMax = 4 * pieceBytes;
  const relay = new Relay({ bytesMax, budget, bodyBytes, nowAtMs: () => 0 });
  const joined = () => relay.join(continuation, context);
  return { relay, joined, asked, work };
}

it("relays count their windows, which are shorter while memory is short", async () => {
  // Large bodies may take three quarters.
  const budget = new ByteBudget(16 * pieceBytes);
  const relays = Array.from({ length: 4 }, () => opened(budget));
  for (const { relay } of relays) {
    relay.open(0);
    for (let nth = 0; nth < 3; nth += 1) relay.push(piece());
    await relay.room(isStoring);
  }
  expect(budget.hasRoomFor(4 * pieceBytes + 1)).toBe(false);
  // A client can only join while the first piece is held.
  expect(relays.map(({ joined }) => joined() !== undefined)).toEqual([true, true, true, false]);
  for (const { relay } of relays) void relay.settle(true);
  expect(budget.hasRoomFor(16 * pieceBytes)).toBe(true);
});

it("a thousand readers that read nothing hold one window, and delay nobody", async () => {
  const budget = new ByteBudget(16 * pieceBytes);
  const { relay, joined } = opened(budget);
  relay.open(0);
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
  await relay.settle(true);
  expect(budget.hasRoomFor(16 * pieceBytes)).toBe(true);
});

it("readers continue by themselves if the runtime has ended the leader's request", async () => {
  const { relay, joined, asked, work } = opened(new ByteBudget(16 * pieceBytes), 10);
  const texts = Array.from({ length: 3 }, () => new Response(joined()).text());
  relay.open(0);
  relay.push(new TextEncoder().encode("hello"));
  for (let second = 0; second < 40; second += 1) {
    await vi.advanceTimersByTimeAsync(1_000);
    await idle();
  }
  expect(await Promise.all(texts)).toEqual(Array(3).fill("helloworld"));
  expect(asked).toEqual([5, 5, 5]);
  await Promise.all(work);
});
