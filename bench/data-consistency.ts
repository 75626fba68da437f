// Tests that purged data of an application is not returned, even during faults. Uses several colos,
// a Node process and one Redis. Checks all reads, and exits with 1 on a violation.
//   npm run bench -- data-consistency --minutes 5 [--lag-seconds 1] [--seed 1] [--colos 3]
//     [--faults a,b] [--fault <name of a planted fault>]
// With --object, Durable Objects have the journal, the values and the locks, and there is neither Redis
// nor a Node process. Fields need Redis, so this run has none, but keys of the shared tier alone.
import { parseArgs } from "node:util";
import { boundMs } from "../testing/consistency/checker/bound.ts";
import { excerptOfData } from "../testing/consistency/data/checker/excerpt.ts";
import {
  type DataFaultName,
  dataFaultNames,
  revealingData,
} from "../testing/consistency/data/data-faults.ts";
import { isPlantedInData } from "../testing/consistency/data/planted-data-faults.ts";
import {
  type DataRunResult,
  type DataRunSettings,
  runData,
} from "../testing/consistency/data/run-data.ts";
import { quietMsOf } from "../testing/consistency/promise.ts";
import { rendered, sums } from "../testing/consistency/table.ts";
import { lagMsOf, numberOf, report, unknown } from "./load/run-options.ts";

const checkEveryMs = 1_000;

function settingsFrom(args: readonly string[]): DataRunSettings {
  const { values } = parseArgs({
    args: [...args],
    options: {
      minutes: { type: "string", default: "1" },
      seed: { type: "string", default: String(Date.now() % 1_000_000) },
      colos: { type: "string", default: "3" },
      faults: { type: "string" },
      fault: { type: "string" },
      object: { type: "boolean", default: false },
      "lag-seconds": { type: "string", default: "1" },
    },
  });
  const { fault } = values;
  const store = values.object ? "objects" : "redis";
  const plantable: Readonly<Partial<Record<string, readonly DataFaultName[]>>> =
    revealingData[store];
  if (fault !== undefined && !(isPlantedInData(fault) && fault in plantable)) {
    throw unknown("--fault", fault, Object.keys(plantable));
  }
  const names = dataFaultNames[store];
  const usual = (fault === undefined ? names : plantable[fault]) ?? [];
  const faults = values.faults?.split(",").filter((name) => name !== "") ?? usual;
  for (const name of faults) {
    if (!names.includes(name as DataFaultName)) throw unknown("--faults", name, names);
  }
  const maxLagMs = lagMsOf(values["lag-seconds"]);
  return {
    store,
    maxLagMs,
    seed: numberOf("--seed", values.seed),
    activeMs: numberOf("--minutes", values.minutes) * 60_000,
    coloCount: numberOf("--colos", values.colos),
    clientCount: 100,
    thinkMsMax: 300,
    changeShare: 30 / maxLagMs,
    faults: faults as DataFaultName[],
    restMsMax: Math.max(6_000, 2.5 * maxLagMs),
    quietMs: quietMsOf(maxLagMs),
    checksLifetimes: true,
    checkEveryMs: fault === undefined ? 0 : checkEveryMs,
    ...(fault === undefined ? {} : { fault }),
  };
}

function tableOfData(result: DataRunResult): string {
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

await report(async () => {
  const result = await runData(settingsFrom(process.argv.slice(2)));
  return { table: tableOfData(result), violationCount: result.findings.violations.length };
});
