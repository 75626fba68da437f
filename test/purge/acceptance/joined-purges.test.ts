// Purges of invalidated responses (RFC 9111 §4.4): the targets of one second share an entry.
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { joinMs, targetsMax } from "../../../src/purge/acceptance/invalidation-batches.ts";
import { orderOf } from "../../../testing/examples/purges.ts";
import { closedGate } from "../../../testing/fakes/origin-in-process.ts";
import { Sender, slowAnswer } from "./invalidation-sender.ts";

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

let sender: Sender;
beforeEach(() => void (sender = new Sender()));

describe("an entry", () => {
  it("is sent at once for the first target, then once for the targets of a second", async () => {
    for (const tag of ["a", "b", "c"]) {
      sender.name(tag);
      await sender.pass(300);
    }
    await sender.pass(2_000);
    expect(sender.tries).toEqual([
      { atMs: 0, tags: ["a"] },
      { atMs: joinMs, tags: ["b", "c"] },
    ]);
    expect(sender.counts).toEqual({ named: 3, widened: 0, purged: 2, failed: 0 });
  });

  it("has the path instead of URLs after 64 KiB of URLs within ten minutes", async () => {
    const url = (nth: number) => `url:${nth}:${"a".repeat(1_000)}`;
    for (let nth = 0; nth < 70; nth += 1) {
      sender.name(url(nth));
      await sender.pass(1_000);
    }
    const tags = sender.tagsTried.flat();
    expect(tags.filter((tag) => tag.startsWith("url:")).length).toBe(64);
    expect(tags.length).toBe(64);
    expect(sender.pathsTried.slice(64).join(" ")).toBe(Array(6).fill(sender.path).join(" "));
    expect(sender.counts).toMatchObject({ named: 70, widened: 6 });
  });

  it("names groups exactly, although URLs have reached the limit", async () => {
    for (let nth = 0; nth < 70; nth += 1) sender.name(`url:${nth}:${"a".repeat(1_000)}`);
    await sender.pass(2_000);
    sender.path = undefined;
    sender.name("group:a", "group:b");
    await sender.pass(2_000);
    expect(sender.tagsTried.slice(-2)).toEqual([["group:a"], ["group:b"]]);
  });

  it.each([
    { afterMs: 600_000, isExact: false },
    { afterMs: 600_100, isExact: true },
  ])("has URLs again after more than ten minutes: $afterMs ms", async ({ afterMs, isExact }) => {
    const exact = "a".repeat(5_000);
    for (let nth = 0; nth < 14; nth += 1) {
      sender.name(`${nth}${exact}`);
      await sender.pass(1_000);
    }
    expect([sender.tagsTried.at(-1), sender.pathsTried.at(-1)]).toEqual([[], [sender.path]]);
    await sender.pass(afterMs - 14_000);
    sender.name(`14${exact}`);
    expect(sender.tagsTried.at(-1)).toEqual(isExact ? [`14${exact}`] : []);
  });

  it.each([
    { chars: 4_093, isExact: true },
    { chars: 4_094, isExact: false },
  ])("has a URL up to the limit of 64 KiB: $chars", async ({ chars, isExact }) => {
    // As JSON with a comma, each of these targets has 4,096 bytes.
    for (let nth = 0; nth < 15; nth += 1) {
      sender.name(`${nth}`.padEnd(4_093, "a"));
      await sender.pass(1_000);
    }
    const last = "b".repeat(chars);
    sender.name(last);
    expect(sender.tagsTried.at(-1)).toEqual(isExact ? [last] : []);
  });

  it("has at most 256 targets, and the next ones are sent in the same second", async () => {
    sender.name("first");
    sender.name(...Array.from({ length: targetsMax + 10 }, (_, nth) => `${nth}`));
    await sender.pass(1_000);
    expect(sender.tagsTried.map(({ length }) => length)).toEqual([1, targetsMax, 10]);
    expect(sender.counts).toEqual({ named: 267, widened: 0, purged: 3, failed: 0 });
  });

  it("is not sent if no target is named", async () => {
    sender.nameNone();
    await sender.pass(2_000);
    expect(sender.tries).toEqual([]);
  });

  it("gives background work to at most four of its requests", () => {
    sender.name("a");
    sender.name(...Array.from({ length: 10 }, (_, nth) => `${nth}`));
    expect(sender.workCount).toBe(1 + 4);
  });

  it("counts a repeated URL once per entry towards the limit of 64 KiB", async () => {
    for (let nth = 0; nth < 200; nth += 1) {
      sender.name(`url:${"a".repeat(1_000)}`);
      await sender.pass(100);
    }
    expect(sender.counts).toMatchObject({ named: 200, widened: 0 });
  });

  it("is a hard purge without an id", () => {
    sender.name("a");
    const order = orderOf(["a"], { id: "", bodyDigest: "", by: "invalidation" });
    expect(sender.orders).toEqual([{ ...order, reason: "RFC 9111 §4.4" }]);
  });

  it("waits at most a second, and not at all after a pause", async () => {
    for (const [tag, pauseMs] of Object.entries({ a: 900, b: 1_200, c: 100 })) {
      sender.name(tag);
      await sender.pass(pauseMs);
    }
    expect(sender.tries.map(({ atMs }) => atMs)).toEqual([0, 1_000, 2_100]);
  });

  it("is sent at most once per second", async () => {
    for (let nth = 0; nth < 200; nth += 1) {
      sender.name(`${nth}`);
      await sender.pass(100);
    }
    expect(sender.tries.length).toBe(21);
    expect(new Set(sender.tagsTried.flat()).size).toBe(200);
  });

  it("waits at most a second after the clock was set back", async () => {
    sender.name("a");
    sender.clock.advance(-3_600);
    sender.name("b");
    await vi.advanceTimersByTimeAsync(joinMs);
    expect(sender.tries.length).toBe(2);
  });

  it("has each target once, even if requests name it several times", async () => {
    sender.name("a", "b", "b");
    await sender.pass(2_000);
    expect(sender.tagsTried).toEqual([["a"], ["b"]]);
  });

  it.each(["sent", "answered"])(
    "does not stand for a target that is named again after the entry was %s",
    async (when) => {
      const gate = closedGate();
      sender.beforeAnswer = () => gate.opened;
      sender.name("a");
      if (when === "answered") gate.open();
      await sender.pass(100);
      sender.name("a");
      await sender.pass(1_000);
      expect(sender.tries).toEqual([
        { atMs: 0, tags: ["a"] },
        { atMs: joinMs, tags: ["a"] },
      ]);
    },
  );
});

describe("while the journal is unreachable, a batch", () => {
  beforeEach(() => void (sender.isUp = false));

  it("is retried for 20 s, then counted as failed and logged without queries", async () => {
    sender.name("url:https://a.example/x?token=s3cret");
    await sender.pass(60_000);
    expect(sender.tries.map(({ atMs }) => atMs / 1_000)).toEqual([0, 1, 3, 7, 11, 15, 19]);
    expect(sender.counts).toEqual({ named: 1, widened: 0, purged: 0, failed: 1 });
    expect(sender.log).toEqual([
      "Could not write invalidations to the purge journal: url:https://a.example/x?…. " +
        "Other isolates and colos keep these responses until they expire. Purge them once the journal works.",
    ]);
  });

  it("ends within 30 s if each try takes 5 s", async () => {
    sender.beforeAnswer = slowAnswer;
    sender.name("a");
    await sender.pass(28_000);
    expect([sender.tries.length, sender.counts.failed]).toEqual([4, 1]);
  });

  it("ends after eight tries if the clock stands still", async () => {
    sender.name("a");
    await vi.advanceTimersByTimeAsync(120_000);
    expect([sender.tries.length, sender.counts.failed]).toEqual([8, 1]);
  });

  it("is accepted once the journal is back, and not counted as failed", async () => {
    sender.name("a", "b");
    await sender.pass(6_000);
    sender.isUp = true;
    await sender.pass(10_000);
    expect(sender.counts).toEqual({ named: 2, widened: 0, purged: 2, failed: 0 });
    expect(sender.log).toEqual([]);
  });

  it("takes no new targets after its first try; the next batch takes them", async () => {
    sender.name("a", "b");
    await sender.pass(500);
    sender.isUp = true;
    await sender.pass(3_000);
    expect(sender.tagsTried).toEqual([["a"], ["b"], ["a"]]);
  });

  it.each([
    { count: 3, named: ": tag 1, tag 2, tag 3." },
    { count: 5, named: ": tag 1, tag 2, tag 3 and 2 more." },
  ])("logs at most three targets of $count", async ({ count, named }) => {
    sender.name(...Array.from({ length: 1 + count }, (_, nth) => `tag ${nth}`));
    await sender.pass(60_000);
    expect(sender.log.length).toBe(2);
    expect(sender.log[1]).toContain(named);
    expect(sender.counts.failed).toBe(1 + count);
  });

  it.each([
    { slowFromMs: 0, triesCount: 3 },
    { slowFromMs: 5_000, triesCount: 5 },
  ])("is not sent by a second request while the first makes progress: %o", async (given) => {
    if (given.slowFromMs === 0) sender.beforeAnswer = slowAnswer;
    sender.name("a", "b", "c", "d");
    await sender.pass(given.slowFromMs);
    sender.beforeAnswer = slowAnswer;
    await sender.pass(60_000);
    expect(sender.tagsTried.filter((tags) => tags.includes("c")).length).toBe(given.triesCount);
    expect(sender.counts.failed).toBe(4);
  });
});
