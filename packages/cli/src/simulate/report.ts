// The output of a simulation: a comparison of policies, the routes, the most missed pages, and what
// was assumed.
import type { Session } from "../session.ts";
import { tableOf } from "../terminal.ts";
import { mixesOf, mixNames } from "./mixes.ts";
import type { Assumptions } from "./planner.ts";
import { dollars, workers } from "./prices.ts";
import { reportCommandsOf } from "./report-commands.ts";
import type { Policy } from "./policy.ts";
import type { Simulation } from "./simulation.ts";
import { shareOf } from "./totals.ts";

/** A simulated policy. */
export interface PolicyRun {
  /** The name of its configuration. */
  readonly name: string;
  readonly policy: Policy;
  readonly simulation: Simulation;
}

const missedShown = 10;
/** The reads of the journal by one colo, in a period of N − A: docs/costs.md. */
const journalReadsAPeriod = 2.9;
const cronCommandsAMinute = 3;

/** Returns the figures of a policy. Costs are for a million requests, without CPU time and purges. */
export function figuresOf({ name: config, policy, simulation }: PolicyRun) {
  const { totals, world, assumed } = simulation;
  const { all, seconds } = totals;
  const { calls } = world.shared;
  const { renewalLagMs, allowanceMs } = policy.config.purge;
  const million = shareOf(1e6, all.requests);
  const isolates = world.isolates.length;
  const periods = (seconds * 1_000) / Math.max(1_000, renewalLagMs - allowanceMs);
  const journalReads = Math.min(all.requests, journalReadsAPeriod * periods * world.coloCount);
  const minutes = Math.max(1, seconds / 60);
  const reports = reportCommandsOf({ isolates, requests: all.requests, minutes });
  const operations = {
    lookUps: calls.reads * million,
    writes: calls.writes * million,
    fills: calls.fills * million,
    bytes: calls.bytes * million,
    journalReads: journalReads * million,
    purges: 0,
    otherCommands: (reports + cronCommandsAMinute * minutes) * million,
  };
  const { lookUps, writes, fills, otherCommands } = operations;
  const bills = mixesOf(operations).map(({ name: mix, records, journal, duration }) => {
    return [mix, workers.requests.dollarsAMillion + records + journal + duration] as const;
  });
  const bill = new Map(bills);
  const memory = world.memoryByRoute();
  const routes = [...totals.byRoute].map(([route, counts]) => ({
    route,
    requests: counts.requests,
    passed: counts.passed,
    hitRate: counts.hitRate,
    offload: counts.offload,
    originRequests: counts.originRequests,
    originBytes: counts.originBytes,
    memoryBytes: memory.get(route) ?? 0,
  }));
  return {
    config,
    requests: all.requests,
    seconds,
    colos: world.coloCount,
    hitRate: all.hitRate,
    offload: all.offload,
    outcomes: { ...all.outcomes, passed: all.passed },
    refreshes: all.refreshes,
    answeredBytes: all.answeredBytes,
    originRequests: all.originRequests,
    originBytes: all.originBytes,
    originPeakASecond: totals.originASecond.most,
    originPeakAMinute: totals.originAMinute.most,
    redisCommandsAMillion: lookUps + writes + journalReads * million + otherCommands,
    objectCallsAMillion: lookUps + writes + journalReads * million,
    objectRowsAMillion: writes + fills,
    dollarsAMillion: {
      redis: bill.get(mixNames.redis) ?? 0,
      objects: bill.get(mixNames.cloudflare) ?? 0,
    },
    memoryBytes: routes.reduce((sum, { memoryBytes }) => sum + memoryBytes, 0),
    routes: routes.toSorted((one, other) => other.requests - one.requests),
    mostMissed: totals.mostMissed(missedShown).map(([name, misses]) => ({ name, misses })),
    assumed,
  };
}
export type Figures = ReturnType<typeof figuresOf>;

export const percent = (share: number): string => `${(100 * share).toFixed(1)} %`;
const counted = (count: number): string => Math.round(count).toLocaleString("en-US");
const mebibytes = (bytes: number): string => `${(bytes / 1_048_576).toFixed(1)} MiB`;
const signed = (text: string, value: number): string => (value > 0 ? `+${text}` : text);

type Row = readonly [
  name: string,
  of: (figures: Figures) => number,
  form: (value: number) => string,
];

const rows: readonly Row[] = [
  ["hit rate", ({ hitRate }) => hitRate, percent],
  ["offload", ({ offload }) => offload, percent],
  ["origin requests", ({ originRequests }) => originRequests, counted],
  ["  of them background refreshes", ({ refreshes }) => refreshes, counted],
  ["  most in a second", ({ originPeakASecond }) => originPeakASecond, counted],
  ["  most in a minute", ({ originPeakAMinute }) => originPeakAMinute, counted],
  ["bytes to clients", ({ answeredBytes }) => answeredBytes, mebibytes],
  ["bytes from the origin", ({ originBytes }) => originBytes, mebibytes],
  ["memory at the end", ({ memoryBytes }) => memoryBytes, mebibytes],
  ["a million requests: Redis commands", (one) => one.redisCommandsAMillion, counted],
  ["  calls of Durable Objects", (one) => one.objectCallsAMillion, counted],
  ["  rows in Durable Objects", (one) => one.objectRowsAMillion, counted],
  ["  dollars, all in Redis", (one) => one.dollarsAMillion.redis, dollars],
  ["  dollars, all in Durable Objects", (one) => one.dollarsAMillion.objects, dollars],
];

/** Prints the figures of one policy, or of two beside each other. */
export function printFigures({ terminal }: Session, figures: readonly Figures[]): void {
  const [first, second] = figures;
  if (first === undefined) return;
  const heads = ["", ...figures.map(({ config }) => config), ...(second ? ["difference"] : [])];
  const table = rows.map(([name, of, form]) => {
    const change = second === undefined ? 0 : of(second) - of(first);
    const difference = form === dollars && change < 0 ? `-${dollars(-change)}` : form(change);
    const cells = figures.map((one) => form(of(one)));
    const all = second === undefined ? cells : cells.concat(signed(difference, change));
    return [name].concat(all);
  });
  const numbers = new Set([1, 2, 3, 4, 5, 6, 7]);
  terminal.text(tableOf([heads, ...table], numbers).join("\n"));
  for (const { config, routes } of figures) {
    const head = ["route", "requests", "hits", "offload", "passed", "origin", "memory"];
    const lines = routes.map((one) => [
      one.route === "" ? "(none)" : one.route,
      counted(one.requests),
      percent(one.hitRate),
      percent(one.offload),
      counted(one.passed),
      mebibytes(one.originBytes),
      mebibytes(one.memoryBytes),
    ]);
    terminal.text(`\n${second === undefined ? "Routes" : `Routes of ${config}`}`);
    terminal.text(tableOf([head, ...lines], numbers).join("\n"));
  }
  terminal.text("\nMost missed");
  const missed = first.mostMissed.map(({ name, misses }) => [counted(misses), name.slice(0, 90)]);
  terminal.text(tableOf(missed, new Set([0])).join("\n"));
}

/** Returns a sentence for each assumption that concerned a request. */
export function assumptionsOf({ policy, simulation: { assumed } }: PolicyRun): string[] {
  const { host, coloCount, originMs, freshSeconds = 0 } = policy;
  const sentences: Readonly<Record<keyof Assumptions, string>> = {
    host: `The log has no host, so it is ${host}. Set it with --host.`,
    cookies: "The log has no cookies, so no request has an unknown cookie, which would be a miss.",
    noLifetime:
      "Neither the log nor a route gives the answer a lifetime, so it is not stored. Set one with --fresh.",
    fresh: `Neither the log nor a route gives the answer a lifetime, so it is ${freshSeconds} s, as --fresh says.`,
    key: "The keys are those of the log. Changes of query, cookies and key fields have no effect.",
    colo: `The log names no colo, so the clients are spread over ${coloCount}. Set it with --colos.`,
    originMs: `The log does not say how long the origin took, so it is ${originMs} ms. Set it with --origin-ms.`,
    status304: "The answer to the client was a 304. The origin's is a 200 of the last size.",
  };
  const names = Object.keys(sentences) as (keyof Assumptions)[];
  const counts = names.filter((name) => assumed[name] > 0);
  const always =
    "Always: answers have no Vary and no Set-Cookie, validations are whole answers, isolates live for the whole log, and nothing is purged by tag.";
  return [
    ...counts.map((name) => `${counted(assumed[name])} requests: ${sentences[name]}`),
    always,
  ];
}
