// Formats the result of a run for a terminal.
import { boundMs } from "./checker/bound.ts";
import { excerptAround } from "./checker/excerpt.ts";
import { observedLags, quantile } from "./checker/observed-lag.ts";
import { crossings } from "./crossings.ts";
import type { RunResult } from "./run.ts";

const violationsShown = 5;

export function tableOf(result: RunResult): string {
  const { history, findings, settings, modes } = result;
  const { purges, reads } = history;
  const accepted = purges.filter(({ outcome }) => outcome.kind === "accepted");
  const count = (text: string) =>
    reads.filter(({ cacheStatus }) => cacheStatus.includes(text)).length;
  const promisedMs = boundMs(history, { fromMs: -Infinity, untilMs: -Infinity });
  const widestMs = boundMs(history, { fromMs: -Infinity, untilMs: Infinity });
  const lags = observedLags(history, widestMs);
  const ms = (share: number) => `${Math.round(quantile(lags.sortedMs, share) ?? 0)} ms`;
  const ofBound = `${promisedMs} ms, ${widestMs} ms under the longest replica lag`;
  const modeCount = (mode: string) =>
    accepted.filter(({ order }) => (order.mode ?? "hard") === mode);
  const { excusedReads, excusedPurges } = findings;
  const rows: [string, string | number][] = [
    ["seed", settings.seed],
    ["took", `${(result.tookMs / 1_000).toFixed(1)} s`],
    ["colos; Redis; modes", `${history.colos.length}; ${result.redis}; ${modes.join(", ")}`],
    ["operations", reads.length + result.failedReadCount + purges.length + history.writes.length],
    ["reads", `${reads.length} (and ${result.failedReadCount} that failed)`],
    ["hits; collapsed", `${count("tidemark; hit")}; ${count("; collapsed")}`],
    ...crossings(history).map(({ storedBy, answeredBy, edge, shared }): [string, string] => [
      `hits of ${answeredBy} on responses stored by ${storedBy}: edge; shared`,
      `${edge}; ${shared}`,
    ]),
    ["stale-if-error", count("stale-if-error")],
    ["origin requests", result.originRequestCount],
    ["versions written", history.writes.length],
    [
      "purges accepted, hard and soft",
      `${modeCount("hard").length} and ${modeCount("soft").length}`,
    ],
    ["purges refused", purges.length - accepted.length],
    ["faults", sums(history.faults.map(({ fault }) => fault)) || "none"],
    [
      "marks of loss",
      history.journal.filter((each) => each.kind === "appended" && each.isMark).length,
    ],
    [
      "excused: lost, and known to no live isolate",
      excusesSaid(excusedPurges["lost-unread"], excusedReads["lost-unread"]),
    ],
    [
      "excused: lost until an isolate noticed the loss",
      excusesSaid(excusedPurges["lost-until-noticed"], excusedReads["lost-until-noticed"]),
    ],
    ["longest time until a loss was noticed", `${Math.round(findings.unnoticedMsMax)} ms`],
    [
      "posts of the switch; answers checked against it",
      `${(history.switches ?? []).filter(({ isAccepted }) => isAccepted).length}; ${findings.switchJudgedCount}`,
    ],
    ["bound", ofBound],
    ["observed lag of hard purges: p50, p99, max", `${ms(0.5)}, ${ms(0.99)}, ${ms(1)}`],
    ["seen at once", `${lags.atOnceCount} of ${lags.sortedMs.length}`],
    ["violations", findings.violations.length],
  ];
  return rendered(rows, findings.violations, (violation) => excerptAround(violation, history));
}

/** Returns a table, and the first violations with their excerpts. */
export function rendered<V extends { readonly rule: string; readonly what: string }>(
  rows: readonly (readonly [string, string | number])[],
  violations: readonly V[],
  excerptOf: (violation: V) => string[],
): string {
  const table = rows.map(([name, value]) => `| ${name} | ${value} |`);
  const shown = violations
    .slice(0, violationsShown)
    .flatMap((each) => ["", `${each.rule}: ${each.what}`].concat(excerptOf(each)));
  const found = violations.length === 0 ? [] : ["", sums(violations.map(({ rule }) => rule))];
  return ["| | |", "|---|---|", ...table, ...found, ...shown, ""].join("\n");
}

/** Counts equal names. */
export function sums(names: readonly string[]): string {
  const byName = Object.entries(Object.groupBy(names, (name) => name));
  return byName.map(([name, all = []]) => `${name} ${all.length}`).join(", ");
}

const excusesSaid = (purgeCount: number, readCount: number): string =>
  `${purgeCount} purges, ${readCount} reads`;
