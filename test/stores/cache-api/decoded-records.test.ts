// Tests the cache of decoded records. A kept record is not parsed again, and is never returned in
// place of another record.
import { expect, it } from "vitest";
import { DecodedRecords } from "../../../src/stores/cache-api/decoded-records.ts";
import { encodeRecord } from "../../../src/cache/tiers/record-codec.ts";
import { RecordKey } from "../../../src/cache/record/record-key.ts";
import { metadataWith } from "../../../testing/examples/requests.ts";
import { responseForm } from "../../../src/pages/stored/response-form.ts";

const key = new RecordKey("GET https://www.example.com/a", "www.example.com");
const textOf = (etag: string, keepUntilAtMs = 1) =>
  encodeRecord({ kind: "response", metadata: metadataWith({ etag }) }, keepUntilAtMs, responseForm);
const fresh = (text: string) => new DecodedRecords(responseForm).decode(key, null, () => text);

it("returns a decoded record again without reading its text", () => {
  const records = new DecodedRecords(responseForm);
  const first = records.decode(key, '"a"', () => textOf('"1"'));
  const withoutFetch = () => {
    throw new Error("The text of a decoded record was read.");
  };
  expect(records.decode(key, '"a"', withoutFetch)).toBe(first);
});

it.each([
  { id: "another response", text: textOf('"2"') },
  { id: "another expiry", text: textOf('"1"', 2) },
  { id: "not a record", text: "{}" },
])("decodes another record under the same key: $id", ({ text }) => {
  const records = new DecodedRecords(responseForm);
  records.decode(key, '"a"', () => textOf('"1"'));
  expect(records.decode(key, '"b"', () => text)).toEqual(fresh(text));
});

it("does not keep a record without an entity tag", () => {
  const records = new DecodedRecords(responseForm);
  records.decode(key, null, () => textOf('"1"'));
  expect(records.last(key)).toBeUndefined();
  expect(records.decode(key, null, () => textOf('"2"'))).toEqual(fresh(textOf('"2"')));
});

it("does not return the record of another key", () => {
  const records = new DecodedRecords(responseForm);
  records.decode(key, '"a"', () => textOf('"1"'));
  const other = new RecordKey("GET https://www.example.com/b", "www.example.com");
  expect(records.decode(other, '"b"', () => "{}")).toBeUndefined();
});

it("evicts the oldest records beyond its limit in bytes", () => {
  const records = new DecodedRecords(responseForm);
  const keyOf = (at: number) => new RecordKey(`GET https://www.example.com/${at}`, "a.example");
  const large = textOf(`"${"p".repeat(20_000)}"`);
  for (let at = 0; at < 30; at += 1) records.decode(keyOf(at), `"${at}"`, () => large);
  const isKept = (at: number) => records.last(keyOf(at)) !== undefined;
  expect([isKept(0), isKept(29)]).toEqual([false, true]);
});
