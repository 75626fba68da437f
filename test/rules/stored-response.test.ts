// The fields of a stored response, read where they stand (RFC 9111 §3).
import { expect, it } from "vitest";
import { type FieldLine, fieldsOf } from "../../src/rules/fields.ts";
import type { StoredMetadata } from "../../src/proxy/stored/stored-response.ts";

const metadataWith = (fields: readonly FieldLine[]): StoredMetadata => ({
  url: "https://www.example.com/",
  route: "",
  status: 200,
  statusText: "OK",
  fields,
  requestedAtMs: 0,
  respondedAtMs: 0,
  bodyBytes: 0,
  bodyDigest: null,
  selecting: [],
  tags: [],
  stamp: "none",
  colo: "",
  fillCostMs: 0,
  jitterDraw: 0,
});

it.each([
  ["none", [], "etag", null],
  ["one", [["etag", '"a"']], "ETag", '"a"'],
  [
    "combined",
    [
      ["vary", "a"],
      ["vary", "b"],
    ],
    "vary",
    "a, b",
  ],
  ["obs-text", [["x", "é"]], "x", "é"],
] as const)("%s (RFC 9110 §5.3)", (_id, lines, name, value) => {
  expect(fieldsOf(metadataWith(lines)).get(name)).toBe(value);
});

it("are found whatever the case of the name that is asked for", () => {
  const fields = fieldsOf(metadataWith([["etag", ""]]));
  expect([fields.has("ETag"), fields.get("ETag"), fields.has("age"), fields.get("age")]).toEqual([
    true,
    "",
    false,
    null,
  ]);
});

it("are the same after metadata went through JSON", () => {
  const metadata = metadataWith([
    ["link", "<a>"],
    ["link", "<b>"],
  ]);
  const read = JSON.parse(JSON.stringify(metadata)) as StoredMetadata;
  expect(fieldsOf(read).get("link")).toBe(fieldsOf(metadata).get("link"));
});
