// Tests the metadata of a loaded value, and of a value that a later load has confirmed.
import { expect, it } from "vitest";
import { recordOf, renewed } from "../../../src/data/load/make-record.ts";
import { placeOf, spaceOf } from "../../../src/data/value/space.ts";

const options = { fresh: "10s", stale: "5s", schema: 3, jitter: 0.5, tags: ["a"] } as const;
const place = placeOf(spaceOf("articles", options), "42", "a.example");

const making = (colo: string, requestedAtMs: number, ...tags: string[]) => ({
  place,
  options: { tagsNamed: new Set(tags), freshMs: undefined, isSkipped: false },
  beginning: { stamp: { position: `${requestedAtMs}-0`, n: "n" }, colo, requestedAtMs, order: 1 },
  respondedAtMs: requestedAtMs + 100,
  jitterDraw: 0.5,
});

it("gives a record its stamp, its times, its tags and its shortened lifetime", async () => {
  const { record, isKept } = await recordOf({ n: 1 }, making("HAM", 1_000, "b", "a"));
  expect(isKept).toBe(true);
  expect(Object.fromEntries(Object.entries(record.metadata))).toEqual({
    url: "tidemark-data:/articles/42",
    route: "",
    stamp: { position: "1000-0", n: "n" },
    colo: "HAM",
    requestedAtMs: 1_000,
    respondedAtMs: 1_100,
    fillCostMs: 100,
    schema: 3,
    codec: "json",
    freshMs: 7_500,
    staleMs: 5_000,
    tags: ["a", "b"],
    bodyBytes: 8,
    bodyDigest: expect.stringMatching(/^[\w-]{43}$/),
    isNegative: false,
  });
});

it("gives a confirmed value a new stamp, and keeps its load's colo and time (rule 2)", async () => {
  const { record: older } = await recordOf({ n: 1 }, making("HAM", 1_000, "b"));
  const { record } = renewed(older, making("FRA", 9_000, "c"));
  expect(record.body).toBe(older.body);
  expect(record.metadata).toEqual({
    ...older.metadata,
    stamp: { position: "9000-0", n: "n" },
    colo: "HAM",
    bodyRequestedAtMs: 1_000,
    requestedAtMs: 9_000,
    respondedAtMs: 9_100,
    tags: ["a", "b", "c"],
  });
  const { record: again } = renewed(record, making("FRA", 20_000));
  expect(again.metadata).toMatchObject({ colo: "HAM", bodyRequestedAtMs: 1_000 });
});
