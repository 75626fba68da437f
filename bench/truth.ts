// Checks the figures of /_cache/metrics. Three colos of the built Worker are under load, and the
// metrics are compared with the counts of the load, the origin and Redis. In the first part no
// isolate dies; in the second part the bench kills colos. Exits with 1 if a figure is wrong.
//   npm run bench -- truth [--requests 200000] [--rate 200] [--seed 1] [--part 1] [--hurry]
import { parseArgs } from "node:util";
import { Running } from "../local/running.ts";
import { reportPace, type ReportPace } from "../src/observe/metrics.ts";
import { machineSaid } from "./load/figures.ts";
import { RuntimeLog } from "./load/runtime-log.ts";
import { holds } from "./truth/figure.ts";
import { figuresOf } from "./truth/judged.ts";
import { documented, failedLine, type Part } from "./truth/report.ts";
import { truthRun, type TruthSettings } from "./truth/run.ts";

const command = "npm run bench -- truth";

/** A faster pace of reports, for a quick check. The Worker then differs from the deployed one. */
const hurried: ReportPace = { busyAfterMs: 4_000, busyRequests: 100, quietAfterMs: 12_000 };

function givenParts(): TruthSettings[] {
  const { values } = parseArgs({
    options: {
      requests: { type: "string", default: "200000" },
      rate: { type: "string", default: "200" },
      seed: { type: "string", default: "1" },
      part: { type: "string" },
      hurry: { type: "boolean", default: false },
    },
  });
  const isHurried = values.hurry;
  const pace = isHurried ? hurried : reportPace;
  const settings: TruthSettings = {
    requestCount: Number(values.requests),
    perSecond: Number(values.rate),
    seed: Number(values.seed),
    purgeEveryMs: 2_000,
    pace,
    isHurried,
  };
  // At this pace, isolates die after several reports, or before their first report.
  const killing = { ...settings, killEveryMs: pace.busyAfterMs / 2 };
  return [settings, killing].filter((_, at) => ["", String(at + 1)].includes(values.part ?? ""));
}

async function partOf(settings: TruthSettings): Promise<Part> {
  const running = new Running();
  const log = new RuntimeLog();
  try {
    const run = await truthRun(running, settings, log);
    process.stderr.write(`the load was late by ${run.lateMsMax.toFixed(0)} ms at most\n`);
    return { settings, run, figures: figuresOf(run) };
  } finally {
    await running.stop();
    process.stderr.write(log.take());
  }
}

async function main(): Promise<void> {
  const machine = machineSaid();
  const done: Part[] = [];
  for (const settings of givenParts()) done.push(await partOf(settings));
  const text = documented(done, { command, machine });
  process.stdout.write(`${text}\n`);
  const failed = done.flatMap(({ figures }) => figures.filter((figure) => !holds(figure)));
  process.stderr.write(failed.map((figure) => `${failedLine(figure)}\n`).join(""));
  if (failed.length > 0) process.exitCode = 1;
}

await main();
