// Formats the results of a run as the tables of the documentation.
import { counted, markdownTable, mebibytes, quantile } from "../load/figures.ts";
import type { TraceSettings } from "../trace/trace.ts";
import { type Check, holds } from "./checks.ts";
import { uses } from "./command-use.ts";
import {
  added,
  type ByTheClock,
  commandsOf,
  type Design,
  type Designs,
  type TagsAsSets,
} from "./designs.ts";
import { journalBillByTraffic, type Lag } from "./journal-bill.ts";
import { sumOf } from "./ledger.ts";
import { marginalBill, readOn, totalOf, upstash, workers } from "./prices.ts";
import type { Run } from "./run.ts";
import type { Single } from "./single-events.ts";

export interface Reported {
  readonly run: Run;
  readonly designs: Designs;
  readonly settings: TraceSettings;
  readonly lag: Lag;
}

/** Formats an amount in dollars, with three decimal places below ten cents. */
export function dollars(value: number): string {
  return value === 0 ? "$0" : `$${value.toFixed(value < 0.1 ? 3 : 2)}`;
}

const tenthsOfMebibytes = (bytes: number): string => `${(bytes / 1_048_576).toFixed(1)} MiB`;

export function billTable(all: readonly Design[]): string {
  const row = (name: string, cell: (design: Design) => string) => [name, ...all.map(cell)];
  const bill = (design: Design) => marginalBill(design.usage);
  const { includedGigabytesAMonth: includedGigabytes } = upstash.bandwidth;
  const ifKnown = (design: Design, text: string) => (design.isCpuKnown ? text : "not measured");
  return markdownTable(
    ["a million requests", ...all.map(({ name }) => name)],
    [
      row("origin requests", ({ originRequests }) => counted(originRequests)),
      row("bodies from the origin", ({ originBytes }) => mebibytes(originBytes)),
      row("Redis commands", ({ usage }) => counted(usage.redisCommands)),
      row("Workers: requests", (design) => dollars(bill(design).workerRequests)),
      row("Workers: CPU, at most", (design) => ifKnown(design, dollars(bill(design).cpu))),
      row("Redis: commands", (design) => dollars(bill(design).redisCommands)),
      row(`Redis: bandwidth, at the price beyond ${includedGigabytes} GB a month`, (design) =>
        dollars(bill(design).redisBandwidth),
      ),
      row("**together**", (design) => {
        const total = `**${dollars(totalOf(bill(design)))}**`;
        return design.isCpuKnown ? total : `${total} and its CPU`;
      }),
    ],
  );
}

/** Formats the requests to Redis by purpose. */
export function usesTable({ run, settings, designs }: Reported): string {
  const { requestCount } = settings;
  const entry = (
    name: string,
    { requests, commands, bytesUp, bytesDown }: Run["entries"]["fill"],
  ) => [
    name,
    counted(requests),
    counted(commands),
    tenthsOfMebibytes(bytesUp),
    tenthsOfMebibytes(bytesDown),
    dollars((commands / requestCount) * upstash.commands.dollarsAMillion),
  ];
  const used = uses.filter((use) => run.entries[use].requests > 0);
  const clocked = (name: string, of: ByTheClock) => [
    name,
    "",
    counted(added(of)),
    "",
    "",
    dollars((added(of) / requestCount) * upstash.commands.dollarsAMillion),
  ];
  return markdownTable(
    [
      "purpose",
      "REST requests",
      "commands",
      "to Redis",
      "from Redis",
      "dollars for a million requests",
    ],
    [
      ...used.map((use) => entry(use === "look-up" ? "lookup" : use, run.entries[use])),
      entry("all", sumOf(run.entries)),
      clocked("further reads of the journal at real speed", designs.journal),
      clocked("further reports and scrapes at real speed", designs.metrics),
    ],
  );
}

export function setsTable(commands: TagsAsSets, { requestCount }: TraceSettings): string {
  const row = (name: string, count: number) => [
    name,
    counted(count),
    dollars((count / requestCount) * upstash.commands.dollarsAMillion),
  ];
  return markdownTable(
    ["tags as sets", "commands", "dollars a million requests"],
    [
      row("metrics: two `HINCRBY` a request", commands.metrics),
      row("lookups: `GET`", commands.lookUps),
      row("a lock around each origin request: `SET NX`, `DEL`", commands.locks),
      row("fills: `SET`; for each tag `SADD`, `EXPIRE`", commands.fills),
      row("304s: `SET`; for each tag `EXPIRE`", commands.freshenings),
      row("purges: `SMEMBERS` and one `DEL` for a tag, `DEL` for a URL", commands.purges),
      row("all", commandsOf(commands)),
      row("additional commands if each purged key needed its own `DEL`", commands.purgedOneByOne),
    ],
  );
}

export function singlesTable(singles: readonly Single[]): string {
  return markdownTable(
    ["one at a time", "expected", "measured"],
    singles.map(({ what, expected, measured }) => [what, String(expected), String(measured)]),
  );
}

export function checksTable(checks: readonly Check[]): string {
  return markdownTable(
    ["in the run", "measured", "must be", "holds"],
    checks.map((check) => [
      check.what,
      counted(check.measured),
      check.min === check.max
        ? counted(check.max)
        : `${counted(check.min)} to ${counted(check.max)}`,
      holds(check) ? "yes" : "no",
    ]),
  );
}

const lags: readonly Lag[] = [
  { maxLagSeconds: 10, clockAllowanceSeconds: 1 },
  { maxLagSeconds: 60, clockAllowanceSeconds: 1 },
];

export function journalTable(): string {
  const row = (requestsPerSecond: number) => {
    const cells = lags.flatMap((lag) => {
      const bill = journalBillByTraffic(lag, requestsPerSecond);
      return [counted(bill.commandsAnHour), dollars(bill.dollarsAMillionRequests)];
    });
    return [String(requestsPerSecond), ...cells];
  };
  return markdownTable(
    [
      "requests a second in a colo",
      ...lags.flatMap(({ maxLagSeconds }) => [
        `N = ${maxLagSeconds} s: commands an hour, at most`,
        "dollars a million requests",
      ]),
    ],
    [0.1, 1, 10, 100].map(row),
  );
}

/**
 * Formats the use of the Cache API. The Workers count lookups and writes. The other numbers are
 * derived from other counts.
 */
export function cacheApiTable({ run }: Reported): string {
  const sum = (counts: Run["reads"]) =>
    Object.values(counts["edge"] ?? {}).reduce((total, count) => total + count, 0);
  const sharedHits = run.replayed.cacheStatusCounts.get("hit; detail=shared") ?? 0;
  const journalReads = run.entries["journal read"].requests;
  return markdownTable(
    ["Cache API", "calls", "known from"],
    [
      ["`match`: lookups", counted(sum(run.reads)), "the Workers' counts"],
      ["`put`: fills and 304s", counted(sum(run.writes)), "the Workers' counts"],
      ["`put`: hits in the shared tier", counted(sharedHits), "the counts of `Cache-Status`"],
      [
        "`match` and `put`: copies of the purge view",
        `≤ ${counted(4 * journalReads)}`,
        "at most four for each read of the journal",
      ],
      ["`delete`", "0", "the trace invalidates responses only by purges"],
    ],
  );
}

/** Formats the CPU time of a request. */
export function cpuSaid({ run: { cpuMs, replayed } }: Reported): string {
  if (cpuMs === undefined) return "CPU time is not measured on this system.";
  const cpuEach = (cpuMs / replayed.tookMs.length).toFixed(2);
  return (
    `The workerd processes took ${cpuEach} ms of CPU for each request. This includes the runtime's own HTTP and its ` +
    `simulated Cache API, which Cloudflare does not bill.`
  );
}

/** Formats the figures that are in no table and in no document: latency, origin and storage. */
export function restSaid({ run }: Reported): string {
  const { replayed, storedBytes, origin } = run;
  const [p50 = 0, p99 = 0] = [0.5, 0.99].map((share) => quantile(replayed.tookMs, share));
  return (
    `Answers took ${p50.toFixed(1)} ms at the median and ${p99.toFixed(0)} ms at the 99th ` +
    `percentile. The origin got ${counted(origin.requests)} requests, answered ${counted(origin.notModified)} of them ` +
    `with a 304, and sent ${mebibytes(origin.bytes)} of bodies. ` +
    `At the end, Redis stored at most ${mebibytes(storedBytes)}. ` +
    `${upstash.storage.includedGigabytes} GB is free of charge.`
  );
}

export function pricesSaid(): string {
  const { requests, cpuMs } = workers;
  return (
    `The prices are those of ${readOn}: $${requests.dollarsAMillion.toFixed(2)} a million requests and $${cpuMs.dollarsAMillion} a million CPU milliseconds with ` +
    `[Workers Paid](https://developers.cloudflare.com/workers/platform/pricing/), and ` +
    `$${(upstash.commands.dollarsAMillion / 10).toFixed(2)} per 100,000 commands and $${upstash.bandwidth.dollarsAGigabyte} a GB of ` +
    `bandwidth with [Upstash, pay as you go](https://upstash.com/docs/redis/overall/billing), in one region.`
  );
}
