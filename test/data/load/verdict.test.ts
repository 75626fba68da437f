// Tests the verdict on a stored value, on both sides of each limit.
import { describe, expect, it } from "vitest";
import type { DataMetadata } from "../../../src/data/value/data-record.ts";
import { isRefreshDue, judge } from "../../../src/data/load/verdict.ts";
import { spaceOf } from "../../../src/data/value/space.ts";
import type { PurgeJudgement, PurgeView } from "../../../src/purge/view/view-port.ts";
import { dataMetadata } from "../../../testing/data/data-metadata.ts";

const space = spaceOf("articles", { fresh: "10s", stale: "5s", schema: 1 });

const stored = (changes: Partial<DataMetadata> = {}): DataMetadata => ({
  ...dataMetadata,
  schema: 1,
  freshMs: 10_000,
  staleMs: 5_000,
  ...changes,
});

const usable: PurgeJudgement = { kind: "usable" };
const hard: PurgeJudgement = { kind: "purged", mode: "hard" };
const softAt = (sinceAtMs: number): PurgeJudgement => ({ kind: "purged", mode: "soft", sinceAtMs });
const inDoubt: PurgeJudgement = { kind: "unverified", why: "no-view" };
const stale = (by: string) => ({ kind: "stale", by });
const unusable = (by: string) => ({ kind: "unusable", by });

describe("a verdict", () => {
  it.each([
    { id: "new", atMs: 0, judged: usable, is: { kind: "fresh", ageMs: 0, ttlMs: 10_000 } },
    { id: "before its expiry", atMs: 9_999, judged: usable, is: { kind: "fresh", ttlMs: 1 } },
    { id: "at its expiry", atMs: 10_000, judged: usable, is: stale("expired") },
    { id: "just before the end of stale", atMs: 14_999, judged: usable, is: stale("expired") },
    { id: "after stale", atMs: 15_000, judged: usable, is: unusable("expired") },
    { id: "slightly ahead", atMs: -1_000, judged: usable, is: { kind: "fresh", ageMs: 0 } },
    { id: "ahead", atMs: -1_001, judged: usable, is: unusable("expired") },
    { id: "purged hard", atMs: 0, judged: hard, is: unusable("purged") },
    { id: "purged softly", atMs: 3_000, judged: softAt(3_000), is: stale("purged") },
    { id: "purged softly long ago", atMs: 8_000, judged: softAt(3_000), is: unusable("purged") },
    {
      id: "purged softly by a clock that is ahead",
      atMs: 0,
      judged: softAt(9_000),
      is: stale("purged"),
    },
    { id: "purged softly and old", atMs: 12_000, judged: softAt(11_999), is: stale("purged") },
    { id: "in doubt", atMs: 0, judged: inDoubt, is: unusable("unverified") },
    { id: "in doubt and stale", atMs: 12_000, judged: inDoubt, is: unusable("unverified") },
    { id: "in doubt and after stale", atMs: 15_000, judged: inDoubt, is: unusable("expired") },
  ])("is as expected for a value that is $id", ({ atMs, judged, is }) => {
    const ports = {
      view: { judge: () => judged } as unknown as PurgeView,
      colo: () => "",
      maxLagMs: 10_000,
      allowanceMs: 1_000,
    };
    expect(judge(stored(), { space, atMs, ports })).toMatchObject(is);
  });

  it.each([{ schema: 2 }, { codec: "own" }])(
    "is `unusable` for a value of another form: %j",
    (changes) => {
      const judged = () => expect.fail("The view was asked.");
      const view = { judge: judged } as unknown as PurgeView;
      const ports = { view, colo: () => "", maxLagMs: 10_000, allowanceMs: 1_000 };
      const verdict = judge(stored(changes), { space, atMs: 0, ports });
      expect(verdict).toEqual({ kind: "unusable", by: "form" });
    },
  );
});

describe("an early refresh", () => {
  it.each<{
    id: string;
    ageMs: number;
    random?: number;
    isDue: boolean;
    refreshMs?: number;
    changes?: object;
  }>([
    { id: "at the age of refresh", ageMs: 3_000, refreshMs: 3_000, random: 0.99, isDue: true },
    { id: "before the age of refresh", ageMs: 2_999, refreshMs: 3_000, random: 0.99, isDue: false },
    { id: "by chance, near the expiry", ageMs: 9_500, isDue: true },
    { id: "by a smaller chance", ageMs: 9_500, random: 0.7, isDue: false },
    { id: "in the first half of the lifetime", ageMs: 4_999, random: 1e-9, isDue: false },
    { id: "in the second half, very rarely", ageMs: 5_000, random: 1e-9, isDue: true },
    { id: "of a quick load", ageMs: 9_500, changes: { fillCostMs: 0 }, isDue: false },
    { id: "of null", ageMs: 9_500, refreshMs: 1, changes: { isNegative: true }, isDue: false },
    { id: "of a value that may be stale", ageMs: 9_999, changes: { staleMs: 5_000 }, isDue: false },
  ])("is due or not: $id, $isDue", ({ ageMs, random = 0.5, refreshMs, changes, isDue }) => {
    const metadata = stored({ staleMs: 0, ...changes });
    const by = { refreshMs, random: () => random };
    expect(isRefreshDue({ ageMs, ttlMs: 10_000 - ageMs }, metadata, by)).toBe(isDue);
  });
});
