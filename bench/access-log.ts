// Compares `tidemark simulate` with measured runs of the trace, and times it over a long log.
//   npm run bench -- access-log [--runs 5] [--requests 10000] [--pages 500] [--seconds 60] [--lines 1000000]
// Without runs (--runs 0), it only times. Fails if a simulation differs by more than 1.5 points.
import { parseArgs } from "node:util";
import { Running } from "../local/running.ts";
import { comparedRun } from "./access-log/compared-run.ts";
import { timed } from "./access-log/timed.ts";
import { RuntimeLog } from "./load/runtime-log.ts";

const pointsMax = 1.5;
/** Beyond, the machine was too slow, and the run does not count. Lifetimes are a second and longer. */
const lateMsMax = 50;
/** The duration of the bench trace, as in `cost.ts`. */
const usualSeconds = 180;

const { values } = parseArgs({
  options: {
    runs: { type: "string", default: "5" },
    requests: { type: "string", default: "10000" },
    pages: { type: "string", default: "500" },
    seconds: { type: "string", default: "60" },
    lines: { type: "string", default: "1000000" },
  },
});
const trace = {
  requestCount: Number(values.requests),
  pageCount: Number(values.pages),
  durationMs: Number(values.seconds) * 1_000,
  seed: 1,
  stretch: Number(values.seconds) / usualSeconds,
};

const runs = [];
for (let nth = 0; nth < Number(values.runs); nth += 1) {
  const running = new Running();
  const log = new RuntimeLog();
  try {
    const run = await comparedRun(running, { trace, log });
    const isLate = run.lateMsMax > lateMsMax;
    if (!isLate) runs.push(run);
    process.stdout.write(`${JSON.stringify(run)}${isLate ? " too late, so left out" : ""}\n`);
  } finally {
    await running.stop();
  }
}
if (runs.length < Number(values.runs)) process.exitCode = 1;
const mean = (numbers: readonly number[]) =>
  numbers.reduce((sum, one) => sum + one, 0) / numbers.length;
for (const share of ["hitRate", "offload"] as const) {
  if (runs.length === 0) continue;
  const measured = 100 * mean(runs.map((run) => run.measured[share]));
  const points = runs.map((run) => 100 * run.simulated[share] - measured);
  const most = Math.max(...points.map(Math.abs));
  process.stdout.write(
    `${share}: ${measured.toFixed(2)} % measured, simulated ${points.map((one) => one.toFixed(2)).join(", ")} points beside it\n`,
  );
  if (most > pointsMax) process.exitCode = 1;
}
if (Number(values.lines) > 0) process.stdout.write(`${await timed(Number(values.lines))}\n`);
