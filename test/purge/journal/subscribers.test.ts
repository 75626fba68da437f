// The states of subscribers while the journal moves from one store to another.
import { expect, it } from "vitest";
import {
  type HeldState,
  type Subscribers,
  subscribersWhileMoving,
} from "../../../src/purge/journal/subscribers.ts";

const none: HeldState = { version: "", text: undefined };

/** Returns a store with these states, which records the names of each read. */
function storeOf(held: Readonly<Record<string, HeldState>>) {
  const asked: (readonly string[])[] = [];
  const store: Subscribers = {
    async read(names) {
      asked.push(names);
      return { kind: "read", states: names.map((name) => held[name] ?? none) };
    },
    replace: async () => ({ kind: "overtaken" }),
  };
  return { store, asked };
}

it("counts a state of only the other store as lost, and keeps the state of both stores", async () => {
  const own = { version: "own", text: "own" };
  const there = { version: "there", text: "there" };
  const read = storeOf({ both: own });
  const other = storeOf({ both: there, moved: there });
  const joined = subscribersWhileMoving(read.store, other.store);
  expect(await joined.read(["both", "moved", "new"])).toEqual({
    kind: "read",
    states: [own, { version: "", text: "" }, none],
  });
});

it("does not ask the other store if this store has every state", async () => {
  const own = { version: "own", text: "own" };
  const [read, other] = [storeOf({ a: own, b: own }), storeOf({})];
  const joined = subscribersWhileMoving(read.store, other.store);
  expect(await joined.read(["a", "b"])).toEqual({ kind: "read", states: [own, own] });
  expect(other.asked).toEqual([]);
});
