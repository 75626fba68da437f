// Formats the result of a run with data for a terminal.
import { boundMs } from "../checker/bound.ts";
import { excerptOfData } from "./checker/excerpt.ts";
import { rendered, sums } from "../table.ts";
import type { DataRunResult } from "./run-data.ts";

export function tableOfData(result: DataRunResult): string {
  const { history, findings, settings, world } = result;
  const { reads, purges, increments, places, writes } = history;
  const accepted = purges.filter(({ outcome }) => outcome === "accepted");
  const counted = (all: readonly { readonly by: string }[]) => sums(all.map(({ by }) => by));
  const outcomes = (outcome: string) => purges.filter((purge) => purge.outcome === outcome).length;
  const promisedMs = boundMs(history, { fromMs: -Infinity, untilMs: Infinity });
  const isMark = (event: (typeof world.journal)[number]) =>
    event.kind === "appended" && event.isMark;
  const rows: readonly [string, string | number][] = [
    ["seed", settings.seed],
    ["took", `${(result.tookMs / 1_000).toFixed(1)} s`],
    ["places; store", `${places.join(", ")}; ${result.store}`],
    ["clients; keys", `${settings.clientCount}; ${history.keys.length}`],
    ["values read", `${reads.length}: ${counted(reads)}`],
    ["of them replaced versions", findings.olderReadCount],
    ["versions written", writes.length],
    ["purges accepted", `${accepted.length}: ${counted(accepted)}`],
    ["of them soft", accepted.filter(({ mode }) => mode === "soft").length],
    ["purges refused; without an answer", `${outcomes("refused")}; ${outcomes("unknown")}`],
    [
      "increments; of them without a known result",
      `${increments.length}; ${increments.filter(({ value }) => value === undefined).length}`,
    ],
    ["requests to the source", result.sourceRequestCount],
    ["calls that failed", [...result.failures].map((each) => each.join(" ")).join(", ") || "none"],
    ["faults", sums(world.faults.map(({ fault }) => fault)) || "none"],
    ["marks of loss", world.journal.filter(isMark).length],
    ["bound", `${promisedMs} ms`],
    ["worst lag of a purge", `${Math.round(findings.worstLagMs)} ms`],
    ["violations", findings.violations.length],
  ];
  return rendered(rows, findings.violations, (violation) =>
    excerptOfData(violation, history, world),
  );
}
