// Formats the results of the systems and of ideal caches, and the causes of the differences.
import { counted, markdownTable, percent, quantile } from "../load/figures.ts";
import { compute, type Computed } from "./model.ts";
import type { OriginCounts } from "./origin-process.ts";
import type { Replayed } from "./replay-process.ts";
import {
  coloCount,
  editCount,
  lifetimeShares,
  queryShare,
  reorderedShare,
  scale,
  stretchedSeconds,
  type Trace,
  type TraceSettings,
  trackingShare,
  zipfExponent,
} from "./trace.ts";

export interface Result {
  readonly name: string;
  readonly isToldOfPurges: boolean;
  readonly replayed: Replayed;
  readonly origin: OriginCounts;
}

export function traceSaid(settings: TraceSettings): string {
  const { requestCount, pageCount, durationMs, seed, stretch = 1 } = settings;
  const lifetimes = lifetimeShares
    .map(({ lifetimeSeconds: seconds, share }) => {
      return `${stretchedSeconds(seconds, stretch)} s (${percent(share)})`;
    })
    .join(", ");
  return (
    `The trace has ${counted(requestCount)} requests in ${durationMs / 1_000} s, ${(scale / stretch).toFixed(0)} times as fast as on a real ` +
    `site. The requests are for ${counted(pageCount)} pages, whose popularity follows Zipf's law with exponent ${zipfExponent}. Each request ` +
    `reaches one of ${coloCount} colos at random. Pages have these lifetimes: ${lifetimes}. Of the requests, ${percent(trackingShare)} have ` +
    `tracking parameters. Of the pages, ${percent(queryShare)} have a query, and ${percent(reorderedShare)} of the requests for these pages ` +
    `have its parameters in another order. There are ${editCount} edits, each with a purge. Half of the purges are by tag. The seed is ${seed}.`
  );
}

export function resultTable(
  results: readonly Result[],
  trace: Trace,
  maxLagSeconds: number,
): string {
  const requestCount = trace.events.filter(({ kind }) => kind === "visit").length;
  const known = { strips: true, sorts: true, knowsPurges: true };
  const offload = (originRequests: number) => percent(1 - originRequests / requestCount);
  const ideal = (name: string, computed: Computed) => [
    name,
    offload(computed.originRequests),
    counted(computed.originRequests),
    counted(computed.unchanged),
    mebibytes(computed.bytes),
    "",
    "",
    "",
    "0",
    "0",
    "0",
  ];
  const rows = results.map(({ name, isToldOfPurges, replayed, origin }) => [
    name,
    offload(origin.requests),
    counted(origin.requests),
    counted(origin.notModified),
    mebibytes(origin.bytes),
    ...[0.5, 0.99, 1].map((share) => `${quantile(replayed.tookMs, share).toFixed(1)} ms`),
    counted(replayed.failedCount + replayed.foreignCount + replayed.purgesRefusedCount),
    counted(replayed.oldCount),
    counted(replayed.staleCount) + (isToldOfPurges ? "" : "; this cache gets no purges"),
  ]);
  return markdownTable(
    [
      "",
      "origin offload",
      "origin requests",
      "of these 304",
      "from the origin",
      "p50",
      "p99",
      "max",
      "errors",
      `older than a purge, within ${maxLagSeconds} s of it`,
      `later than ${maxLagSeconds} s`,
    ],
    [
      ...rows,
      ideal("computed: an ideal shared cache", compute(trace, { isShared: true, ...known })),
      ideal("computed: an ideal cache per colo", compute(trace, { isShared: false, ...known })),
    ],
  );
}

/**
 * Formats the steps from a plain cache per colo to an ideal shared cache, one difference at a time.
 */
export function account(trace: Trace): string {
  const steps = [
    { strips: false, sorts: false, isShared: false, knowsPurges: false },
    { strips: true, sorts: false, isShared: false, knowsPurges: false },
    { strips: true, sorts: true, isShared: false, knowsPurges: false },
    { strips: true, sorts: true, isShared: true, knowsPurges: false },
    { strips: true, sorts: true, isShared: true, knowsPurges: true },
  ].map((modelled) => compute(trace, modelled));
  const [plain, stripped, sorted, shared, ideal] = steps as [
    Computed,
    Computed,
    Computed,
    Computed,
    Computed,
  ];
  const spared = (from: Computed, to: Computed) => counted(from.originRequests - to.originRequests);
  const { byCause, unchanged } = ideal;
  return markdownTable(
    ["computed", "origin requests"],
    [
      ["a plain cache per colo, without purges", counted(plain.originRequests)],
      ["with tracking parameters stripped", `− ${spared(plain, stripped)}`],
      ["with query parameters sorted", `− ${spared(stripped, sorted)}`],
      ["with one cache for all colos", `− ${spared(sorted, shared)}`],
      ["with purges", `+ ${spared(ideal, shared)}`],
      [
        `an ideal shared cache: ${counted(byCause.first)} first requests, ` +
          `${counted(byCause.expired)} after expiry, ${counted(byCause.purged)} after a purge; ` +
          `${counted(unchanged)} of them a 304`,
        counted(ideal.originRequests),
      ],
    ],
  );
}

/** Formats the frequency of Tidemark's Cache-Status values, the most frequent first. */
export function cacheStatusTable({ replayed }: Pick<Result, "replayed">): string {
  const rows = [...replayed.cacheStatusCounts].sort(([, a], [, b]) => b - a);
  return markdownTable(
    ["`Cache-Status: tidemark; …`", "answers"],
    rows.map(([status, count]) => [`\`${status}\``, counted(count)]),
  );
}

export const mebibytes = (bytes: number): string => `${counted(bytes / 1_048_576)} MiB`;
