// What a tier has read before is not parsed again, and nothing else is taken for it.
import { expect, it } from "vitest";
import { DecodedRecords } from "../../../src/stores/cache-api/decoded-records.ts";
import { encodeRecord } from "../../../src/cache/tiers/record-codec.ts";
import { RecordKey } from "../../../src/cache/record/record-key.ts";
import { metadataWith } from "../../../testing/examples/requests.ts";
import { responseForm } from "../../../src/proxy/stored/record-form.ts";

const key = new RecordKey("GET https://www.example.com/a", "www.example.com");
const textOf = (etag: string, keepUntilAtMs = 1) =>
  encodeRecord({ kind: "response", metadata: metadataWith({ etag }) }, keepUntilAtMs);
const fresh = (text: string) => new DecodedRecords(responseForm).decode(key, null, () => text);

it("gives what the same record came to before, and does not ask for its text", () => {
  const records = new DecodedRecords(responseForm);
  const first = records.decode(key, '"a"', () => textOf('"1"'));
  const withoutFetch = () => {
    throw new Error("Nobody was to read this.");
  };
  expect(records.decode(key, '"a"', withoutFetch)).toBe(first);
});

it.each([
  { id: "another response", text: textOf('"2"') },
  { id: "kept for longer", text: textOf('"1"', 2) },
  { id: "no record", text: "{}" },
])("reads another record under the same key: $id", ({ text }) => {
  const records = new DecodedRecords(responseForm);
  records.decode(key, '"a"', () => textOf('"1"'));
  expect(records.decode(key, '"b"', () => text)).toEqual(fresh(text));
});

it("keeps nothing of what no entity tag names", () => {
  const records = new DecodedRecords(responseForm);
  records.decode(key, null, () => textOf('"1"'));
  expect(records.last(key)).toBeUndefined();
  expect(records.decode(key, null, () => textOf('"2"'))).toEqual(fresh(textOf('"2"')));
});

it("never takes one key's record for another's", () => {
  const records = new DecodedRecords(responseForm);
  records.decode(key, '"a"', () => textOf('"1"'));
  const other = new RecordKey("GET https://www.example.com/b", "www.example.com");
  expect(records.decode(other, '"b"', () => "{}")).toBeUndefined();
});

it("keeps no more than its bound, and lets the least recently read go", () => {
  const records = new DecodedRecords(responseForm);
  const keyOf = (at: number) => new RecordKey(`GET https://www.example.com/${at}`, "a.example");
  const large = textOf(`"${"p".repeat(20_000)}"`);
  for (let at = 0; at < 30; at += 1) records.decode(keyOf(at), `"${at}"`, () => large);
  const isKept = (at: number) => records.last(keyOf(at)) !== undefined;
  expect([isKept(0), isKept(29)]).toEqual([false, true]);
});
