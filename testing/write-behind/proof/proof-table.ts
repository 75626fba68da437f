// Formats the result of a run for a terminal.
import { rendered, sums } from "../../consistency/table.ts";
import type { Judged } from "./adds-book.ts";
import type { ProofResult } from "./run-proof.ts";

type Rows = readonly (readonly [name: string, value: string | number])[];

export function tableOfProof(result: ProofResult): string {
  const { violations } = result;
  const rows: Rows = [
    ...rowsOfRun(result),
    ...rowsOfAdds(result),
    ...rowsOfFlushes(result),
    ["violations", violations.length],
  ];
  return rendered(rows, violations, () => []);
}

function rowsOfRun({ settings, asking, site, faults, ...result }: ProofResult): Rows {
  const { coloCount, keyCount, seed } = settings;
  const { callCount, unansweredCount, readCount, failedReadCount } = asking.counts;
  const { sales, views } = asking.adds;
  const addCount = sales.callCounts.sent + views.callCounts.sent;
  const addedByColos = (addCount * coloCount) / (coloCount + 1);
  return [
    ["seed", seed],
    [
      "places; Redis; keys of each counter",
      `${coloCount} colos, a process; ${site.redis.name}; ${keyCount}`,
    ],
    [
      "adds; took; a second",
      `${counted(addCount)}; ${seconds(result.addingMs)}; ${counted(addCount / (result.addingMs / 1_000))}`,
    ],
    ["faults", sums(faults.map(({ fault }) => fault)) || "none"],
    ["HTTP calls; without an answer", `${counted(callCount)}; ${unansweredCount}`],
    ["reads of 100 keys or more; that failed", `${readCount}; ${failedReadCount}`],
    [
      "Redis commands of the colos for 1,000 of their adds",
      (result.colosCommandCount / (addedByColos / 1_000)).toFixed(1),
    ],
  ];
}

function rowsOfAdds({ asking, lives, judged, viewsCounted }: ProofResult): Rows {
  const { sales, views } = asking.adds;
  const { accepted, refused, "in-doubt": inDoubt } = sales.callCounts;
  const told: Rows = [
    [
      "durable adds: resolved; rejected for certain; in doubt",
      [accepted, refused, inDoubt].map(counted).join("; "),
    ],
  ];
  if (lives === undefined || judged === undefined) {
    return [
      ...told,
      ["the database", "not checked: a read was wrong, or slices are still in Redis"],
    ];
  }
  return [
    ...told,
    ["their keys: exact; with some doubtful adds; between bounds", keysSaid(judged.sales)],
    [
      "other adds: sent; in the database",
      [views.callCounts.sent, viewsCounted].map(counted).join("; "),
    ],
    [
      "of these by the isolates' counts: accepted; lost; in doubt",
      [lives.accepted, lives.lost, lives.inDoubt].map(counted).join("; "),
    ],
    [
      "in no count: held by ended isolates; in calls without an answer",
      [lives.heldAtEnd, asking.lives.unansweredCount].map(counted).join("; "),
    ],
  ];
}

function rowsOfFlushes({ asking, site, midst, flushingMs }: ProofResult): Rows {
  const { done, more, failed } = asking.flushesByState;
  const { batchCounts } = site.d1;
  return [
    [
      "flushes; of the two counters each: done, more, failed",
      `${asking.counts.flushCount}; ${done}, ${more}, ${failed}`,
    ],
    ["flushed after the last add for", seconds(flushingMs)],
    [
      "batches of D1: answered; failed before, after the commit",
      `${batchCounts.answered}; ${batchCounts.failedBefore}, ${batchCounts.failedAfter}`,
    ],
    [
      "late batches; batches later than their flush waited",
      `${batchCounts.late}; ${batchCounts.held}`,
    ],
    [
      "colos restarted after a batch without an answer: committed; not",
      `${midst.committed}; ${midst["not committed"]}`,
    ],
  ];
}

const keysSaid = ({ exactCount, sumCount, boundedCount }: Judged): string =>
  `${exactCount}; ${sumCount}; ${boundedCount}`;

const counted = (count: number): string => Math.round(count).toLocaleString("en");

const seconds = (ms: number): string => `${(ms / 1_000).toFixed(1)} s`;
