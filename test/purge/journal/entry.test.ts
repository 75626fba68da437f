// What stands in the journal: every entry reads back as it was written, and one that cannot be read
// covers everything.
import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { decodeEntry, encodeEntry, lastSwitched } from "../../../src/purge/journal/entry.ts";
import { Chain } from "../../../src/purge/view/chain.ts";
import { newEntry, responseWith } from "../../../testing/examples/purges.ts";

const written = newEntry({
  n: "n1",
  mode: "soft",
  tags: ["tag:größe"],
  prefixes: ["/a/"],
  id: "msg_1",
  bodyDigest: "d",
  reason: 'a "reason"',
  by: "webhook",
  lost: "1-0 n0",
});
const fieldsOf = (changes: Record<string, string | undefined> = {}) =>
  Object.entries({ ...encodeEntry(written), ...changes }).flatMap(([name, value]) =>
    value === undefined ? [] : [name, value],
  );

const everything = { tags: ["everything"], prefixes: [] };

describe("a post of the switch", () => {
  const switched = { post: "p2", replaces: "p1", bypass: ["articles"] };
  const fields = encodeEntry({ ...newEntry({ n: "n1", mode: "soft", tags: [] }), switched });

  it("reads back as it was written", () => {
    const read = decodeEntry("1-0", Object.entries(fields).flat());
    expect(read).toMatchObject({ switched, targets: { tags: [], prefixes: [] } });
    expect(lastSwitched([read])).toEqual({
      post: "p2",
      bypass: ["articles"],
      position: "1-0",
      n: "n1",
    });
  });

  it("covers nothing for a Worker of before, which reads all fields but the added one", () => {
    const { switch: added = "", ...known } = fields;
    expect(added).not.toBe("");
    expect(known).toMatchObject({ v: "1", tags: "[]", prefixes: "[]" });
    const { switched: unknown, ...read } = decodeEntry("1-0", Object.entries(known).flat());
    expect([unknown, read.targets]).toEqual([undefined, { tags: [], prefixes: [] }]);
    const chain = new Chain([{ ...read, position: "0-1", n: "before" }, read]);
    const stamp = { position: "0-1", n: "before" };
    for (const record of [responseWith({ stamp }), responseWith()]) {
      expect([chain.purgeOf(record), chain.isPurgedByOrder(record)]).toEqual([undefined, false]);
    }
  });

  it.each(["", "{", "null", "{}", '{"post":"p","replaces":"","bypass":"all"}', '{"post":1}'])(
    "that cannot be read changes nothing and covers nothing: %s",
    (text) => {
      const read = decodeEntry("1-0", Object.entries({ ...fields, switch: text }).flat());
      expect([read.switched, read.targets]).toEqual([undefined, { tags: [], prefixes: [] }]);
    },
  );
});

describe("an entry", () => {
  it("reads back as it was written", () => {
    expect(decodeEntry("1-0", fieldsOf())).toEqual({ ...written, position: "1-0" });
  });

  it("names each target once, however often it was written", () => {
    const targets = { tags: ["tag:red", "tag:red"], prefixes: ["/a/", "/a/"] };
    const fields = Object.entries(encodeEntry(newEntry(targets))).flat();
    expect(decodeEntry("1-0", fields).targets).toEqual({ tags: ["tag:red"], prefixes: ["/a/"] });
  });

  it("whatever its targets are made of", () => {
    const texts = fc.uniqueArray(fc.string({ unit: "binary" }));
    fc.assert(
      fc.property(texts, texts, (tags, prefixes) => {
        const fields = Object.entries(encodeEntry(newEntry({ tags, prefixes }))).flat();
        expect(decodeEntry("1-0", fields).targets).toEqual({ tags, prefixes });
      }),
    );
  });

  it("has fields of newer versions passed over", () => {
    expect(decodeEntry("1-0", [...fieldsOf(), "more", "x"])).toMatchObject(written);
  });
});

describe("an entry that cannot be read covers everything, hard", () => {
  it.each<{ id: string; fields: readonly string[] }>([
    { id: "no-fields", fields: [] },
    { id: "foreign", fields: ["hello", "world"] },
    { id: "no-version", fields: fieldsOf({ v: undefined }) },
    { id: "empty-version", fields: fieldsOf({ v: "" }) },
    { id: "next-version", fields: fieldsOf({ v: "2" }) },
    { id: "no-tags", fields: fieldsOf({ tags: undefined }) },
    { id: "no-prefixes", fields: fieldsOf({ prefixes: undefined }) },
    { id: "empty-tags", fields: fieldsOf({ tags: "" }) },
    { id: "tags-cut-off", fields: fieldsOf({ tags: '["tag:a"' }) },
    { id: "tags-as-text", fields: fieldsOf({ tags: '"tag:a"' }) },
    { id: "tags-as-object", fields: fieldsOf({ tags: '{"0":"tag:a"}' }) },
    { id: "tags-null", fields: fieldsOf({ tags: "null" }) },
    { id: "a-number-among-tags", fields: fieldsOf({ tags: '["tag:a",1]' }) },
    { id: "nested-tags", fields: fieldsOf({ tags: '[["tag:a"]]' }) },
    { id: "prefixes-as-text", fields: fieldsOf({ prefixes: "/a/" }) },
    { id: "a-value-missing", fields: [...fieldsOf({ prefixes: undefined }), "prefixes"] },
  ])("$id", ({ fields }) => {
    const { mode, targets } = decodeEntry("1-0", fields);
    expect([mode, targets]).toEqual(["hard", everything]);
  });

  it.each(["", "Soft", "softer", "hard", "none"])("and only `soft` is soft: %j", (mode) => {
    const entry = decodeEntry("1-0", fieldsOf({ mode }));
    expect([entry.mode, entry.targets]).toEqual(["hard", written.targets]);
  });

  it("nor does anything in a stream make it throw", () => {
    fc.assert(
      fc.property(fc.array(fc.string()), fc.string(), (fields, position) => {
        const entry = decodeEntry(position, fields);
        expect([entry.position, entry.targets]).toEqual([position, everything]);
      }),
    );
  });
});
