// What a tier has read before is not parsed again, and nothing else is taken for it.
import { expect, it } from "vitest";
import { DecodedRecords } from "../../../src/cache/tiers/decoded-records.ts";
import { encodeRecord } from "../../../src/cache/tiers/record-codec.ts";
import { RecordKey } from "../../../src/cache/record/record-key.ts";
import { metadataWith } from "../../../testing/examples/requests.ts";
import { responseForm } from "../../../src/proxy/stored/record-form.ts";

const key = new RecordKey("GET https://www.example.com/a", "www.example.com");
const textOf = (etag: string, keepUntilAtMs = 1) =>
  encodeRecord({ kind: "response", metadata: metadataWith({ etag }) }, keepUntilAtMs);
const told = (text: string, entityTag: string | null) => ({ text: () => text, entityTag });
const fresh = (text: string) => new DecodedRecords(responseForm).decode(key, told(text, null));

it("gives what the same record came to before, and does not ask for its text", () => {
  const records = new DecodedRecords(responseForm);
  const first = records.decode(key, told(textOf('"1"'), '"a"'));
  const unasked = () => {
    throw new Error("Nobody was to read this.");
  };
  expect(records.decode(key, { entityTag: '"a"', text: unasked })).toBe(first);
});

it.each([
  { id: "another response", text: textOf('"2"') },
  { id: "kept for longer", text: textOf('"1"', 2) },
  { id: "no record", text: "{}" },
])("reads another record under the same key: $id", ({ text }) => {
  const records = new DecodedRecords(responseForm);
  records.decode(key, told(textOf('"1"'), '"a"'));
  expect(records.decode(key, told(text, '"b"'))).toEqual(fresh(text));
});

it("keeps nothing of what no entity tag names", () => {
  const records = new DecodedRecords(responseForm);
  records.decode(key, told(textOf('"1"'), null));
  expect(records.last(key)).toBeUndefined();
  expect(records.decode(key, told(textOf('"2"'), null))).toEqual(fresh(textOf('"2"')));
});

it("never takes one key's record for another's", () => {
  const records = new DecodedRecords(responseForm);
  records.decode(key, told(textOf('"1"'), '"a"'));
  const other = new RecordKey("GET https://www.example.com/b", "www.example.com");
  expect(records.decode(other, told("{}", '"b"'))).toBeUndefined();
});

it("keeps no more than its bound, and lets the least recently read go", () => {
  const records = new DecodedRecords(responseForm);
  const keyOf = (at: number) => new RecordKey(`GET https://www.example.com/${at}`, "a.example");
  const large = textOf(`"${"p".repeat(20_000)}"`);
  for (let at = 0; at < 30; at += 1) records.decode(keyOf(at), told(large, `"${at}"`));
  const isKept = (at: number) => records.last(keyOf(at)) !== undefined;
  expect([isKept(0), isKept(29)]).toEqual([false, true]);
});
