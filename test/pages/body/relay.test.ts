// Tests the memory that relays of streamed bodies hold.
import { expect, it } from "vitest";
import { ByteBudget } from "../../../src/cache/byte-budget.ts";
import { Relay } from "../../../src/pages/body/relay.ts";

const pieceBytes = 65_536;
const piece = () => new Uint8Array(pieceBytes);

it("relays count the bytes that they hold, and hold less while memory is short", async () => {
  // Large bodies may take three quarters.
  const budget = new ByteBudget(16 * pieceBytes);
  const relays = Array.from({ length: 4 }, () => {
    return new Relay({ bytesMax: 4 * pieceBytes, budget, nowAtMs: () => 0 });
  });
  for (const relay of relays) {
    for (let nth = 0; nth < 3; nth += 1) relay.push(piece());
    await relay.room();
  }
  // A client can only join while the first piece is held.
  expect(relays.map((relay) => relay.join() !== undefined)).toEqual([true, true, true, false]);
  expect(budget.hasRoomFor(4 * pieceBytes + 1)).toBe(false);
  for (const relay of relays) relay.end("whole");
  expect(budget.hasRoomFor(16 * pieceBytes)).toBe(true);
});

it("a relay counts nothing once its body has ended", async () => {
  const budget = new ByteBudget(16 * pieceBytes);
  const relay = new Relay({ bytesMax: 4 * pieceBytes, budget, nowAtMs: () => 0 });
  relay.push(piece());
  relay.end("cut");
  await relay.room();
  expect(budget.hasRoomFor(16 * pieceBytes)).toBe(true);
});
