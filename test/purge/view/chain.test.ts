// A chain that grows at both ends and lets its oldest go, beside one that is worked out anew from
// the same entries; and the bounds that it keeps to.
import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { StoredMetadata } from "../../../src/proxy/stored/stored-response.ts";
import { Chain } from "../../../src/purge/view/chain.ts";
import { type Entry, heldBytes } from "../../../src/purge/journal/entry.ts";
import { coverable } from "../../../src/purge/journal/purge-target.ts";
import { entryAt, responseWith, stampAt } from "../../../testing/examples/purges.ts";
import { shareOf } from "../../../testing/histories.ts";

/** Rule 5 and 6 word for word: looks at every entry. */
function purgedPlainly(entries: readonly Entry[], stored: StoredMetadata) {
  const { stamp } = stored;
  const since = entries.findIndex(
    ({ position, n }) => stamp !== "none" && position === stamp.position && n === stamp.n,
  );
  const { tags, paths } = coverable(stored);
  const covering = entries
    .slice(since + 1)
    .filter(({ targets }) =>
      [
        targets.tags.some((tag) => tags.includes(tag)),
        targets.prefixes.some((prefix) => paths.some((path) => path.startsWith(prefix))),
      ].includes(true),
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
const paths = fc.constantFrom(
  "/",
  "/a",
  "/a/b",
  "/a/b/c?d=/a/",
  "/ab/c",
  "/abc",
  "/a//b",
  "/c/a/b",
);
const entriesMax = 6;

describe("a chain answers as its entries do", () => {
  it("however it came to them", () => {
    const steps = fc.array(
      fc.record({ isOlder: fc.boolean(), contents: fc.array(contents, { maxLength: 4 }) }),
      { maxLength: 8 },
    );
    const asked = fc.array(fc.record({ path: paths, at: fc.nat(12), tag: fc.boolean() }), {
      minLength: 4,
    });
    let hardCount = 0;
    fc.assert(
      fc.property(contents, steps, asked, (first, taken, questions) => {
        const bounds = { entriesMax, bytesMax: Infinity };
        let entries = [entryAt("100-0", first)];
        const chain = new Chain(entries, bounds);
        for (const { isOlder, contents: more } of taken) {
          const room = entriesMax - entries.length;
          const firstOf = (of: Entry | undefined) => Number.parseInt(of?.position ?? "");
          const from = isOlder ? firstOf(entries[0]) - more.length : firstOf(entries.at(-1)) + 1;
          const added = more.map((content, at) => entryAt(`${from + at}-0`, content));
          const fits = isOlder ? chain.prepend(added) : append(chain, added);
          expect(fits).toBe(!isOlder || added.length <= room);
          const all = isOlder ? [added.slice(-room || added.length), entries] : [entries, added];
          entries = all.flat().slice(-entriesMax);
        }
        expect(chain.entries).toEqual(entries);
        expect([chain.floor.position, chain.end.position]).toEqual([
          entries[0]?.position,
          entries.at(-1)?.position,
        ]);
        expect(chain.heldBytes).toBe(entries.reduce((sum, entry) => sum + heldBytes(entry), 0));
        for (const { path, at, tag } of questions) {
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
});

function append(chain: Chain, entries: readonly Entry[]): true {
  chain.append(entries);
  return true;
}

describe("a chain keeps to its bounds", () => {
  const entries = [1, 2, 3, 4].map((at) => entryAt(`${at}-0`, { tags: [`tag:${at}`] }));
  const each = heldBytes(entryAt("1-0", { tags: ["tag:1"] }));

  it.each([
    { id: "three-fit", bytesMax: 3 * each, held: 3 },
    { id: "three-do-not", bytesMax: 3 * each - 1, held: 2 },
    { id: "not-even-one", bytesMax: 1, held: 1 },
    { id: "all-fit", bytesMax: 4 * each, held: 4 },
  ])("in bytes: $id", ({ bytesMax, held }) => {
    const chain = new Chain(entries, { entriesMax: 10, bytesMax });
    expect(chain.entries).toEqual(entries.slice(-held));
    const goneTag = { stamp: stampAt("0-0"), tags: ["1"] };
    expect(chain.purgeOf(responseWith(goneTag))?.mode).toBe(held === 4 ? "hard" : undefined);
  });

  it.each([
    { id: "room-for-both", bytesMax: 4 * each, held: 4, isAll: true },
    { id: "room-for-one", bytesMax: 4 * each - 1, held: 3, isAll: false },
    { id: "room-for-none", bytesMax: 3 * each - 1, held: 2, isAll: false },
  ])("in bytes at its older end: $id", ({ bytesMax, held, isAll }) => {
    const chain = new Chain(entries.slice(2), { entriesMax: 10, bytesMax });
    expect(chain.prepend(entries.slice(0, 2))).toBe(isAll);
    expect(chain.entries).toEqual(entries.slice(-held));
    expect(chain.knows(stampAt("3-0"))).toBe(true);
    expect(chain.knows(stampAt("2-0"))).toBe(held > 2);
  });

  it("counting what many targets take", () => {
    const tags = Array.from({ length: 800 }, (_, at) => `tag:${at}`);
    const many = Array.from({ length: 1_000 }, (_, at) => entryAt(`${at + 1}-0`, { tags }));
    const chain = new Chain(many);
    expect(chain.heldBytes).toBeLessThanOrEqual(16 * 1_048_576);
    expect(chain.entries.length).toBeLessThan(110);
    expect(chain.entries.length).toBeGreaterThan(40);
  });
});

it.each([
  { id: "url", targets: { tags: ["url:https://www.example.com/a%28b"] } },
  { id: "prefix", targets: { prefixes: ["/a%28"] } },
])("covers every spelling of a URL, as any version has written it: $id", ({ targets }) => {
  const chain = new Chain([entryAt("1-0"), entryAt("2-0", targets)]);
  const covered = ["/a%28b", "/a(b", "/a%2528b"].map((path) =>
    chain.purgeOf(responseWith({ url: `https://www.example.com${path}`, stamp: stampAt("1-0") })),
  );
  expect(covered.map((entry) => entry?.position)).toEqual(["2-0", "2-0", undefined]);
});
