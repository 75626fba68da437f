// Purges that an isolate has accepted but not read, in any order. overlay.test.ts tests them in a
// view.
import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { heldBytes } from "../../../src/purge/journal/entry.ts";
import { AcceptedPurges, decisive } from "../../../src/purge/view/accepted-purges.ts";
import { entryAt, responseWith, stampAt } from "../../../testing/examples/purges.ts";
import { shareOf } from "../../../testing/histories.ts";
import { usedHeapBytes } from "../../../testing/used-heap.ts";

const red = (position: string, mode: "hard" | "soft" = "hard") =>
  entryAt(position, { tags: ["tag:red"], prefixes: ["/a/"], mode });

/** A post that makes all requests bypass the cache. */
const post = (position: string) =>
  entryAt(position, { switched: { post: `post ${position}`, replaces: "", bypass: true } });

function accepted(...entries: readonly ReturnType<typeof entryAt>[]): AcceptedPurges {
  const purges = new AcceptedPurges();
  for (const [atMs, entry] of entries.entries()) purges.add(entry, atMs);
  return purges;
}

describe("accepted purges cover responses with any stamp but their own", () => {
  const one = [red("2-0")];
  // The answer to the later of two appends may come first.
  const two = [red("3-0"), red("2-0")];
  it.each([
    { id: "no purge", entries: [], stamp: stampAt("1-0"), mode: undefined },
    { id: "older stamp", entries: one, stamp: stampAt("1-0"), mode: "hard" },
    { id: "no stamp", entries: one, stamp: "none", mode: "hard" },
    { id: "newer stamp", entries: one, stamp: stampAt("9-0"), mode: "hard" },
    { id: "its own place", entries: one, stamp: stampAt("2-0"), mode: undefined },
    { id: "its position, another n", entries: one, stamp: stampAt("2-0", "x"), mode: "hard" },
    { id: "between two", entries: two, stamp: stampAt("2-0"), mode: "hard" },
    { id: "the later of two", entries: two, stamp: stampAt("3-0"), mode: "hard" },
    { id: "soft", entries: [red("2-0", "soft")], stamp: "none", mode: "soft" },
  ] as const)("$id: $mode", ({ entries, stamp, mode }) => {
    expect(accepted(...entries).purgeOf(responseWith({ stamp }))?.mode).toBe(mode);
  });
});

it("accepted purges judge as a search of all does, in any order of acceptance", () => {
  const one = fc.record({
    at: fc.nat(30),
    mode: fc.constantFrom("hard" as const, "soft" as const),
    tags: fc.subarray(["tag:red", "tag:blue", "tag:green"]),
    isForgotten: fc.boolean(),
  });
  fc.assert(
    fc.property(fc.array(one), (all) => {
      const own = `${all[3]?.at ?? 0}-0`;
      const purges = new AcceptedPurges();
      const entries = all.map((each, n) => entryAt(`${each.at}-0`, { ...each, n: `${n}` }));
      for (const entry of entries) purges.add(entry, 0);
      for (const [n, { isForgotten }] of all.entries()) if (isForgotten) purges.forget(`${n}`);
      const stored = responseWith({ tags: ["red", "blue"], stamp: stampAt(own, "3") });
      const covering = entries.filter(
        ({ n, targets }) =>
          all[Number(n)]?.isForgotten === false &&
          n !== "3" &&
          targets.tags.some((tag) => tag !== "tag:green"),
      );
      const expected = covering.reduce<(typeof covering)[0] | undefined>(decisive, undefined);
      const found = purges.purgeOf(stored);
      expect([found?.mode, found?.position]).toEqual([expected?.mode, expected?.position]);
      const isHard = covering.some(({ mode }) => mode === "hard");
      expect(purges.isPurgedByOrder(stored)).toBe(isHard);
      const lastAtMs = Math.max(...covering.map(({ position }) => Number.parseInt(position)));
      expect(purges.lastPurgeAtMs(stored)).toBe(lastAtMs);
    }),
    { seed: 9_111, numRuns: shareOf(1_000) },
  );
});

it.each([
  { latestAtMs: -1, found: [] },
  { latestAtMs: 1, found: ["1-0", "2-0"] },
  { latestAtMs: 2, found: ["1-0", "2-0", "3-0"] },
])("accepted purges up to $latestAtMs ms: $found", ({ latestAtMs, found }) => {
  const purges = accepted(red("1-0"), red("2-0"), red("3-0"));
  expect(purges.upTo(latestAtMs).map(({ n }) => n)).toEqual(found);
});

describe("accepted purges are forgotten", () => {
  it("one by one, in any order", () => {
    const purges = accepted(red("1-0"), red("2-0", "soft"), red("3-0"));
    const modes = ["3-0", "1-0", "2-0", "2-0"].map((n) => {
      purges.forget(n);
      return purges.purgeOf(responseWith())?.mode;
    });
    expect(modes).toEqual(["hard", "soft", undefined, undefined]);
    expect(purges.upTo(Infinity)).toEqual([]);
  });

  it("before the millisecond in which a mark was sent", () => {
    const purges = accepted(red("1-0"), red("2-0"), red("3-0"));
    purges.forgetBefore(1);
    expect(purges.upTo(Infinity).map(({ n }) => n)).toEqual(["2-0", "3-0"]);
  });

  it("by one call if they were added twice", () => {
    const other = entryAt("3-0", { tags: ["tag:other"] });
    const purges = accepted(red("1-0"), { ...red("2-0"), n: "1-0" }, other);
    expect(purges.upTo(Infinity).map(({ position }) => position)).toEqual(["2-0", "3-0"]);
    purges.forget("1-0");
    expect(purges.purgeOf(responseWith())?.mode).toBe(undefined);
  });

  it("one by one, although those beyond 4 MiB cover everything", () => {
    const tags = Array.from({ length: 800 }, (_, at) => `tag:${at}`);
    const purges = new AcceptedPurges();
    for (let at = 0; at < 100; at += 1) purges.add(entryAt(`${at}-0`, { tags, mode: "soft" }), at);
    expect(purges.purgeOf(responseWith())?.mode).toBe("hard");
    expect(purges.upTo(Infinity).length).toBe(100);
    for (let at = 99; at > 0; at -= 1) purges.forget(`${at}-0`);
    expect(purges.purgeOf(responseWith())?.mode).toBe(undefined);
    expect(purges.purgeOf(responseWith({ tags: ["7"] }))?.mode).toBe("soft");
  });

  it("without a trace in memory", () => {
    const purges = new AcceptedPurges();
    const long = "x".repeat(100_000);
    const before = usedHeapBytes();
    for (let at = 1; at <= 100; at += 1) {
      purges.add(entryAt(`${at}-0`, { tags: [`${at}${long}`] }), at);
      purges.forget(`${at}-0`);
    }
    expect(usedHeapBytes() - before).toBeLessThan(5_000_000);
    expect(purges.upTo(Infinity)).toEqual([]);
  });
});

describe("the limit of 4 MiB", () => {
  const bytesMax = 4 * 1_048_576;
  const green = (at: number) => entryAt(`${at}-0`, { tags: ["tag:green"] });
  /** An entry of this many estimated bytes, two per character. */
  const ofBytes = (bytes: number) => {
    const reason = "x".repeat((bytes - heldBytes(green(1))) / 2);
    return { ...green(1), reason };
  };

  it.each([
    { id: "is reached by one", entries: [ofBytes(bytesMax)], covers: undefined },
    { id: "is exceeded by one", entries: [ofBytes(bytesMax + 2)], covers: "1-0" },
    { id: "is exceeded by the second", entries: [ofBytes(bytesMax), green(2)], covers: "2-0" },
    {
      id: "is reached by two",
      entries: [ofBytes(bytesMax - heldBytes(green(2))), green(2)],
      covers: undefined,
    },
  ])("only makes a purge cover everything if the purge exceeds it: $id", ({ entries, covers }) => {
    expect(accepted(...entries).purgeOf(responseWith())?.position).toBe(covers);
  });

  it("does not count forgotten purges", () => {
    const purges = accepted(ofBytes(bytesMax));
    purges.forget("1-0");
    purges.add(green(2), 0);
    expect(purges.purgeOf(responseWith())).toBeUndefined();
    expect(purges.purgeOf(responseWith({ tags: ["green"] }))?.position).toBe("2-0");
  });

  it("does not make a post of the switch cover anything", () => {
    const purges = accepted(ofBytes(bytesMax), post("2-0"));
    expect(purges.purgeOf(responseWith())).toBeUndefined();
  });
});
