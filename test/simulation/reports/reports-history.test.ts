// Tests reports in random histories: totals equal the accepted reports that were not lost, in any
// order of commands. A number of histories must also find each planted fault.
import { expect, it } from "vitest";
import {
  type ReportsKind,
  reportsHistoryOf,
} from "../../../testing/simulation/reports/reports-history.ts";
import type { Faults } from "../../../testing/simulation/reports/reports-world.ts";
import { shareOf } from "../../../testing/histories.ts";

/** To run more: `REPORT_HISTORIES=100000 npx vitest run test/simulation/reports`. */
const histories = Number(process.env["REPORT_HISTORIES"] ?? shareOf(2_000));

const kinds: readonly ReportsKind[] = ["steady", "lossy", "failing-over", "evicting"];

it.each(kinds)(
  "totals count each report once, and no lost report: %s",
  async (kind) => {
    let reads = 0;
    let withFolds = 0;
    for (let seed = 0; seed < histories / kinds.length; seed += 1) {
      const outcome = await reportsHistoryOf({ seed, kind });
      expect(outcome.violation, `seed ${seed}`).toBe(undefined);
      reads += outcome.reads;
      withFolds += outcome.folds;
    }
    // Without reads and folds, the histories would prove nothing.
    expect(reads).toBeGreaterThan(histories / 2);
    expect(withFolds).toBeGreaterThan(histories / kinds.length / 4);
  },
  1_200_000,
);

interface Row {
  readonly fault: string;
  readonly faults: Faults;
  readonly kind: ReportsKind;
  /** The maximum number of histories: several times the usual number. */
  readonly within: number;
}

const afterMs = (_: string, last: string) => `${Number(last.split("-", 1)[0]) + 1}-0`;

const rows: readonly Row[] = [
  {
    fault: "the last entry's n is not compared",
    faults: { checksN: false },
    kind: "failing-over",
    within: 4_000,
  },
  {
    fault: "the last entry need not exist",
    faults: { checksLast: false },
    kind: "failing-over",
    within: 2_000,
  },
  {
    fault: "the totals' version is not compared",
    faults: { checksVersion: false },
    kind: "evicting",
    within: 2_000,
  },
  {
    fault: "the first entry need not exist",
    faults: { checksFirst: false },
    kind: "evicting",
    within: 8_000,
  },
  {
    fault: "trimming keeps the last added entry",
    faults: { keptFrom: (_, last) => last },
    kind: "steady",
    within: 20,
  },
  {
    fault: "trimming removes the whole millisecond of the last added entry",
    faults: { keptFrom: afterMs },
    kind: "steady",
    within: 500,
  },
  {
    fault: "trimming removes nothing, as MINID ~ may",
    faults: { keptFrom: () => "0-0" },
    kind: "steady",
    within: 20,
  },
  {
    fault: "totals and stream are read in two commands",
    faults: { readsApart: true },
    kind: "steady",
    within: 100,
  },
  { fault: "a replica is read", faults: { readsReplica: true }, kind: "steady", within: 20 },
  {
    fault: "totals and stream are written in two steps",
    faults: { writesApart: true },
    kind: "failing-over",
    within: 500,
  },
  {
    fault: "an unanswered report is sent again",
    faults: { retries: true },
    kind: "lossy",
    within: 100,
  },
];

it.each(rows)(
  "histories find a fault: $fault",
  async ({ faults, kind, within }) => {
    let seed = 0;
    const isFound = async () =>
      (await reportsHistoryOf({ seed, kind, faults })).violation !== undefined;
    while (seed < within && !(await isFound())) seed += 1;
    if (process.env["REPORT_SEEDS"]) console.log(`${seed} of ${within}`);
    expect(seed).toBeLessThan(within);
  },
  120_000,
);
