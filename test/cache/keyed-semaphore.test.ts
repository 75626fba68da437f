// Tests slots: a key has ten concurrent forwards for requests that waited in vain. A slot
// is free again after a quarter of a second, so a vanished request cannot keep it.
import { expect, it, vi } from "vitest";
import { FakeClock } from "../../testing/fakes/fake-clock.ts";
import { KeyedSemaphore } from "../../src/cache/keyed-semaphore.ts";
import { pass, playTimers } from "../../testing/site/two-colos.ts";

playTimers();

class Crowd {
  readonly clock = new FakeClock();
  readonly places: KeyedSemaphore;
  readonly leaves: (() => void)[] = [];

  constructor(places = new KeyedSemaphore()) {
    this.places = places;
  }

  /** Lets `count` requests wait for a slot of a key. */
  come(count: number, key = "/a", waitMs = 5_000): void {
    const { nowAtMs } = this.clock;
    const given = { waitMs, nowAtMs, random: () => 0.5 };
    for (let nth = 0; nth < count; nth += 1) {
      void this.places.enter(key, given).then((leave) => this.leaves.push(leave));
    }
  }

  pass = (seconds: number) => pass(this.clock, seconds);
}

it("a key has ten slots, and each request that leaves frees one slot", async () => {
  const crowd = new Crowd();
  crowd.come(30);
  await crowd.pass(0.1);
  expect(crowd.leaves.length).toBe(10);
  for (const leave of crowd.leaves.slice(0, 3)) leave();
  await crowd.pass(0.1);
  expect(crowd.leaves.length).toBe(13);
});

it("a key has as many slots, for as long, as its creator says", async () => {
  const crowd = new Crowd(new KeyedSemaphore({ openMax: 2, placeMsMax: 1_000 }));
  crowd.come(6);
  await crowd.pass(0.9);
  expect(crowd.leaves.length).toBe(2);
  await crowd.pass(0.3);
  expect(crowd.leaves.length).toBe(4);
});

it("a slot that is given back three times frees one slot", async () => {
  const crowd = new Crowd();
  crowd.come(30);
  await crowd.pass(0.1);
  for (let times = 0; times < 3; times += 1) crowd.leaves[0]?.();
  await crowd.pass(0.1);
  expect(crowd.leaves.length).toBe(11);
});

it("each key has its own slots", async () => {
  const crowd = new Crowd();
  crowd.come(20, "/a");
  crowd.come(20, "/b");
  await crowd.pass(0.1);
  expect(crowd.leaves.length).toBe(20);
});

it("a slot is free again after a quarter of a second, and no timer remains", async () => {
  const crowd = new Crowd();
  crowd.come(15);
  await crowd.pass(0.1);
  expect(crowd.leaves.length).toBe(10);
  await crowd.pass(0.4);
  expect([crowd.leaves.length, vi.getTimerCount()]).toEqual([15, 0]);
});

it.each([
  { id: "just-before", afterSeconds: 0.1, count: 10 },
  { id: "from-then-on", afterSeconds: 0.3, count: 15 },
  { id: "clock-set-back", afterSeconds: -60, count: 15 },
])("a vanished request keeps its slot for a quarter of a second: $id", async (row) => {
  const crowd = new Crowd();
  crowd.come(10);
  await crowd.pass(0.1);
  crowd.clock.advance(row.afterSeconds - 0.1);
  crowd.come(5);
  await crowd.pass(0.1);
  expect(crowd.leaves.length).toBe(row.count);
});

it("the semaphore forgets keys without used slots", async () => {
  const crowd = new Crowd();
  for (let nth = 0; nth < 50; nth += 1) crowd.come(1, `/${nth}`);
  await crowd.pass(0.1);
  for (const leave of crowd.leaves.splice(0, 25)) leave();
  expect(crowd.places.count).toBe(25);
  crowd.clock.advance(31);
  crowd.come(1, "/new");
  await crowd.pass(0.1);
  expect(crowd.places.count).toBe(1);
});

it("the semaphore forgets keys of vanished requests, even while an older key is busy", async () => {
  const crowd = new Crowd();
  crowd.come(1, "/busy");
  await crowd.pass(0.1);
  crowd.come(1, "/gone");
  await crowd.pass(0.1);
  crowd.clock.advance(29);
  crowd.come(1, "/busy");
  await crowd.pass(0.1);
  crowd.clock.advance(2);
  crowd.come(1, "/busy");
  await crowd.pass(0.1);
  expect(crowd.places.count).toBe(1);
});
