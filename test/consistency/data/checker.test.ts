// The checker of data itself, on histories made by hand: what it must find, and what it must let pass.
import { expect, it } from "vitest";
import { checkData } from "../../../testing/consistency/data/checker/check-data.ts";
import type {
  DataHistory,
  DataPurge,
  DataRead,
} from "../../../testing/consistency/data/checker/operations.ts";
import { historyOf, key, path } from "./hand-made.ts";

/** Sent at 10,000, answered at 10,050 unless said otherwise. */
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

interface Row {
  readonly id: string;
  readonly parts: Partial<DataHistory>;
  readonly expected: readonly string[];
}

/** A purge that was accepted, and a read of the version before it so long after its answer. */
const older = (
  afterMs: number,
  purged: Partial<DataPurge> = {},
  seen: Partial<DataRead> = {},
): Partial<DataHistory> => ({ purges: [purge(purged)], reads: [read(10_050 + afterMs, 1, seen)] });

const here = { place: "east", isolate: "east#1" };
const brief = { keys: [{ ...key, staleMs: 3_000, livesMs: 5_000 }] };
const lenient = { keys: [{ ...key, staleMs: 600_000 }] };
const soft = { mode: "soft" } as const;

const covering = [
  { keys: [path] },
  { tags: ["all"] },
  { prefixes: ["steady"] },
  { prefixes: ["steady/a"] },
  { prefixes: [path] },
].map((order) => ({
  id: `covered: ${JSON.stringify(order)}`,
  parts: older(1_001, { order }),
  expected: ["purged-version"],
}));

const passing = [
  { keys: ["steady/a"] },
  { tags: ["another"] },
  { prefixes: ["steady/a/1/2"] },
  { prefixes: ["stead"] },
].map((order) => ({
  id: `not covered: ${JSON.stringify(order)}`,
  parts: older(5_000, { order }),
  expected: [],
}));

const byPurge: readonly Row[] = [
  { id: "at the bound it may answer", parts: older(1_000), expected: [] },
  { id: "the newest version may", parts: { ...older(1), reads: [read(12_000, 2)] }, expected: [] },
  { id: "where it was accepted, at once", parts: older(1, {}, here), expected: ["purged-here"] },
  {
    id: "the next life of that place has not accepted it",
    parts: older(1, {}, { place: "east", isolate: "east#2" }),
    expected: [],
  },
  {
    id: "a purge that was sent before the write says nothing of it",
    parts: older(5_000, { sentAtMs: 8_990 }),
    expected: [],
  },
  { id: "refused", parts: older(5_000, { outcome: "refused" }), expected: [] },
  { id: "without an answer", parts: older(5_000, { outcome: "unknown" }), expected: [] },
  {
    id: "a position that nobody wrote",
    parts: { purges: [purge({ position: "6-0" })] },
    expected: ["accepted-unwritten"],
  },
  {
    id: "a position that was told after the answer",
    parts: { purges: [purge()], positions: new Map([["5-0", 10_060]]) },
    expected: ["accepted-unwritten"],
  },
];

const bySoftPurge: readonly Row[] = [
  { id: "without stale it forbids", parts: older(1_001, soft), expected: ["purged-version"] },
  { id: "with stale it may answer", parts: { ...older(1_001, soft), ...brief }, expected: [] },
  {
    id: "not longer than stale says",
    parts: { ...older(4_001, soft), ...brief },
    expected: ["soft-purged-version"],
  },
  {
    id: "a hard one forbids that too",
    parts: { ...older(1_001), ...brief },
    expected: ["purged-version"],
  },
  {
    id: "the third stale answer with time for a load between them was never loaded anew",
    parts: {
      ...lenient,
      purges: [purge(soft)],
      reads: [read(12_000, 1), read(16_000, 1), read(20_000, 1)],
    },
    expected: ["soft-purged-version"],
  },
  {
    id: "unless the source has failed meanwhile",
    parts: {
      ...lenient,
      purges: [purge(soft)],
      reads: [read(12_000, 1), read(16_000, 1), read(20_000, 1)],
      originErrors: [{ path, atMs: 14_000 }],
    },
    expected: [],
  },
];

const byWrite: readonly Row[] = [
  {
    id: "an isolate that was told of its write shows it",
    parts: {
      told: [{ isolate: "east#1", path, version: 2, toldAtMs: 9_500 }],
      reads: [read(9_501, 1, here)],
    },
    expected: ["own-write"],
  },
  {
    id: "another one need not",
    parts: {
      told: [{ isolate: "east#1", path, version: 2, toldAtMs: 9_500 }],
      reads: [read(9_501, 1)],
    },
    expected: [],
  },
  {
    id: "a call that was under way may show the older one",
    parts: {
      told: [{ isolate: "east#1", path, version: 2, toldAtMs: 9_500 }],
      reads: [read(9_499, 1, here)],
    },
    expected: [],
  },
];

const byItself: readonly Row[] = [
  {
    id: "forced: what the source had no longer",
    parts: { reads: [read(9_001, 1, { by: "forced" })] },
    expected: ["forced-older"],
  },
  {
    id: "forced: what it had when the call began",
    parts: { reads: [read(8_999, 1, { by: "forced" })] },
    expected: [],
  },
  {
    id: "past its lifetime and stale",
    parts: { ...brief, reads: [read(23_501, 1)] },
    expected: ["outlived"],
  },
  { id: "within both", parts: { ...brief, reads: [read(23_499, 1)] }, expected: [] },
  { id: "not of one piece", parts: { broken: ["two"] }, expected: ["broken"] },
];

const inQuiet: readonly Row[] = [
  {
    id: "every place has it stored",
    parts: { quietFromMs: 30_000, reads: [read(30_001, 2), read(30_001, 2, here)] },
    expected: [],
  },
  {
    id: "what was loaded for the call is not stored yet",
    parts: {
      quietFromMs: 30_000,
      reads: [read(30_001, 2), read(30_001, 2, { ...here, by: "getOrSet" })],
    },
    expected: ["no-hit-after-quiet"],
  },
];

it.each([...covering, ...passing, ...byPurge, ...bySoftPurge, ...byWrite, ...byItself, ...inQuiet])(
  "$id",
  ({ parts, expected }) => {
    const { violations } = checkData(historyOf(parts));
    expect(violations.map(({ rule }) => rule)).toEqual(expected);
  },
);

it("tells how long an older version went on", () => {
  const reads = [read(10_300, 1), read(10_950, 1), read(10_960, 2)];
  expect(checkData(historyOf({ purges: [purge()], reads })).worstLagMs).toBe(900);
});
