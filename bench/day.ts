// Plays a day of a site in accelerated time, and checks that memory, timers and keys do not grow.
// Counts are compared with the requests, and each answer with the purges.
//   npm run bench -- day [--hours 24] [--rate 5] [--seed 1]
// With --live, it runs workerd and Redis in real time, for this many minutes at about 500 requests per
// second, under purges, restarts and faults.
//   npm run bench -- day --live 60 [--seed 1]
import { parseArgs } from "node:util";
import { faultNames } from "../testing/consistency/nemesis.ts";
import { tableOf } from "../testing/consistency/table.ts";
import { growthIn } from "./day/flat.ts";
import { liveFaults, liveHour, liveTable } from "./day/live-hour.ts";
import { Day, type PlayedDay } from "./day/played-day.ts";
import { counted, markdownTable } from "./load/figures.ts";
import { numberOf, report } from "./load/run-options.ts";
import { PlayedTime } from "./scale/played-time.ts";

await report(async () => {
  const { values } = parseArgs({
    options: {
      hours: { type: "string", default: "24" },
      rate: { type: "string", default: "5" },
      seed: { type: "string", default: "1" },
      live: { type: "string" },
    },
  });
  const seed = numberOf("--seed", values.seed);
  if (values.live !== undefined) return live(seed, numberOf("--live", values.live));
  return played(seed, numberOf("--hours", values.hours), numberOf("--rate", values.rate));
});

async function played(seed: number, hours: number, requestsPerSecond: number) {
  const settings = {
    seed,
    hours,
    requestsPerSecond,
    coloCount: 3,
    pageCount: 2_000,
    editsPerHour: 60,
    outagesPerHour: 1,
    maxLagSeconds: 10,
  };
  const heapBytes = () => {
    globalThis.gc?.();
    return process.memoryUsage().heapUsed;
  };
  const startedMs = performance.now();
  const time = new PlayedTime();
  const day = await time.keeping(() => new Day(settings, time).play(heapBytes));
  const seconds = (performance.now() - startedMs) / 1_000;
  const faults = faultsIn(day);
  return { table: said(day, seconds, faults), violationCount: faults.length };
}

function faultsIn(day: PlayedDay): string[] {
  const { askedCount, countedCount, violations, samples } = day;
  const differs = `The isolates counted ${countedCount} requests of ${askedCount}.`;
  return [...violations, ...growthIn(samples), ...(askedCount === countedCount ? [] : [differs])];
}

function said(day: PlayedDay, seconds: number, faults: readonly string[]): string {
  const head = ["hour", "requests", "heap, MB", "timers", "records in Redis", "journal entries"];
  const rows = day.samples.map((sample) => [
    String(sample.hour),
    counted(sample.requests),
    (sample.heapBytes / 1_000_000).toFixed(1),
    counted(sample.timers),
    counted(sample.keys),
    counted(sample.journalEntries),
  ]);
  const sums = [
    `${counted(day.askedCount)} requests in ${seconds.toFixed(0)} s, ${counted(day.countedCount)} counted by the isolates, ${counted(day.failedCount)} failed`,
    `${day.purgeCount} purges, ${day.deploymentCount} deployments, ${day.outageCount} outages`,
    `violations ${day.violations.length}`,
    ...faults.slice(0, 20).map((fault) => `  ${fault}`),
  ];
  return `${markdownTable(head, rows)}\n${sums.join("\n")}`;
}

async function live(seed: number, minutes: number) {
  const hour = await liveHour({
    seed,
    activeMs: minutes * 60_000,
    coloCount: 3,
    pagesPerKind: 5,
    readersPerColo: 20,
    thinkMsMax: 120,
    writerCount: 8,
    writePauseMsMax: 2_400,
    faults: faultNames,
    restMsMax: 60_000,
    quietMs: 35_000,
    readsPerRound: 1,
    checkEveryMs: 0,
  });
  const { result } = hour;
  const faults = liveFaults(hour);
  const table = [tableOf(result), liveTable(hour), ...faults].join("\n");
  return { table, violationCount: result.findings.violations.length + faults.length };
}
