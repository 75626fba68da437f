// Tests that the checker excuses a read after a purge only if a restored journal lacks that purge.
import { expect, it } from "vitest";
import { check } from "../../testing/consistency/checker/checker.ts";
import { historyOf, purge, read, written } from "./hand-made.ts";
import type { History } from "../../testing/consistency/checker/operations.ts";

const killed = { killedAtMs: 10_300, upAtMs: 10_600, keptUpTo: "4-0" };
const east = { isolate: "east#1", colo: "east", version: "today", fromMs: 0, untilMs: Infinity };
/** The isolate that accepted the purge ended before the journal came back. */
const eastGone = { ...east, untilMs: 10_400 };
const west = { ...east, isolate: "west#1", colo: "west" };

const readBy = (isolate: string, positions: readonly string[], ...times: readonly number[]) =>
  times.map((atMs) => ({ kind: "read", atMs, isolate, positions }) as const);
const markAt = (atMs: number) => ({
  ...written,
  atMs,
  position: "8-0",
  n: "n8",
  id: "",
  isMark: true,
});
const again = { ...written, position: "9-0", atMs: 10_700 };
const later = [10_700, 11_100, 11_500];

const reads = (...times: readonly number[]) => ({ reads: times.map((atMs) => read(atMs, 1)) });
const journal = (...events: History["journal"]) => ({ journal: [written, ...events] });
const loss = (changes: Partial<typeof killed>) => ({ losses: [{ ...killed, ...changes }] });
const alive = { isolates: [east, west] };

type Outcome = "violated" | "lost-unread" | "lost-until-noticed";

it.each<[id: string, parts: Partial<History>, ...outcomes: Outcome[]]>([
  ["lost before any isolate read it", {}, "lost-unread"],
  ["its accepting isolate has not read the journal since", alive, "lost-until-noticed"],
  [
    "its accepting isolate has read the journal since, without repeating it",
    { ...alive, ...journal(...readBy("east#1", ["4-0"], ...later)), ...reads(12_600) },
    "violated",
  ],
  ["kept by the snapshot", loss({ keptUpTo: "5-0" }), "violated"],
  ["in a journal that came back empty", loss({ keptUpTo: "" }), "violated"],
  ["appended after the journal came back", loss({ killedAtMs: 9_000, upAtMs: 9_500 }), "violated"],
  ["read before the journal came back", loss({ upAtMs: 11_600 }), "violated"],
  [
    "a living reader has not read the journal since",
    journal(...readBy("west#1", ["5-0"], 10_100)),
    "lost-until-noticed",
  ],
  ["its only reader has ended", journal(...readBy("east#1", ["5-0"], 10_100)), "lost-unread"],
  ["past the bound after a mark", { ...journal(markAt(10_700)), ...reads(11_701) }, "violated"],
  ["at the bound after a mark", { ...journal(markAt(10_700)), ...reads(11_700) }, "lost-unread"],
  ["past the bound after a repetition", { ...journal(again), ...reads(11_701) }, "violated"],
  [
    "the mark was lost as well",
    {
      ...journal(markAt(10_700)),
      losses: [killed, { killedAtMs: 10_800, upAtMs: 10_900, keptUpTo: "4-0" }],
      ...reads(13_000),
    },
    "lost-unread",
  ],
  [
    "its reader has had time to notice, even without a mark",
    {
      ...journal(...readBy("west#1", ["5-0"], 10_100), ...readBy("west#1", ["4-0"], ...later)),
      ...reads(12_500, 12_501),
    },
    "lost-until-noticed",
    "violated",
  ],
])("judges reads after a lost purge: %s", (_, parts, ...outcomes) => {
  const lost = { purges: [purge()], losses: [killed], isolates: [eastGone, west], ...journal() };
  const { violations, excusedReads } = check(historyOf({ ...lost, ...reads(11_500), ...parts }));
  const rules = outcomes.filter((each) => each === "violated").map(() => "purged-version");
  expect(violations.map(({ rule }) => rule)).toEqual(rules);
  const excused = { "lost-unread": 0, "lost-until-noticed": 0 };
  for (const each of outcomes) if (each !== "violated") excused[each] += 1;
  expect(excusedReads).toEqual(excused);
});
