// What the head of a hash says once fields are set beside others: the older of everything by which a purge or
// the bound is judged (rule 26 of docs/purge-protocol.md).
import { expect, it } from "vitest";
import { headIn, headText, joined } from "../../../src/data/fields/head.ts";
import type { DataMetadata } from "../../../src/data/value/data-record.ts";

const held: DataMetadata = {
  url: "tidemark-data:/articles/42",
  route: "",
  tags: ["red"],
  stamp: { position: "9-0", n: "a" },
  colo: "HAM",
  requestedAtMs: 1_000,
  respondedAtMs: 2_000,
  fillCostMs: 0,
  bodyBytes: null,
  bodyDigest: null,
  schema: 0,
  codec: "json",
  isNegative: false,
  freshMs: 60_000,
  staleMs: 0,
};

it.each<{ id: string; made: Partial<DataMetadata>; expected: Partial<DataMetadata> }>([
  {
    id: "the older stamp, by the numbers of its position",
    made: { stamp: { position: "10-0", n: "b" } },
    expected: { stamp: held.stamp },
  },
  {
    id: "the older stamp, where that is the newer fields'",
    made: { stamp: { position: "8-0", n: "b" } },
    expected: { stamp: { position: "8-0", n: "b" } },
  },
  { id: "no stamp where one has none", made: { stamp: "none" }, expected: { stamp: "none" } },
  {
    id: "the older instants",
    made: { requestedAtMs: 5_000, respondedAtMs: 6_000 },
    expected: { requestedAtMs: 1_000, respondedAtMs: 2_000 },
  },
  {
    id: "the older instants, where those are the newer fields'",
    made: { requestedAtMs: 500, respondedAtMs: 600 },
    expected: { requestedAtMs: 500, respondedAtMs: 600 },
  },
  { id: "the colo that both name", made: { colo: "HAM" }, expected: { colo: "HAM" } },
  { id: "no colo where they differ", made: { colo: "NRT" }, expected: { colo: "" } },
  { id: "the shorter lifetime", made: { freshMs: 90_000 }, expected: { freshMs: 60_000 } },
  {
    id: "the tags of both",
    made: { tags: ["red", "blue"] },
    expected: { tags: ["red", "blue"] },
  },
])("$id", ({ made, expected }) => {
  const metadata = joined(held, { ...held, ...made });
  expect(metadata).toMatchObject(expected);
  expect(headIn(headText(metadata, "id"))).toMatchObject(expected);
});

it("of another version is none", () => {
  expect(headIn("")).toBeUndefined();
  expect(headIn(headText(held, "id").slice(0, -1))).toBeUndefined();
});
