// Compares a growing chain, which drops its oldest entries, with a search of all its entries. Also
// tests the limits of a chain.
import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { StoredMetadata } from "../../../src/proxy/stored/stored-response.ts";
import { Chain } from "../../../src/purge/view/chain.ts";
import { type Entry, heldBytes } from "../../../src/purge/journal/entry.ts";
import { coverable } from "../../../src/purge/journal/purge-target.ts";
import { entryAt, responseWith, stampAt } from "../../../testing/examples/purges.ts";
import { shareOf } from "../../../testing/histories.ts";

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
  expect(hardCount).toBeGreaterThan(1_000);
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
