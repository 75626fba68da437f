// Tests large bodies that are held whole: what clients read, and what the budget counts meanwhile.
import "../../testing/fakes/workers-globals.ts";
import { expect, it } from "vitest";
import { ByteBudget } from "../../src/cache/byte-budget.ts";
import { readableOf } from "../../src/bodies/held-body.ts";
import { smallBodyBytesMax } from "../../src/cache/tiers/tier.ts";
import { idle } from "../../testing/site/harness.ts";
import { noise } from "../../testing/examples/records.ts";

const large = noise(smallBodyBytesMax + 1);
const bytesMax = large.byteLength + 100;

function opened(bytes: Uint8Array<ArrayBuffer>, isInMemory = false) {
  const fillBudget = new ByteBudget(bytesMax);
  const memory = { holds: () => isInMemory };
  const afterAnswer = (work: () => Promise<void>) => void work();
  return {
    fillBudget,
    exchange: { site: { fillBudget, tiers: { memory }, endsWithClient: true }, afterAnswer },
    held: new Blob([bytes]),
  };
}

const read = async (stream: ReadableStream<Uint8Array>) =>
  new Uint8Array(await new Response(stream).arrayBuffer());

it("counts a held body while clients read it whole or in part", async () => {
  const bytes = large;
  const { fillBudget, exchange, held } = opened(bytes);
  const streams = [
    readableOf(held, exchange),
    readableOf(held, exchange, { firstByte: 10, lastByte: 19 }),
    readableOf(held, exchange, { firstByte: bytes.byteLength - 1, lastByte: bytes.byteLength - 1 }),
  ];
  expect(fillBudget.hasRoomFor(bytesMax)).toBe(false);
  const [whole, part, last] = await Promise.all(streams.map(read));
  expect(Buffer.compare(whole ?? bytes, bytes)).toBe(0);
  expect([part, last]).toEqual([bytes.subarray(10, 20), bytes.subarray(-1)]);
  await idle();
  expect(fillBudget.hasRoomFor(bytesMax)).toBe(true);
});

it("counts a held body once for all readers, until the last has read or left", async () => {
  const { fillBudget, exchange, held } = opened(large);
  const [first, second] = [
    readableOf(held, exchange),
    readableOf(held, exchange, { firstByte: 7, lastByte: large.byteLength - 1 }),
  ];
  expect([fillBudget.take(101), fillBudget.take(100)]).toEqual([false, true]);
  fillBudget.give(100);
  await read(first);
  await idle();
  expect(fillBudget.take(101)).toBe(false);
  await second.cancel();
  await idle();
  expect(fillBudget.take(bytesMax)).toBe(true);
});

it("does not count a held body while memory counts it", async () => {
  const { fillBudget, exchange, held } = opened(large, true);
  const stream = readableOf(held, exchange);
  expect(fillBudget.hasRoomFor(bytesMax)).toBe(true);
  fillBudget.countFromNow(held);
  expect(fillBudget.hasRoomFor(bytesMax)).toBe(false);
  await read(stream);
  await idle();
  expect(fillBudget.hasRoomFor(bytesMax)).toBe(true);
});
