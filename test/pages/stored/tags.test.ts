// Tests which response fields and route options give a stored response its tags, by which a purge
// can name it, and how long a tag may be (RFC 9875 §2).
import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { defineConfig } from "../../../src/config/config.ts";
import type { WrittenConfig } from "../../../src/config/written.ts";
import { fieldTagsOf, taggingOf } from "../../../src/pages/stored/tags.ts";
import { tagBytes } from "../../../src/protocol/purge-order.ts";
import { askedWith } from "../../../testing/examples/requests.ts";

function tags(fields: Readonly<Record<string, string>>, route: Partial<Routes[number]> = {}) {
  const config = defineConfig({
    tagFields: ["X-Keys"],
    routes: [{ name: "article", match: "/articles/:slug", ...route }],
  });
  const request = askedWith({ url: "https://www.example.com/articles/caf%C3%A9" }, config);
  return taggingOf(fieldTagsOf(new Headers(fields), config), [], request).tags;
}
type Routes = NonNullable<WrittenConfig["routes"]>;

describe("the tags of a response", () => {
  it.each([
    { id: "none", fields: {}, found: [] },
    { id: "cache-tag", fields: { "cache-tag": "b, a,c" }, found: ["a", "b", "c"] },
    { id: "cache-tag-with-spaces", fields: { "cache-tag": "big news" }, found: ["big news"] },
    { id: "surrogate-key", fields: { "surrogate-key": "b  a\tc" }, found: ["a", "b", "c"] },
    { id: "surrogate-key-with-commas", fields: { "surrogate-key": "a,b" }, found: ["a,b"] },
    { id: "keys-of-two-lines", fields: { "surrogate-key": "b, a, , c" }, found: ["a", "b", "c"] },
    { id: "keys-with-commas-around", fields: { "surrogate-key": ",a , b,," }, found: ["a", "b"] },
    { id: "two-readings", fields: { "cache-tag": "caf\u00c3\u00a9" }, found: ["cafÃ©", "café"] },
    { id: "no-break-space", fields: { "x-keys": "a\u00a0b" }, found: ["a\u00a0b"] },
    { id: "cache-groups", fields: { "cache-groups": '"one two", "b"' }, found: ["b", "one two"] },
    { id: "configured", fields: { "x-keys": "a, b c" }, found: ["a", "b", "c"] },
    {
      id: "two-fields-without-duplicates",
      fields: { "cache-tag": "a", "x-keys": "a b" },
      found: ["a", "b"],
    },
    { id: "empty-members", fields: { "cache-tag": ", ,a,," }, found: ["a"] },
  ])("come from its fields: $id", ({ fields, found }) => {
    expect(tags(fields as Record<string, string>)).toEqual(found);
  });

  it("contain the route's list of tags", () => {
    expect(tags({ "cache-tag": "z" }, { tags: ["articles"] })).toEqual(["articles", "z"]);
  });

  it("contain the results of the route's function, which receives decoded path parameters", () => {
    expect(tags({}, { tags: ({ slug }) => [`article:${slug}`] })).toEqual(["article:café"]);
  });
});

it("reads 64 groups of 32 characters (RFC 9875 §2 demands 32)", () => {
  const groups = Array.from({ length: 64 }, (_, nth) => `${nth}`.padStart(32, "group "));
  const field = groups.map((group) => `"${group}"`).join(", ");
  expect(tags({ "cache-groups": field })).toEqual([...groups].sort());
});

describe("a tag", () => {
  it.each([
    { id: "at-the-limit", tag: "a".repeat(256), count: 1 },
    { id: "one-over", tag: "a".repeat(257), count: 0 },
    { id: "two-byte-letters-at-the-limit", tag: "é".repeat(128), count: 1 },
    { id: "two-byte-letters-over", tag: `${"é".repeat(128)}a`, count: 0 },
    { id: "four-byte-letters-at-the-limit", tag: "🌊".repeat(64), count: 1 },
    { id: "four-byte-letters-over", tag: "🌊".repeat(65), count: 0 },
  ])("is left out if it is longer than 256 bytes: $id", ({ tag, count }) => {
    expect(tags({}, { tags: [tag] })).toHaveLength(count);
  });
});

it("the length of a tag is that of its UTF-8", () => {
  const text = fc.string({ unit: fc.integer({ min: 0, max: 0xff_ff }).map(String.fromCharCode) });
  fc.assert(
    fc.property(fc.oneof(text, fc.string({ unit: "binary" })), (tag) => {
      expect(tagBytes(tag)).toBe(new TextEncoder().encode(tag).length);
    }),
    { seed: 256, numRuns: 300 },
  );
});
