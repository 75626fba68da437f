// What the checker excuses, and how narrowly: purges that a restored journal does not have.
import { describe, expect, it } from "vitest";
import { check, type Findings } from "../../testing/consistency/checker/checker.ts";
import { historyOf, purge, read, written } from "./hand-made.ts";
import type { History } from "../../testing/consistency/checker/operations.ts";

const killed = { killedAtMs: 10_300, upAtMs: 10_600, keptUpTo: "4-0" };
const east = { isolate: "east#1", colo: "east", version: "today", fromMs: 0, untilMs: Infinity };
/** The purge was sent there. */
const eastGone = { ...east, untilMs: 10_400 };
const west = { isolate: "west#1", colo: "west", version: "today", fromMs: 0, untilMs: Infinity };

const readOf = (isolate: string, atMs: number, positions: readonly string[]) =>
  ({ kind: "read", atMs, isolate, positions }) as const;
const mark = { ...written, position: "8-0", n: "n8", id: "", isMark: true };

const lost = (parts: Partial<History>): History =>
  historyOf({
    purges: [purge()],
    journal: [written],
    losses: [killed],
    isolates: [eastGone, west],
    reads: [read(11_500, 1)],
    ...parts,
  });

const violated = "purged-version";
const unread = { "lost-unread": 1, "lost-until-noticed": 0 };
const unnoticed = { "lost-unread": 0, "lost-until-noticed": 1 };
const none = { "lost-unread": 0, "lost-until-noticed": 0 };

interface Row {
  readonly id: string;
  readonly history: History;
  readonly rules: readonly string[];
  readonly excused: Findings["excusedReads"];
}

const rows: readonly Row[] = [
  { id: "lost before anyone read it", history: lost({}), rules: [], excused: unread },
  {
    id: "lost before anyone read it, while who took it has not read on yet",
    history: lost({ isolates: [east, west] }),
    rules: [],
    excused: unnoticed,
  },
  {
    id: "not written again by who took it",
    history: lost({
      isolates: [east, west],
      journal: [
        written,
        ...[10_700, 11_100, 11_500].map((atMs) => readOf("east#1", atMs, ["4-0"])),
      ],
      reads: [read(12_600, 1)],
    }),
    rules: [violated],
    excused: none,
  },
  {
    id: "kept by the snapshot",
    history: lost({ losses: [{ ...killed, keptUpTo: "5-0" }] }),
    rules: [violated],
    excused: none,
  },
  {
    id: "in a journal that came back empty: no older stamp is known there",
    history: lost({ losses: [{ ...killed, keptUpTo: "" }] }),
    rules: [violated],
    excused: none,
  },
  {
    id: "appended after the journal came back",
    history: lost({ losses: [{ ...killed, killedAtMs: 9_000, upAtMs: 9_500 }] }),
    rules: [violated],
    excused: none,
  },
  {
    id: "a read before the journal came back",
    history: lost({ losses: [{ ...killed, upAtMs: 11_600 }] }),
    rules: [violated],
    excused: none,
  },
  {
    id: "read by one who is still there, and who has not read on yet",
    history: lost({ journal: [written, readOf("west#1", 10_100, ["5-0"])] }),
    rules: [],
    excused: unnoticed,
  },
  {
    id: "read by one who is gone",
    history: lost({
      journal: [written, readOf("east#1", 10_100, ["5-0"])],
      isolates: [eastGone, west],
    }),
    rules: [],
    excused: unread,
  },
  {
    id: "made good by a mark, from which the bound runs",
    history: lost({ journal: [written, { ...mark, atMs: 10_700 }], reads: [read(11_701, 1)] }),
    rules: [violated],
    excused: none,
  },
  {
    id: "and until then not",
    history: lost({ journal: [written, { ...mark, atMs: 10_700 }], reads: [read(11_700, 1)] }),
    rules: [],
    excused: unread,
  },
  {
    id: "written again",
    history: lost({
      journal: [written, { ...written, position: "9-0", atMs: 10_700 }],
      reads: [read(11_701, 1)],
    }),
    rules: [violated],
    excused: none,
  },
  {
    id: "made good by a mark that was lost in its turn",
    history: lost({
      journal: [written, { ...mark, atMs: 10_700 }],
      losses: [killed, { killedAtMs: 10_800, upAtMs: 10_900, keptUpTo: "4-0" }],
      reads: [read(13_000, 1)],
    }),
    rules: [],
    excused: unread,
  },
  {
    id: "by then its reader must have noticed, mark or no mark",
    history: lost({
      journal: [
        written,
        readOf("west#1", 10_100, ["5-0"]),
        ...[10_700, 11_100, 11_500].map((atMs) => readOf("west#1", atMs, ["4-0"])),
      ],
      reads: [read(12_500, 1), read(12_501, 1)],
    }),
    rules: [violated],
    excused: unnoticed,
  },
];

describe("a purge", () => {
  it.each(rows)("$id", ({ history, rules, excused }) => {
    const { violations, excusedReads } = check(history);
    expect(violations.map(({ rule }) => rule)).toEqual(rules);
    expect(excusedReads).toEqual(excused);
  });
});
