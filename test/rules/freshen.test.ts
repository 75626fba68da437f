// Tests the update of stored fields from a 304, with one row for each kind of field (RFC 9111 §3.2,
// §4.3.4).
import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { freshenedFields, meaningChangedBy } from "../../src/rules/validators.ts";
import { type FieldLine, fieldsOf } from "../../src/rules/fields.ts";
import { seeded } from "../../testing/examples/header-text.ts";

describe("freshenedFields", () => {
  it.each([
    { id: "replaced", clause: "§3.2", name: "cache-control", kept: ["new"] },
    { id: "any-field", clause: "§3.2", name: "x-unknown", kept: ["new"] },
    { id: "content-type", clause: "§3.2", name: "content-type", kept: ["new"] },
    { id: "content-location", clause: "§3.2", name: "content-location", kept: ["new"] },
    { id: "content-foo", clause: "§3.2", name: "content-foo", kept: ["new"] },
    { id: "etag", clause: "§3.2", name: "etag", kept: ["new"] },
    { id: "date", clause: "§3.2", name: "date", kept: ["new"] },
    { id: "age", clause: "§3.2", name: "age", kept: ["new"] },
    { id: "content-length", clause: "§3.2", name: "content-length", kept: ["old"] },
    { id: "content-encoding", clause: "§3.2", name: "content-encoding", kept: ["old"] },
    { id: "content-range", clause: "§3.2", name: "content-range", kept: ["old"] },
    { id: "content-md5", clause: "§3.2", name: "content-md5", kept: ["old"] },
    { id: "content-digest", clause: "RFC 9530 §2", name: "content-digest", kept: ["old"] },
    { id: "repr-digest", clause: "RFC 9530 §3", name: "repr-digest", kept: ["old"] },
    { id: "digest", clause: "RFC 9530 §B", name: "digest", kept: ["old"] },
    { id: "set-cookie", clause: "ours, §7.3", name: "set-cookie", kept: ["old"] },
  ])("updates or keeps a stored field that the 304 has also: $id ($clause)", ({ name, kept }) => {
    expect(freshenedFields([[name, "old"]], [[name, "new"]])).toEqual(
      kept.map((value) => [name, value]),
    );
  });

  it.each([
    { id: "added", clause: "§3.2", name: "x-new", lines: [["x-new", "new"]] },
    { id: "content-length", clause: "§3.2", name: "content-length", lines: [] },
    { id: "content-encoding", clause: "§3.2", name: "content-encoding", lines: [] },
    { id: "set-cookie", clause: "ours, §7.3", name: "set-cookie", lines: [] },
  ])("adds or ignores a field that only the 304 has: $id ($clause)", ({ name, lines }) => {
    expect(freshenedFields([], [[name, "new"]])).toEqual(lines);
  });

  it("keeps stored fields that the 304 does not have, except Age (§4.2.3)", () => {
    const stored: FieldLine[] = [
      ["age", "90"],
      ["etag", '"a"'],
      ["link", "<a>"],
      ["link", "<b>"],
    ];
    expect(freshenedFields(stored, [])).toEqual(stored.slice(1));
  });

  it("keeps a weak ETag, which a server that codes bodies weakens in a 200 alone", () => {
    const kept = freshenedFields([["etag", 'W/"a"']], [["etag", '"a"']]);
    expect(kept).toEqual([["etag", 'W/"a"']]);
    expect(freshenedFields([["etag", '"a"']], [["etag", 'W/"a"']])).toEqual([["etag", 'W/"a"']]);
  });

  it("replaces all lines of a field by all lines of the 304 (§3.2)", () => {
    const stored: FieldLine[] = [
      ["link", "<a>"],
      ["link", "<b>"],
    ];
    expect(
      freshenedFields(stored, [
        ["link", "<c>"],
        ["link", "<d>"],
      ]),
    ).toEqual([
      ["link", "<c>"],
      ["link", "<d>"],
    ]);
  });

  it("changes nothing in a second update, and does not change its inputs", () => {
    const names = ["age", "etag", "date", "content-length", "content-type", "set-cookie", "x", "y"];
    const line = fc.tuple(fc.constantFrom(...names), fc.string());
    fc.assert(
      fc.property(fc.array(line), fc.array(line), (stored, update) => {
        const [storedBefore, updateBefore] = [structuredClone(stored), structuredClone(update)];
        const once = freshenedFields(stored, update);
        expect(freshenedFields(once, update)).toEqual(once);
        expect([stored, update]).toEqual([storedBefore, updateBefore]);
      }),
      seeded,
    );
  });
});

describe("meaningChangedBy", () => {
  const policy = (nonce: string) => `script-src 'nonce-${nonce}' 'self'; img-src *`;
  const stored: FieldLine[] = [
    ["content-type", "text/html; charset=utf-8"],
    ["content-language", "de"],
    ["content-encoding", "gzip"],
    ["content-security-policy", policy("abc=")],
  ];

  it.each<{ id: string; update: FieldLine[]; names: string[] }>([
    { id: "nothing", update: [["cache-control", "max-age=1"]], names: [] },
    {
      id: "other-spelling",
      update: [["content-type", "Text/HTML;charset=UTF-8"]],
      names: [],
    },
    { id: "same-nonce", update: [["content-security-policy", "x 'nonce-abc='"]], names: [] },
    { id: "type", update: [["content-type", "text/plain"]], names: ["content-type"] },
    {
      id: "charset",
      update: [["content-type", "text/html; charset=latin1"]],
      names: ["content-type"],
    },
    { id: "coding", update: [["content-encoding", "br"]], names: ["content-encoding"] },
    { id: "language", update: [["content-language", "fr"]], names: ["content-language"] },
    {
      id: "nonce",
      update: [["content-security-policy", policy("ABC=")]],
      names: ["content-security-policy"],
    },
    {
      id: "nonce-of-a-report",
      update: [["content-security-policy-report-only", policy("abc=")]],
      names: ["content-security-policy-report-only"],
    },
  ])("names the fields that give the stored body another meaning: $id", ({ update, names }) => {
    expect(meaningChangedBy(fieldsOf({ fields: update }), fieldsOf({ fields: stored }))).toEqual(
      names,
    );
  });

  it("does not name a coding if a runtime may have decoded the stored body", () => {
    const update = fieldsOf({ fields: [["content-encoding", "gzip"]] });
    expect(meaningChangedBy(update, fieldsOf({ fields: [["content-type", "text/html"]] }))).toEqual(
      [],
    );
  });
});
