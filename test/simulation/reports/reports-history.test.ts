// What is shown is exactly what the database has accepted and not lost, whatever overtakes what. Each
// step of the protocol, left out on purpose, shows within a number of histories.
import { expect, it } from "vitest";
import {
  type ReportsKind,
  reportsHistoryOf,
} from "../../../testing/simulation/reports/reports-history.ts";
import type { Faults } from "../../../testing/simulation/reports/reports-world.ts";
import { shareOf } from "../../../testing/histories.ts";

/** More of them: `REPORT_HISTORIES=100000 npx vitest run test/simulation/reports`. */
const histories = Number(process.env["REPORT_HISTORIES"] ?? shareOf(2_000));

const kinds: readonly ReportsKind[] = ["steady", "lossy", "failing-over", "evicting"];

it.each(kinds)(
  "shows each report once, and none that is lost: %s",
  async (kind) => {
    let reads = 0;
    let withFolds = 0;
    for (let seed = 0; seed < histories / kinds.length; seed += 1) {
      const outcome = await reportsHistoryOf({ seed, kind });
      expect(outcome.violation, `seed ${seed}`).toBe(undefined);
      reads += outcome.reads;
      withFolds += outcome.folds;
    }
    // Histories in which nothing is read or folded would prove nothing.
    expect(reads).toBeGreaterThan(histories / 2);
    expect(withFolds).toBeGreaterThan(histories / kinds.length / 4);
  },
  1_200_000,
);

interface Row {
  readonly fault: string;
  readonly faults: Faults;
  readonly kind: ReportsKind;
  /** Several times what it usually takes. */
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
    fault: "the last entry may be gone",
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
    fault: "the first entry may be gone",
    faults: { checksFirst: false },
    kind: "evicting",
    within: 8_000,
  },
  {
    fault: "trimmed to the last entry, which stays",
    faults: { keptFrom: (_, last) => last },
    kind: "steady",
    within: 20,
  },
  {
    fault: "trimmed to the next millisecond",
    faults: { keptFrom: afterMs },
    kind: "steady",
    within: 500,
  },
  {
    fault: "trimmed about there, as by ~",
    faults: { keptFrom: () => "0-0" },
    kind: "steady",
    within: 20,
  },
  {
    fault: "totals and stream are read one after the other",
    faults: { readsApart: true },
    kind: "steady",
    within: 100,
  },
  { fault: "a replica is read", faults: { readsReplica: true }, kind: "steady", within: 20 },
  {
    fault: "totals and stream are written one after the other",
    faults: { writesApart: true },
    kind: "failing-over",
    within: 500,
  },
  { fault: "a report is sent again", faults: { retries: true }, kind: "lossy", within: 100 },
];

it.each(rows)(
  "finds it: $fault",
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
