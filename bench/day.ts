// Plays a day of a site in accelerated time, and checks that memory, timers and keys do not grow.
// Counts are compared with the requests, and each answer with the purges and the outages.
//   npm run bench -- day [--hours 24] [--rate 5] [--seed 1]
import { parseArgs } from "node:util";
import { growthIn } from "./day/flat.ts";
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
    },
  });
  const { seed, hours, rate } = values;
  return played(numberOf("--seed", seed), numberOf("--hours", hours), numberOf("--rate", rate));
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
