// What may be done with a stored value: each state of it, on both sides of each limit.
import { describe, expect, it } from "vitest";
import type { DataMetadata } from "../../../src/data/value/data-record.ts";
import { isRefreshDue, judge } from "../../../src/data/load/verdict.ts";
import { spaceOf } from "../../../src/data/value/space.ts";
import type { PurgeJudgement } from "../../../src/purge/view/view.ts";

const space = spaceOf("articles", { fresh: "10s", stale: "5s", schema: 1 });

const stored = (changes: Partial<DataMetadata> = {}): DataMetadata => ({
  url: "tidemark-data:/articles/42",
  route: "",
  tags: [],
  stamp: "none",
  colo: "",
  requestedAtMs: 0,
  respondedAtMs: 0,
  fillCostMs: 1_000,
  bodyBytes: 1,
  bodyDigest: null,
  schema: 1,
  codec: "json",
  isNegative: false,
  freshMs: 10_000,
  staleMs: 5_000,
  ...changes,
});

const usable: PurgeJudgement = { kind: "usable" };
const hard: PurgeJudgement = { kind: "purged", mode: "hard" };
const softAt = (sinceAtMs: number): PurgeJudgement => ({ kind: "purged", mode: "soft", sinceAtMs });
const inDoubt: PurgeJudgement = { kind: "unverified", why: "no-view" };

describe("the verdict", () => {
  const rows = [
    { id: "new", atMs: 0, judged: usable, is: { kind: "fresh", ageMs: 0, ttlMs: 10_000 } },
    { id: "fresh to the last", atMs: 9_999, judged: usable, is: { kind: "fresh", ttlMs: 1 } },
    {
      id: "stale from then on",
      atMs: 10_000,
      judged: usable,
      is: { kind: "stale", by: "expired" },
    },
    { id: "stale to the last", atMs: 14_999, judged: usable, is: { kind: "stale", by: "expired" } },
    { id: "over", atMs: 15_000, judged: usable, is: { kind: "unusable", by: "expired" } },
    { id: "slightly ahead", atMs: -10_000, judged: usable, is: { kind: "fresh", ageMs: 0 } },
    { id: "ahead", atMs: -10_001, judged: usable, is: { kind: "unusable", by: "expired" } },
    { id: "hard", atMs: 0, judged: hard, is: { kind: "unusable", by: "purged" } },
    { id: "soft", atMs: 3_000, judged: softAt(3_000), is: { kind: "stale", by: "purged" } },
    {
      id: "soft for long",
      atMs: 8_000,
      judged: softAt(3_000),
      is: { kind: "unusable", by: "purged" },
    },
    {
      id: "soft, by a clock ahead",
      atMs: 0,
      judged: softAt(9_000),
      is: { kind: "stale", by: "purged" },
    },
    {
      id: "soft and old",
      atMs: 12_000,
      judged: softAt(11_999),
      is: { kind: "stale", by: "purged" },
    },
    { id: "in doubt", atMs: 0, judged: inDoubt, is: { kind: "unusable", by: "unverified" } },
    {
      id: "in doubt and stale",
      atMs: 12_000,
      judged: inDoubt,
      is: { kind: "unusable", by: "unverified" },
    },
    {
      id: "over in any case",
      atMs: 15_000,
      judged: inDoubt,
      is: { kind: "unusable", by: "expired" },
    },
  ];
  it.each(rows)("$id", ({ atMs, judged, is }) => {
    const ports = { view: { judge: () => judged }, colo: () => "", maxLagMs: 10_000 };
    expect(judge(stored(), { space, atMs, ports })).toMatchObject(is);
  });

  it.each([
    { id: "schema", changes: { schema: 2 } },
    { id: "codec", changes: { codec: "own" } },
  ])("of another $id, the view is not even asked", ({ changes }) => {
    const view = { judge: () => expect.fail("It was asked.") };
    const ports = { view, colo: () => "", maxLagMs: 10_000 };
    const verdict = judge(stored(changes), { space, atMs: 0, ports });
    expect(verdict).toEqual({ kind: "unusable", by: "form" });
  });
});

describe("an early refresh", () => {
  const rows = [
    { id: "from its age on", ageMs: 3_000, refreshMs: 3_000, random: 0.99, is: true },
    { id: "not before that", ageMs: 2_999, refreshMs: 3_000, random: 0.99, is: false },
    { id: "by chance, near the expiry", ageMs: 9_500, random: 0.5, is: true },
    { id: "not by every chance", ageMs: 9_500, random: 0.7, is: false },
    { id: "never in the first half", ageMs: 4_999, random: 1e-9, is: false },
    { id: "in the second half, if that is rare", ageMs: 5_000, random: 1e-9, is: true },
    {
      id: "of what was quickly loaded",
      ageMs: 9_500,
      random: 0.5,
      changes: { fillCostMs: 0 },
      is: false,
    },
    {
      id: "of none",
      ageMs: 9_500,
      random: 0.5,
      refreshMs: 1,
      changes: { isNegative: true },
      is: false,
    },
  ];
  it.each(rows)("$id", ({ ageMs, random, refreshMs, changes, is }) => {
    const metadata = stored({ staleMs: 0, ...changes });
    const by = { refreshMs, random: () => random };
    expect(isRefreshDue({ ageMs, ttlMs: 10_000 - ageMs }, metadata, by)).toBe(is);
  });

  it("is left to the stale answer, where there may be one", () => {
    const by = { refreshMs: undefined, random: () => 0.5 };
    expect(isRefreshDue({ ageMs: 9_999, ttlMs: 1 }, stored(), by)).toBe(false);
  });
});
