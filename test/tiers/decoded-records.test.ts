// What a tier has read before is not parsed again, and nothing else is taken for it.
import { expect, it } from "vitest";
import { DecodedRecords } from "../../src/tiers/decoded-records.ts";
import { encodeRecord } from "../../src/tiers/record-codec.ts";
import { RecordKey } from "../../src/tiers/record-key.ts";
import { metadataWith } from "../serve/examples.ts";

const key = new RecordKey("GET https://www.example.com/a", "www.example.com");
const textOf = (etag: string, keepUntilAtMs = 1) =>
  encodeRecord({ kind: "response", metadata: metadataWith({ etag }) }, keepUntilAtMs);
const told = (text: string, entityTag: string | null = null) => ({ text, entityTag });

it("gives what the same text came to before", () => {
  const records = new DecodedRecords();
  const first = records.decode(key, told(textOf('"1"')));
  expect(records.decode(key, told(textOf('"1"')))).toBe(first);
});

it.each([
  { id: "another response", text: textOf('"2"') },
  { id: "kept for longer", text: textOf('"1"', 2) },
  { id: "no record", text: "{}" },
])("gives a new one for another text: $id", ({ text }) => {
  const records = new DecodedRecords();
  records.decode(key, told(textOf('"1"')));
  expect(records.decode(key, told(text))).toEqual(new DecodedRecords().decode(key, told(text)));
});

it("never takes one key's record for another's", () => {
  const records = new DecodedRecords();
  records.decode(key, told(textOf('"1"')));
  const other = new RecordKey("GET https://www.example.com/b", "www.example.com");
  expect(records.decode(other, told("{}"))).toBeUndefined();
});
