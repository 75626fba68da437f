// The fields of a stored response as `Headers`, built once (RFC 9111 §3).
import { expect, it } from "vitest";
import { type FieldLine, fieldsOf, type StoredMetadata } from "../../src/http/stored-response.ts";

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
  { id: "none", lines: [], name: "etag", value: null },
  { id: "one", lines: [["etag", '"a"']], name: "ETag", value: '"a"' },
  {
    id: "combined",
    lines: [
      ["vary", "a"],
      ["vary", "b"],
    ],
    name: "vary",
    value: "a, b",
  },
  { id: "obs-text", lines: [["x", "é"]], name: "x", value: "é" },
] as const)("$id (RFC 9110 §5.3)", ({ lines, name, value }) => {
  expect(fieldsOf(metadataWith(lines)).get(name)).toBe(value);
});

it("are built once for one response, anew for another", () => {
  const metadata = metadataWith([["etag", '"a"']]);
  expect(fieldsOf(metadata)).toBe(fieldsOf(metadata));
  expect(fieldsOf(structuredClone(metadata))).not.toBe(fieldsOf(metadata));
});

it("are the same after metadata went through JSON", () => {
  const metadata = metadataWith([
    ["link", "<a>"],
    ["link", "<b>"],
  ]);
  const read = JSON.parse(JSON.stringify(metadata)) as StoredMetadata;
  expect([...fieldsOf(read)]).toEqual([...fieldsOf(metadata)]);
});
