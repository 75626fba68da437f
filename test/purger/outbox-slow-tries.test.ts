// A try that lasts holds up nothing but what names its target, and `due` is asked while it lasts.
import { afterEach, beforeEach, expect, it, vi } from "vitest";
import { createOutbox } from "../../src/purger/outbox.ts";
import { heldPurger, memoryStore } from "./fakes.ts";

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
});

function open() {
  const held = heldPurger();
  const { rows, store } = memoryStore();
  const outbox = createOutbox({ store, purger: held.purger });
  const enqueueAll = (tags: readonly string[]) => {
    for (const tag of tags) outbox.enqueue({ tags: tag.split(" ") });
  };
  const add = (tag: string) => store.add({ id: tag, body: JSON.stringify({ tags: [tag] }) });
  return { ...held, rows, outbox, enqueueAll, add };
}

const turns = () => vi.advanceTimersByTimeAsync(0);

it("takes one slot, however many wait for its target", async () => {
  const { outbox, begun, enqueueAll } = open();
  enqueueAll([...Array<string>(20).fill("hot"), "a", "b"]);
  outbox.run();
  await turns();
  expect(begun).toEqual(["hot", "a", "b"]);
  await outbox.stop();
});

it("is not overtaken by what names its target, nor is what waits for it", async () => {
  const { outbox, begun, accept, enqueueAll } = open();
  enqueueAll(["a", "a b", "b c", "c", "d"]);
  outbox.run();
  await turns();
  expect(begun).toEqual(["a", "d"]);
  for (const tag of ["a", "a b", "b c"]) {
    accept(tag);
    await turns();
  }
  expect(begun).toEqual(["a", "d", "a b", "b c", "c"]);
  await outbox.stop();
});

it("leaves seven slots to others", async () => {
  const { outbox, begun, accept, enqueueAll } = open();
  enqueueAll(["slow", ...Array.from({ length: 20 }, (_, nth) => `tag-${nth}`)]);
  outbox.run();
  await turns();
  expect(begun).toHaveLength(8);
  for (let nth = 0; nth < 20; nth += 1) {
    accept(`tag-${nth}`);
    await turns();
  }
  expect(begun).toHaveLength(21);
  await outbox.stop();
});

it("does not delay what is enqueued meanwhile", async () => {
  const { outbox, begun, enqueueAll } = open();
  outbox.run();
  enqueueAll(["slow"]);
  await turns();
  enqueueAll(["quick"]);
  await turns();
  expect(begun).toEqual(["slow", "quick"]);
  await outbox.stop();
});

it("does not delay what is added meanwhile without a word by more than a look", async () => {
  const { outbox, begun, add } = open();
  add("slow");
  outbox.run();
  await turns();
  add("quick");
  await vi.advanceTimersByTimeAsync(1_000);
  expect(begun).toEqual(["slow", "quick"]);
  await outbox.stop();
});

it("hides nothing behind more than a batch of its own target", async () => {
  const { outbox, begun, enqueueAll } = open();
  enqueueAll([...Array<string>(120).fill("hot"), "a"]);
  outbox.run();
  await turns();
  expect(begun).toEqual(["hot", "a"]);
  await outbox.stop();
});

it("is not begun a second time by a look or a round while it lasts", async () => {
  const { outbox, begun, accept, enqueueAll, rows } = open();
  outbox.run();
  enqueueAll(["slow"]);
  await vi.advanceTimersByTimeAsync(5_000);
  const round = outbox.deliver();
  await turns();
  accept("slow");
  expect(await round).toEqual({ delivered: 1, failed: 0, refused: 0 });
  expect([begun, rows[0]?.state]).toEqual([["slow"], "delivered"]);
  await outbox.stop();
});

it("a round ends once what was due has been tried, though more is enqueued all the time", async () => {
  const { outbox, accept, enqueueAll } = open();
  outbox.run();
  enqueueAll(["a"]);
  const round = outbox.deliver();
  await turns();
  enqueueAll(["b"]);
  await turns();
  accept("a");
  expect(await round).toEqual({ delivered: 1, failed: 0, refused: 0 });
  await outbox.stop();
});

it("a round of more than is known at once delivers all of it", async () => {
  const { rows, store } = memoryStore();
  const purger = {
    send: async () => ({ kind: "accepted", position: "1-0", visibleWithinSeconds: 1 }) as const,
  };
  const outbox = createOutbox({ store, purger });
  for (let nth = 0; nth < 1_200; nth += 1) outbox.enqueue({ tags: ["hot", `tag-${nth}`] });
  expect(await outbox.deliver()).toEqual({ delivered: 1_200, failed: 0, refused: 0 });
  expect(rows.every(({ state }) => state === "delivered")).toBe(true);
});
