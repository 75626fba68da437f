// Tests the checker of data on hand-made histories: the violations that it must find, and the reads
// that it must accept.
import { expect, it } from "vitest";
import { checkData } from "../../../testing/consistency/data/checker/check-data.ts";
import type {
  DataHistory,
  DataPurge,
  DataRead,
} from "../../../testing/consistency/data/checker/operations.ts";
import { viewsStep } from "../../../testing/consistency/data/keys.ts";
import { historyOf, key, path } from "./hand-made.ts";

/** A purge that was sent at 10,000 and answered at 10,050. */
function purge(parts: Partial<DataPurge> = {}): DataPurge {
  return {
    id: "p",
    by: "purge",
    order: { keys: [path] },
    mode: "hard",
    isolate: "east#1",
    sentAtMs: 10_000,
    returnedAtMs: 10_050,
    outcome: "accepted",
    position: "5-0",
    ...parts,
  };
}

function read(invokedAtMs: number, version: number, parts: Partial<DataRead> = {}): DataRead {
  const of = { by: "get", place: "west", isolate: "west#1", path } as const;
  return { ...of, invokedAtMs, returnedAtMs: invokedAtMs + 5, version, ...parts };
}

type Row = [id: string, parts: Partial<DataHistory>, expected?: string];

/** An accepted purge, and a read of the older version this long after its answer. */
const older = (
  afterMs: number,
  purged: Partial<DataPurge> = {},
  seen: Partial<DataRead> = {},
): Partial<DataHistory> => ({ purges: [purge(purged)], reads: [read(10_050 + afterMs, 1, seen)] });

const here = { place: "east", isolate: "east#1" };
const brief = { keys: [{ ...key, staleMs: 3_000, livesMs: 5_000 }] };
const lenient = { keys: [{ ...key, staleMs: 600_000 }] };
const soft = { mode: "soft" } as const;

const orders: readonly Row[] = [
  ...[
    { keys: [path] },
    { tags: ["all"] },
    { prefixes: ["steady"] },
    { prefixes: ["steady/a"] },
    { prefixes: [path] },
  ].map((order): Row => [JSON.stringify(order), older(1_001, { order }), "purged-version"]),
  ...[
    { keys: ["steady/a"] },
    { tags: ["another"] },
    { prefixes: ["steady/a/1/2"] },
    { prefixes: ["stead"] },
  ].map((order): Row => [JSON.stringify(order), older(5_000, { order })]),
];

const unwritten = "accepted-unwritten";
const purges: readonly Row[] = [
  ["at the bound", older(1_000)],
  ["the newest version", { ...older(1), reads: [read(12_000, 2)] }],
  ["at once in the isolate that accepted the purge", older(1, {}, here), "purged-here"],
  ["in the accepting place after a restart", older(1, {}, { ...here, isolate: "east#2" })],
  ["after a purge that was sent before the write", older(5_000, { sentAtMs: 8_990 })],
  ["after a refused purge", older(5_000, { outcome: "refused" })],
  ["after a purge without an answer", older(5_000, { outcome: "unknown" })],
  [
    "a position that the journal does not have",
    { purges: [purge({ position: "6-0" })] },
    unwritten,
  ],
  [
    "a position that was written after the answer",
    { purges: [purge()], positions: new Map([["5-0", 10_060]]) },
    unwritten,
  ],
];

const past = "soft-purged-version";
/** Stale reads with time for a load between them. */
const unloaded = {
  ...lenient,
  purges: [purge(soft)],
  reads: [12_000, 16_000, 20_000].map((atMs) => read(atMs, 1)),
};
const softPurges: readonly Row[] = [
  ["soft, without stale", older(1_001, soft), "purged-version"],
  ["soft, within stale", { ...older(1_001, soft), ...brief }],
  ["soft, beyond stale", { ...older(4_001, soft), ...brief }, past],
  ["hard, within stale", { ...older(1_001), ...brief }, "purged-version"],
  ["soft, never loaded again", unloaded, past],
  ["soft, while the source fails", { ...unloaded, originErrors: [{ path, atMs: 14_000 }] }],
];

const told = [{ isolate: "east#1", path, version: 2, toldAtMs: 9_500 }];
const reads: readonly Row[] = [
  ["after the isolate's own write", { told, reads: [read(9_501, 1, here)] }, "own-write"],
  ["after another isolate's write", { told, reads: [read(9_501, 1)] }],
  ["during the isolate's own write", { told, reads: [read(9_499, 1, here)] }],
  ["forced after the write", { reads: [read(9_001, 1, { by: "forced" })] }, "forced-older"],
  ["forced before the write", { reads: [read(8_999, 1, { by: "forced" })] }],
  ["beyond lifetime and stale", { ...brief, reads: [read(23_501, 1)] }, "outlived"],
  ["within lifetime and stale", { ...brief, reads: [read(23_499, 1)] }],
  ["of two versions", { broken: ["two"] }, "broken"],
];

const quietFromMs = 30_000;
const loaded = { ...here, by: "getOrSet" } as const;
const quiet: readonly Row[] = [
  ["stored at each place", { quietFromMs, reads: [read(30_001, 2), read(30_001, 2, here)] }],
  [
    "loaded at one place",
    { quietFromMs, reads: [read(30_001, 2), read(30_001, 2, loaded)] },
    "no-hit-after-quiet",
  ],
];

const seen = (value: number) => ({ counts: [{ path, atMs: 20, value: viewsStep + value }] });
const raised = (invokedAtMs: number, value?: number) => {
  const increment = { path, invokedAtMs, returnedAtMs: invokedAtMs + 5 };
  return { increments: [value === undefined ? increment : { ...increment, value }] };
};
const counts: readonly Row[] = [
  ["raised by 2 in one try", { ...seen(2), ...raised(10, viewsStep + 2) }, "counted-twice"],
  ["raised by 1 in a try without an answer", { ...seen(1), ...raised(10) }],
  ["raised before any try", { ...seen(1), ...raised(21) }, "counted-twice"],
  ["raised from another start", { ...seen(1), ...raised(10, 2 * viewsStep + 1) }, "counted-twice"],
];

it.each<Row>([...orders, ...purges, ...softPurges, ...reads, ...quiet, ...counts])(
  "judges a history: %s",
  (_, parts, expected) => {
    const { violations } = checkData(historyOf(parts));
    expect(violations.map(({ rule }) => rule)).toEqual(expected === undefined ? [] : [expected]);
  },
);

it("measures how long an older version was read", () => {
  const history = historyOf({
    purges: [purge()],
    reads: [read(10_300, 1), read(10_950, 1), read(10_960, 2)],
  });
  expect(checkData(history).worstLagMs).toBe(900);
});
