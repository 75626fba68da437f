// Tests the cache of decoded records. A kept record is not parsed again, and is never returned in
// place of another record.
import { expect, it } from "vitest";
import { DecodedRecords } from "../../../src/stores/cache-api/decoded-records.ts";
import { encodeRecord } from "../../../src/cache/tiers/record-codec.ts";
import { metadataWith } from "../../../testing/examples/requests.ts";
import { responseForm } from "../../../src/pages/stored/response-form.ts";

const address = "https://www.example.com/_cache/stored/a";
const at = (entityTag: string | null) => ({ address, entityTag, digest: undefined });
const textOf = (etag: string, keepUntilAtMs = 1) =>
  encodeRecord({ kind: "response", metadata: metadataWith({ etag }) }, keepUntilAtMs, responseForm);
const fresh = (text: string) => new DecodedRecords(responseForm).decode(at(null), () => text);

it("returns a decoded record again without reading its text", () => {
  const records = new DecodedRecords(responseForm);
  const first = records.decode(at('"a"'), () => textOf('"1"'));
  const withoutFetch = () => {
    throw new Error("The text of a decoded record was read.");
  };
  expect(records.decode(at('"a"'), withoutFetch)).toBe(first);
});

it.each([
  { id: "another response", text: textOf('"2"') },
  { id: "another expiry", text: textOf('"1"', 2) },
  { id: "not a record", text: "{}" },
])("decodes another record at the same address: $id", ({ text }) => {
  const records = new DecodedRecords(responseForm);
  records.decode(at('"a"'), () => textOf('"1"'));
  expect(records.decode(at('"b"'), () => text)).toEqual(fresh(text));
});

it("keeps the requests of a record, and makes others for another entity tag", () => {
  const records = new DecodedRecords(responseForm);
  const requestsOf = (entityTag: string) => {
    records.decode(at(entityTag), () => textOf(entityTag));
    const { whole, unlessSame } = records.last(address)?.requests ?? {};
    return { whole, unlessSame, condition: unlessSame?.headers.get("if-none-match") };
  };
  const first = requestsOf('"a"');
  expect(first).toMatchObject({ whole: { url: address }, condition: '"a"' });
  const again = requestsOf('"a"');
  expect([again.whole === first.whole, again.unlessSame === first.unlessSame]).toEqual([
    true,
    true,
  ]);
  expect(requestsOf('"b"').condition).toBe('"b"');
});

it("does not keep a record without an entity tag", () => {
  const records = new DecodedRecords(responseForm);
  records.decode(at(null), () => textOf('"1"'));
  expect(records.last(address)).toBeUndefined();
  expect(records.decode(at(null), () => textOf('"2"'))).toEqual(fresh(textOf('"2"')));
});

it("does not return the record of another address", () => {
  const records = new DecodedRecords(responseForm);
  records.decode(at('"a"'), () => textOf('"1"'));
  expect(records.decode({ ...at('"a"'), address: `${address}b` }, () => "{}")).toBeUndefined();
});

it("evicts the oldest records beyond its limit in bytes", () => {
  const records = new DecodedRecords(responseForm);
  const large = textOf(`"${"p".repeat(20_000)}"`);
  for (let nth = 0; nth < 30; nth += 1)
    records.decode({ ...at(`"${nth}"`), address: address + nth }, () => large);
  const isKept = (nth: number) => records.last(address + nth) !== undefined;
  expect([isKept(0), isKept(29)]).toEqual([false, true]);
});
