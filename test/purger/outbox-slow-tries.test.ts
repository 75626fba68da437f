// Tests the outbox during a slow try. The try delays only messages that name the same target, and
// the outbox continues to poll its store.
import { afterEach, beforeEach, expect, it, vi } from "vitest";
import { createOutbox } from "../../src/purger/outbox.ts";
import { heldPurger, memoryStore } from "./fakes.ts";

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

function open() {
  const held = heldPurger();
  const { rows, store } = memoryStore();
  const outbox = createOutbox({ store, purger: held.purger });
  const enqueueAll = (...tags: readonly string[]) => {
    for (const tag of tags) outbox.enqueue({ tags: tag.split(" ") });
  };
  return { ...held, rows, store, outbox, enqueueAll };
}

const turns = () => vi.advanceTimersByTimeAsync(0);

it("uses one slot for a slow try, even if 119 messages wait for its target", async () => {
  const { outbox, begun, enqueueAll } = open();
  enqueueAll(...Array<string>(120).fill("hot"), "a", "b");
  outbox.run();
  await turns();
  expect(begun).toEqual(["hot", "a", "b"]);
  await outbox.stop();
});

it("sends messages with a common target in their order", async () => {
  const { outbox, begun, accept, enqueueAll } = open();
  enqueueAll("a", "a b", "b c", "c", "d");
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

it("sends releases in their order, because the last one becomes the current one", async () => {
  const { outbox, begun, accept } = open();
  for (const release of ["build-1", "build-2"]) outbox.enqueue({ release });
  outbox.run();
  await turns();
  expect(begun).toEqual(["build-1"]);
  accept("build-1");
  await turns();
  expect(begun).toEqual(["build-1", "build-2"]);
  await outbox.stop();
});

it("leaves seven slots to other messages during a slow try", async () => {
  const { outbox, begun, accept, enqueueAll } = open();
  const tags = Array.from({ length: 20 }, (_, nth) => `tag-${nth}`);
  enqueueAll("slow", ...tags);
  outbox.run();
  await turns();
  expect(begun).toHaveLength(8);
  for (const tag of tags) {
    accept(tag);
    await turns();
  }
  expect(begun).toHaveLength(21);
  await outbox.stop();
});

it("sends a message that is enqueued or added to the store during a slow try", async () => {
  const { outbox, begun, store, enqueueAll } = open();
  outbox.run();
  enqueueAll("slow");
  await turns();
  enqueueAll("enqueued");
  await turns();
  expect(begun).toEqual(["slow", "enqueued"]);
  store.add({ id: "added", body: JSON.stringify({ tags: ["added"] }) });
  await vi.advanceTimersByTimeAsync(1_000);
  expect(begun).toEqual(["slow", "enqueued", "added"]);
  await outbox.stop();
});

it("does not repeat a slow try in a poll or in a round", async () => {
  const { outbox, begun, accept, enqueueAll, rows } = open();
  outbox.run();
  enqueueAll("slow");
  await vi.advanceTimersByTimeAsync(5_000);
  const rounds = [outbox.deliver(), outbox.deliver()];
  await turns();
  accept("slow");
  const done = { delivered: 1, failed: 0, refused: 0 };
  expect(await Promise.all(rounds)).toEqual([done, done]);
  expect([begun, rows[0]?.state]).toEqual([["slow"], "delivered"]);
  await outbox.stop();
});

it("ends a round although another message was enqueued meanwhile", async () => {
  const { outbox, accept, enqueueAll } = open();
  outbox.run();
  enqueueAll("a");
  const round = outbox.deliver();
  await turns();
  enqueueAll("b");
  await turns();
  accept("a");
  expect(await round).toEqual({ delivered: 1, failed: 0, refused: 0 });
  await outbox.stop();
});
