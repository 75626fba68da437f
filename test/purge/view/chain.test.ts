// Compares a growing chain, which drops its oldest entries, with a search of all its entries. Also
// tests the limits of a chain.
import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { StoredMetadata } from "../../../src/pages/stored/stored-response.ts";
import { Chain } from "../../../src/purge/view/chain.ts";
import { decodeEntry, type Entry, heldBytes, markOf } from "../../../src/purge/journal/entry.ts";
import { coverable } from "../../../src/purge/journal/purge-target.ts";
import { entryAt, responseWith, stampAt } from "../../../testing/examples/purges.ts";
import { playsAll, shareOf } from "../../../testing/histories.ts";
import { usedHeapBytes } from "../../../testing/used-heap.ts";

/** Applies rules 5 and 6 by comparing every entry. */
function purgedPlainly(entries: readonly Entry[], stored: StoredMetadata) {
  const { stamp } = stored;
  const since = entries.findIndex(
    ({ position, n }) => stamp !== "none" && position === stamp.position && n === stamp.n,
  );
  const { tags, paths } = coverable(stored);
  const covering = entries
    .slice(since + 1)
    .filter(
      ({ targets }) =>
        targets.tags.some((tag) => tags.includes(tag)) ||
        targets.prefixes.some((prefix) => paths.some((path) => path.startsWith(prefix))),
    );
  return covering.findLast(({ mode }) => mode === "hard") ?? covering[0];
}

const words = fc.constantFrom("", "/", "/a", "/a/", "/a/b", "/a/bc", "/ab/", "/a//", "/a/b/c", "a");
const hosts = fc.constantFrom("", "https:", "https://www.example.com", "https://www.exam");
const prefixes = fc.tuple(hosts, words).map((parts) => parts.join(""));
const contents = fc.record({
  mode: fc.constantFrom("hard" as const, "soft" as const),
  tags: fc.array(fc.constantFrom("tag:red", "tag:blue", "everything"), { maxLength: 2 }),
  prefixes: fc.array(prefixes, { maxLength: 2 }),
});
const pathsAsked = ["/", "/a", "/a/b", "/a/b/c?d=/a/", "/ab/c", "/abc", "/a//b", "/c/a/b"];
const steps = fc.array(fc.array(contents, { maxLength: 4 }), { maxLength: 8 });
const questions = fc.array(
  fc.record({ path: fc.constantFrom(...pathsAsked), at: fc.nat(12), tag: fc.boolean() }),
  { minLength: 4 },
);
const entriesMax = 6;

it("a chain covers what its entries cover", () => {
  let hardCount = 0;
  fc.assert(
    fc.property(contents, steps, questions, (first, taken, asked) => {
      let entries = [entryAt("100-0", first)];
      const chain = new Chain(entries, { entriesMax, bytesMax: Infinity });
      for (const more of taken) {
        const from = Number.parseInt(entries.at(-1)?.position ?? "") + 1;
        const added = more.map((content, at) => entryAt(`${from + at}-0`, content));
        chain.append(added);
        entries = [...entries, ...added].slice(-entriesMax);
      }
      expect(chain.entries).toEqual(entries);
      const ends = [entries[0]?.position, entries.at(-1)?.position];
      expect([chain.floor.position, chain.end.position]).toEqual(ends);
      expect(chain.heldBytes).toBe(entries.reduce((sum, entry) => sum + heldBytes(entry), 0));
      for (const { path, at, tag } of asked) {
        const stamp = stampAt(`${Number.parseInt(entries[0]?.position ?? "") + at - 2}-0`);
        const url = `https://www.example.com${path}`;
        const stored = responseWith({ url, stamp, tags: tag ? ["red"] : [] });
        expect(chain.purgeOf(stored)).toBe(purgedPlainly(entries, stored));
        if (chain.purgeOf(stored)?.mode === "hard") hardCount += 1;
      }
    }),
    { seed: 9_111, numRuns: shareOf(2_000) },
  );
  expect(hardCount).toBeGreaterThan(playsAll ? 1_000 : 833);
});

it("a record is clear while the chain knows its stamp, and no later entry covers it", () => {
  const counts = { clear: 0, covered: 0, dropped: 0 };
  fc.assert(
    fc.property(contents, steps, questions, (first, taken, asked) => {
      const chain = new Chain([entryAt("100-0", first)], { entriesMax, bytesMax: Infinity });
      const records = asked.map(({ path, at, tag }) => {
        const url = `https://www.example.com${path}`;
        return responseWith({ url, stamp: stampAt(`${100 + at}-0`), tags: tag ? ["red"] : [] });
      });
      for (const more of [[], ...taken]) {
        const from = Number.parseInt(chain.end.position) + 1;
        chain.append(more.map((content, at) => entryAt(`${from + at}-0`, content)));
        for (const record of records) {
          const isCovered = purgedPlainly(chain.entries, record) !== undefined;
          const isKnown = chain.knows(record.stamp);
          const isClear = isKnown && !isCovered;
          expect([chain.isClear(record), chain.isClear(record)]).toEqual([isClear, isClear]);
          counts[isClear ? "clear" : isKnown ? "covered" : "dropped"] += 1;
          // A judgement replaces the stamp of a record (rule 27 b).
          const floor = { ...record, stamp: chain.floor };
          const isClearFromFloor = purgedPlainly(chain.entries, floor) === undefined;
          const { stamp } = record;
          Object.assign(record, { stamp: chain.floor });
          expect(chain.isClear(record)).toBe(isClearFromFloor);
          Object.assign(record, { stamp });
        }
      }
    }),
    { seed: 9_111, numRuns: shareOf(500) },
  );
  for (const count of Object.values(counts)) expect(count).toBeGreaterThan(100);
});

it("a record under many purges is judged by the same entry as in a search of all", () => {
  fc.assert(
    fc.property(fc.array(contents, { minLength: 100, maxLength: 200 }), (all) => {
      const entries = all.map((content, at) => entryAt(`${at}-0`, { ...content, mode: "soft" }));
      const chain = new Chain(entries, { entriesMax: 80, bytesMax: Infinity });
      for (const { position } of chain.entries) {
        const stored = responseWith({ stamp: stampAt(position), tags: ["red"] });
        expect(chain.purgeOf(stored)).toBe(purgedPlainly(chain.entries, stored));
      }
    }),
    { seed: 9_111, numRuns: shareOf(100) },
  );
});

describe("the bytes of a chain", () => {
  const entries = [1, 2, 3, 4].map((at) => entryAt(`${at}-0`, { tags: [`tag:${at}`] }));
  const each = heldBytes(entryAt("1-0", { tags: ["tag:1"] }));

  it.each([
    { id: "room for three", bytesMax: 3 * each, held: 3 },
    { id: "a byte less", bytesMax: 3 * each - 1, held: 2 },
    { id: "room for none", bytesMax: 1, held: 1 },
    { id: "room for all", bytesMax: 4 * each, held: 4 },
  ])("are bounded: $id", ({ bytesMax, held }) => {
    const chain = new Chain(entries, { entriesMax: 10, bytesMax });
    expect(chain.entries).toEqual(entries.slice(-held));
    const ofFirst = responseWith({ stamp: stampAt("0-0"), tags: ["1"] });
    expect(chain.purgeOf(ofFirst)?.mode).toBe(held === 4 ? "hard" : undefined);
  });

  it("are bounded when the chain grows", () => {
    const chain = new Chain(entries.slice(0, 2), { entriesMax: 10, bytesMax: 3 * each });
    chain.append(entries.slice(2));
    expect(chain.entries).toEqual(entries.slice(1));
    const known = ["1-0", "2-0"].map((position) => chain.knows(stampAt(position)));
    expect(known).toEqual([false, true]);
  });

  it("include the targets, and are at most 16 MiB by default", () => {
    const tags = Array.from({ length: 800 }, (_, at) => `tag:${at}`);
    const chain = new Chain(
      Array.from({ length: 1_000 }, (_, at) => entryAt(`${at + 1}-0`, { tags })),
    );
    expect(chain.heldBytes).toBeLessThanOrEqual(16 * 1_048_576);
    expect(chain.entries.length).toBeLessThan(110);
    expect(chain.entries.length).toBeGreaterThan(40);
  });
});

it.each(["hard", "soft"] as const)("a chain of %s purges takes at most its estimate", (mode) => {
  const before = usedHeapBytes();
  const entries = Array.from({ length: 1_400 }, (_, at) => {
    const tags = JSON.stringify(Array.from({ length: 50 }, (_each, tag) => `tag:${at}-${tag}`));
    const fields = { v: "1", n: `${at}`, mode, tags, prefixes: "[]" };
    return decodeEntry(`${at}-0`, Object.entries(fields).flat());
  });
  const chain = new Chain(entries);
  entries.length = 0;
  expect(usedHeapBytes() - before).toBeLessThan(chain.heldBytes);
  expect(chain.entries.length).toBe(1_400);
});

it.each([
  { id: "url", targets: { tags: ["url:https://www.example.com/a%28b"] } },
  { id: "prefix", targets: { prefixes: ["/a%28"] } },
])("a chain covers every spelling of a URL: $id", ({ targets }) => {
  const chain = new Chain([entryAt("1-0"), entryAt("2-0", targets)]);
  const covered = ["/a%28b", "/a(b", "/a%2528b"].map((path) =>
    chain.purgeOf(responseWith({ url: `https://www.example.com${path}`, stamp: stampAt("1-0") })),
  );
  expect(covered.map((entry) => entry?.position)).toEqual(["2-0", "2-0", undefined]);
});

describe("a chain that has dropped its two oldest entries", () => {
  const entries = [1, 2, 3, 4, 5, 6].map((at) => entryAt(`${at}-0`));
  const chain = new Chain(entries, { entriesMax: 4, bytesMax: Infinity });

  it.each([
    { id: "all after the first", after: "3-0", upTo: "6-0", found: ["4-0", "5-0", "6-0"] },
    { id: "some in the middle", after: "4-0", upTo: "5-0", found: ["5-0"] },
    { id: "none after the last", after: "6-0", upTo: "6-0", found: [] },
    { id: "nothing after a dropped entry", after: "2-0", upTo: "6-0", found: undefined },
    { id: "nothing up to a dropped entry", after: "3-0", upTo: "2-0", found: undefined },
  ])("returns the entries between two places: $id", ({ after, upTo, found }) => {
    const between = chain.between(stampAt(after), stampAt(upTo));
    expect(between?.map(({ position }) => position)).toEqual(found);
  });
});

describe("the newest purge of a record in a chain", () => {
  const hard = entryAt("1000-0", { tags: ["tag:red"] });
  const soft = entryAt("2000-0", { tags: ["tag:red"], mode: "soft" });
  const green = entryAt("3000-0", { tags: ["tag:green"] });
  const ofPath = entryAt("4000-0", { prefixes: ["/a/"] });

  it.each([
    { id: "hard", entries: [hard, green], atMs: 1_000 },
    { id: "soft after hard", entries: [hard, soft, green], atMs: 2_000 },
    { id: "of another target", entries: [hard, soft, ofPath], atMs: 4_000 },
    { id: "none", entries: [green], atMs: -Infinity },
  ])("has the time of its acceptance, also before the stamp: $id", ({ entries, atMs }) => {
    const stamp = stampAt(entries.at(-1)?.position ?? "");
    expect(new Chain(entries).lastPurgeAtMs(responseWith({ stamp }))).toBe(atMs);
  });
});

describe("a chain may lack a purge since an instant", () => {
  const [first, later] = ["random.1.7", "random.11.1"].map((n) => entryAt("1000-0", { n }));

  it.each([
    { id: "before its oldest entry", oldest: later, sinceMs: 1_000, mayLack: true },
    { id: "not after that entry", oldest: later, sinceMs: 1_001, mayLack: false },
    { id: "not before the journal's first entry", oldest: first, sinceMs: 1, mayLack: false },
    {
      id: "until it read that entry",
      oldest: later,
      heardAtMs: 9_000,
      sinceMs: 9_000,
      mayLack: true,
    },
  ])("$id", ({ oldest, heardAtMs, sinceMs, mayLack }) => {
    const chain = new Chain([entryAt("1-0")], { entriesMax: 1, bytesMax: Infinity });
    chain.append([oldest!], heardAtMs);
    expect(chain.mayLackSince(sinceMs)).toBe(mayLack);
  });
});

describe("a chain that may cover an answer of a cache (rule 29)", () => {
  const first = entryAt("1000-0", { n: "random.1.7", tags: ["tag:green"] });
  const later = entryAt("1000-0", { n: "random.11.1", tags: ["tag:green"] });
  const beginning = entryAt("1000-0", markOf("", "n1"));
  const loss = entryAt("2000-0", markOf("500-0 n0", "n2"));
  const red = entryAt("2000-0", { tags: ["tag:red"], mode: "soft" });
  const green = entryAt("2000-0", { tags: ["tag:green"] });

  it.each([
    { id: "a covering entry at that time", entries: [first, red], sinceMs: 2_000, mayCover: true },
    { id: "an earlier one", entries: [first, red], sinceMs: 2_001, mayCover: false },
    { id: "a mark of a loss", entries: [beginning, loss], sinceMs: 2_000, mayCover: true },
    { id: "the mark that begins", entries: [beginning, green], sinceMs: 1, mayCover: false },
    { id: "no covering one since the first", entries: [first, green], sinceMs: 1, mayCover: false },
    { id: "entries before the oldest", entries: [later, green], sinceMs: 1_000, mayCover: true },
    { id: "none since the oldest", entries: [later, green], sinceMs: 1_001, mayCover: false },
  ])("has $id: $mayCover", ({ entries, sinceMs, mayCover }) => {
    const stamp = stampAt("2000-0");
    expect(new Chain(entries).mayCoverSince(responseWith({ stamp }), sinceMs)).toBe(mayCover);
  });
});

describe("dropped entries use no memory", () => {
  const long = "x".repeat(100_000);

  it.each([
    { id: "a position", entryOf: (at: number) => entryAt(`${at}-${at}${"0".repeat(100_000)}`) },
    { id: "a hard purge", entryOf: (at: number) => entryAt(`${at}-0`, { tags: [`${at}${long}`] }) },
    {
      id: "a soft purge",
      entryOf: (at: number) => entryAt(`${at}-0`, { tags: [`${at}${long}`], mode: "soft" }),
    },
  ])("for $id", ({ entryOf }) => {
    const chain = new Chain([entryAt("1-0")], { entriesMax: 1, bytesMax: Infinity });
    const before = usedHeapBytes();
    for (let at = 2; at < 102; at += 1) chain.append([entryOf(at)]);
    expect(usedHeapBytes() - before).toBeLessThan(5_000_000);
    expect(chain.entries.length).toBe(1);
  });
});
