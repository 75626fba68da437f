// Entries of the journal: decoding restores an encoded entry, and an unreadable entry covers
// everything.
import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  decodeEntry,
  encodeEntry,
  heldBytes,
  isBeginning,
  isOrdered,
  lastSwitched,
  releasesIn,
  markOf,
} from "../../../src/purge/journal/entry.ts";
import { nothing, releaseTags } from "../../../src/purge/journal/purge-target.ts";
import { Chain } from "../../../src/purge/view/chain.ts";
import { entryAt, newEntry, responseWith } from "../../../testing/examples/purges.ts";

const red = newEntry({ n: "n1", mode: "soft", tags: ["tag:red"], prefixes: ["/a/"] });
const flat = (fields: Readonly<Record<string, string>>) => Object.entries(fields).flat();
const fieldsOf = (changes: Record<string, string | undefined> = {}) =>
  Object.entries({ ...encodeEntry(red), ...changes }).flatMap(([name, value]) =>
    value === undefined ? [] : [name, value],
  );

describe("an entry", () => {
  const text = fc.oneof(fc.string({ unit: "binary" }), fc.string({ unit: "grapheme" }));
  const entries = fc.record({
    n: text,
    mode: fc.constantFrom("hard" as const, "soft" as const),
    targets: fc.record({ tags: fc.uniqueArray(text), prefixes: fc.uniqueArray(text) }),
    id: text,
    bodyDigest: text,
    reason: text,
    by: text,
    lost: text,
  });

  it("is restored by decoding, in any order of its fields", () => {
    fc.assert(
      fc.property(entries, text, fc.boolean(), (entry, position, isReversed) => {
        const pairs = Object.entries(encodeEntry(entry));
        const fields = (isReversed ? pairs.toReversed() : pairs).flat();
        expect(decodeEntry(position, fields)).toEqual({ ...entry, position });
      }),
      { seed: 9_875, numRuns: 200 },
    );
  });

  it("has each target once", () => {
    const targets = { tags: ["tag:red", "tag:red"], prefixes: ["/a/", "/a/"] };
    const decoded = decodeEntry("1-0", flat(encodeEntry(newEntry(targets))));
    expect(decoded.targets).toEqual({ tags: ["tag:red"], prefixes: ["/a/"] });
  });

  it("may have fields of newer versions", () => {
    expect(decodeEntry("1-0", [...fieldsOf(), "more", "x"])).toMatchObject(red);
  });

  it("is read without a name at its end that has no value", () => {
    expect(decodeEntry("1-0", [...fieldsOf(), "n"])).toEqual({ ...red, position: "1-0" });
  });

  it("has an empty text for each missing field", () => {
    const texts = { n: "", id: "", bodyDigest: "", reason: "", by: "", lost: "" };
    expect(decodeEntry("1-0", [])).toMatchObject(texts);
  });
});

describe("a mark, which covers everything", () => {
  const mark = {
    n: "n1",
    mode: "hard",
    targets: { tags: ["everything"], prefixes: [] },
    id: "",
    bodyDigest: "",
    by: "tidemark",
  };

  it.each([
    { id: "an empty journal", lost: "", reason: "the journal was empty" },
    { id: "a lost entry", lost: "1-0 n0", reason: "the journal has lost entries" },
  ])("says who wrote it, and why: $id", ({ lost, reason }) => {
    expect(markOf(lost, "n1")).toEqual({ ...mark, lost, reason });
  });

  it.each([
    { id: "the mark of an empty journal", entry: markOf("", "n1"), expected: true },
    { id: "the mark of a lost entry", entry: markOf("1-0 n0", "n1"), expected: false },
    {
      id: "a sender who gives the same reason",
      entry: newEntry({ reason: "the journal was empty" }),
      expected: false,
    },
  ])("begins the journal only if the journal was empty: $id", ({ entry, expected }) => {
    expect(isBeginning(entry)).toBe(expected);
  });
});

it.each([
  { id: "a hard purge", entry: entryAt("1-0"), expected: true },
  { id: "a mark", entry: entryAt("1-0", markOf("", "n1")), expected: true },
  { id: "a soft purge", entry: entryAt("1-0", { mode: "soft" }), expected: false },
  { id: "an invalidation", entry: entryAt("1-0", { by: "invalidation" }), expected: false },
])(
  "a hard purge or a mark forbids validation, but an invalidation does not: $id",
  ({ entry, expected }) => {
    expect(isOrdered(entry)).toBe(expected);
  },
);

describe("the estimated memory of an entry", () => {
  const bytesOf = (changes: Parameters<typeof newEntry>[0]) => heldBytes(entryAt("1-0", changes));
  const long = "x".repeat(1_000);
  const routes = Array.from({ length: 100 }, (_, at) => `route-${at}`);
  const switched = { post: "p1", replaces: "", bypass: routes };

  it.each([
    { id: "a tag", changes: { tags: [long] }, chars: 1_000 },
    { id: "a prefix", changes: { prefixes: [long] }, chars: 1_000 },
    { id: "a prefix of 100 segments", changes: { prefixes: ["a/".repeat(100)] }, chars: 200 },
    { id: "a reason", changes: { reason: long }, chars: 1_000 },
    { id: "a post of the switch", changes: { switched }, chars: routes.join("").length },
  ])("includes two bytes for each character: $id", ({ changes, chars }) => {
    expect(bytesOf(changes) - bytesOf({})).toBeGreaterThanOrEqual(2 * chars);
  });

  it("depends on the segments of a prefix, because each segment is indexed", () => {
    const [one, many] = [long, `${"a".repeat(9)}/`.repeat(100)];
    expect(bytesOf({ prefixes: [one] })).toBeLessThan(4_000);
    expect(bytesOf({ prefixes: [many] })).toBeGreaterThan(20_000);
  });
});

describe("a post of the switch", () => {
  const switched = { post: "p2", replaces: "p1", bypass: ["articles"] };
  const fields = encodeEntry(newEntry({ n: "n1", mode: "soft", targets: nothing, switched }));

  it("is restored by decoding", () => {
    const read = decodeEntry("1-0", flat(fields));
    expect(read).toMatchObject({ switched, targets: nothing });
    const state = { post: "p2", bypass: ["articles"], position: "1-0", n: "n1" };
    expect(lastSwitched([read])).toEqual(state);
    expect(lastSwitched([read, entryAt("2-0")])).toEqual(state);
  });

  it("covers nothing", () => {
    const read = decodeEntry("1-0", flat(fields));
    const chain = new Chain([{ ...read, position: "0-1", n: "before" }, read]);
    const stamp = { position: "0-1", n: "before" };
    for (const record of [responseWith({ stamp }), responseWith()]) {
      expect([chain.purgeOf(record), chain.isPurgedByOrder(record)]).toEqual([undefined, false]);
    }
  });

  it.each([
    ["{", "1-"],
    ["null", "1-"],
    ["{}", "1-"],
    ['{"post":"p","replaces":"","bypass":"all"}', "p"],
    ['{"post":1}', "1-"],
  ])("bypasses everything and covers nothing if it has another form: %s", (text, post) => {
    const read = decodeEntry("1-0", flat({ ...fields, switch: text }));
    const bypassed = { post, replaces: "", bypass: true };
    expect([read.switched, read.targets]).toEqual([bypassed, nothing]);
  });
});

describe("an unreadable entry is a hard purge of everything", () => {
  const everything = { tags: ["everything"], prefixes: [] };

  it.each<{ id: string; fields: readonly string[] }>([
    { id: "no fields", fields: [] },
    { id: "foreign fields", fields: ["hello", "world"] },
    { id: "no version", fields: fieldsOf({ v: undefined }) },
    { id: "empty version", fields: fieldsOf({ v: "" }) },
    { id: "next version", fields: fieldsOf({ v: "2" }) },
    { id: "no tags", fields: fieldsOf({ tags: undefined }) },
    { id: "no prefixes", fields: fieldsOf({ prefixes: undefined }) },
    { id: "empty tags", fields: fieldsOf({ tags: "" }) },
    { id: "truncated tags", fields: fieldsOf({ tags: '["tag:a"' }) },
    { id: "tags as text", fields: fieldsOf({ tags: '"tag:a"' }) },
    { id: "tags as object", fields: fieldsOf({ tags: '{"0":"tag:a"}' }) },
    { id: "null as tags", fields: fieldsOf({ tags: "null" }) },
    { id: "a number among tags", fields: fieldsOf({ tags: '["tag:a",1]' }) },
    { id: "nested tags", fields: fieldsOf({ tags: '[["tag:a"]]' }) },
    { id: "prefixes as text", fields: fieldsOf({ prefixes: "/a/" }) },
    { id: "a field without a value", fields: [...fieldsOf({ prefixes: undefined }), "prefixes"] },
  ])("$id", ({ fields }) => {
    const { mode, targets } = decodeEntry("1-0", fields);
    expect([mode, targets]).toEqual(["hard", everything]);
  });

  it("still tells the release and the post that it has", () => {
    const switched = JSON.stringify({ post: "p1", replaces: "", bypass: ["articles"] });
    const tags = JSON.stringify(releaseTags("two"));
    const read = decodeEntry("1-0", fieldsOf({ v: "2", tags, switch: switched }));
    expect(releasesIn([read])).toEqual([{ id: "two", position: "1-0" }]);
    expect(read.targets.tags).toContain("everything");
    expect(lastSwitched([read])).toMatchObject({ post: "p1", bypass: ["articles"] });
  });

  it.each(["", "Soft", "softer", "hard", "none"])("any mode but `soft` is hard: %j", (mode) => {
    const entry = decodeEntry("1-0", fieldsOf({ mode }));
    expect([entry.mode, entry.targets]).toEqual(["hard", red.targets]);
  });

  it("decoding never throws, whatever the fields are", () => {
    fc.assert(
      fc.property(fc.array(fc.string()), fc.string(), (fields, position) => {
        const entry = decodeEntry(position, fields);
        expect([entry.position, entry.targets]).toEqual([position, everything]);
      }),
    );
  });
});
