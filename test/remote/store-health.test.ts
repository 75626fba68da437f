// Tests the log lines about a store that changes its state often.
import { expect, it } from "vitest";
import { StoreHealth } from "../../src/remote/store-health.ts";
import { FakeClock } from "../../testing/fakes/fake-clock.ts";

it("says that writes are tried again, although only reads follow the quiet minute", () => {
  const clock = new FakeClock();
  const told: string[] = [];
  const health = new StoreHealth({
    about: "The database",
    event: "database",
    words: {},
    nowAtMs: clock.nowAtMs,
    tell: ({ message }) => void told.push(message),
  });
  const refuse = () => {
    for (let times = 0; times < 3; times += 1) health.takesWrites(false);
  };
  refuse();
  clock.advance(10);
  health.takesWrites(true);
  clock.advance(51);
  refuse();
  clock.advance(3);
  health.takesWrites(true);
  expect(told.at(-1)).toBe("Writes have an open circuit breaker: one is tried after each pause.");
  clock.advance(10);
  health.isUp();
  expect(told.at(-1)).toBe("Writes work again: their circuit breaker was open for 3 s.");
});
