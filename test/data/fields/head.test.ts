// Tests the head of a hash whose fields come from several writes. The head keeps the older stamp
// and times, the shorter lifetime, and all tags (rule 26 of docs/internals/purge-protocol-data.md).
import { expect, it } from "vitest";
import { headIn, headText, joined } from "../../../src/data/fields/hash-fields.ts";
import type { DataMetadata } from "../../../src/data/value/data-record.ts";
import { dataMetadata } from "../../../testing/data/data-metadata.ts";

const held: DataMetadata = {
  ...dataMetadata,
  tags: ["red"],
  stamp: { position: "9-0", n: "a" },
  colo: "HAM",
  requestedAtMs: 1_000,
  respondedAtMs: 2_000,
};
const stampAt = (position: string) => ({ stamp: { position, n: "b" } });
const instants = (requestedAtMs: number, respondedAtMs: number) => ({
  requestedAtMs,
  respondedAtMs,
});

it.each<{ id: string; made: Partial<DataMetadata>; expected: Partial<DataMetadata> }>([
  { id: "the older stamp, by number", made: stampAt("10-0"), expected: { stamp: held.stamp } },
  { id: "the newer fields' older stamp", made: stampAt("8-0"), expected: stampAt("8-0") },
  { id: "no stamp if one head has none", made: { stamp: "none" }, expected: { stamp: "none" } },
  { id: "the older instants", made: instants(5_000, 6_000), expected: instants(1_000, 2_000) },
  {
    id: "the newer fields' older instants",
    made: instants(500, 600),
    expected: instants(500, 600),
  },
  { id: "the same colo", made: { colo: "HAM" }, expected: { colo: "HAM" } },
  { id: "no colo if they differ", made: { colo: "NRT" }, expected: { colo: "" } },
  { id: "the shorter lifetime", made: { freshMs: 90_000 }, expected: { freshMs: 60_000 } },
  { id: "all tags", made: { tags: ["red", "blue"] }, expected: { tags: ["red", "blue"] } },
])("joins two heads into one with $id", ({ made, expected }) => {
  const metadata = joined(held, { ...held, ...made });
  expect(metadata).toMatchObject(expected);
  expect(headIn(headText(metadata, "id"))).toMatchObject(expected);
});

it("reads no head from a text of another version", () => {
  expect(headIn("")).toBeUndefined();
  expect(headIn(headText(held, "id").slice(0, -1))).toBeUndefined();
});
