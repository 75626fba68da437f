// Computes the bill for a site's traffic. Replays the bench trace, counts the use of Redis, the
// Cache API, the origin and the processors, and prices it. Writes the tables of docs/costs.md and
// docs/performance.md.
//   npm run bench -- cost [--requests 100000] [--pages 5000] [--seconds 540] [--seed 1] [--print-only]
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { Running } from "../local/running.ts";
import { type Check, checksOf, holds } from "./cost/checks.ts";
import { designsOf } from "./cost/designs.ts";
import type { Lag } from "./cost/journal-bill.ts";
import { documented } from "./cost/documented.ts";
import { countedRun } from "./cost/run.ts";
import { type Single, singleEvents } from "./cost/single-events.ts";
import { machineSaid } from "./load/figures.ts";
import { RuntimeLog } from "./load/runtime-log.ts";
import { replaceMarkedPart } from "./load/marked-part.ts";
import { coloCount, type TraceSettings, traceOf } from "./trace/trace.ts";

const command = "npm run bench -- cost";
/**
 * The duration of the bench trace. A longer replay is the same trace at a slower pace, with longer
 * lifetimes.
 */
const usualSeconds = 180;
/** The values of the default configuration. */
const lag: Lag = { maxLagSeconds: 10, clockAllowanceSeconds: 1 };

function given(): { settings: TraceSettings; isPrintedOnly: boolean } {
  const { values } = parseArgs({
    options: {
      requests: { type: "string", default: "100000" },
      pages: { type: "string", default: "5000" },
      seconds: { type: "string", default: "540" },
      seed: { type: "string", default: "1" },
      "print-only": { type: "boolean", default: false },
    },
  });
  const settings = {
    requestCount: Number(values.requests),
    pageCount: Number(values.pages),
    durationMs: Number(values.seconds) * 1_000,
    seed: Number(values.seed),
    stretch: Number(values.seconds) / usualSeconds,
  };
  return { settings, isPrintedOnly: values["print-only"] };
}

async function main(): Promise<void> {
  const { settings, isPrintedOnly } = given();
  const machine = machineSaid();
  const log = new RuntimeLog();
  const singles = await whileRunning((running) => singleEvents(running, log));
  const run = await whileRunning((running) => countedRun(running, { trace: settings, lag, log }));
  process.stderr.write(log.take());
  process.stderr.write(`the replay was late by ${run.replayed.lateMsMax.toFixed(0)} ms at most\n`);
  const designs = designsOf(run, traceOf(settings), settings);
  const checks = checksOf(run, { lag, coloCount, ...designs });
  const { costs, performance } = documented({
    run,
    designs,
    settings,
    lag,
    singles,
    checks,
    machine,
    command,
  });
  process.stdout.write(`${performance}\n`);
  const failed = failuresIn(checks, singles);
  process.stderr.write(failed.map((what) => `does not hold: ${what}\n`).join(""));
  if (failed.length > 0) process.exitCode = 1;
  if (isPrintedOnly) return;
  await replaceMarkedPart(pathOf("docs/costs.md"), command, costs);
  await replaceMarkedPart(pathOf("docs/performance.md"), command, performance);
}

async function whileRunning<T>(work: (running: Running) => Promise<T>): Promise<T> {
  const running = new Running();
  try {
    return await work(running);
  } finally {
    await running.stop();
  }
}

function failuresIn(checks: readonly Check[], singles: readonly Single[]): string[] {
  return [
    ...checks.filter((check) => !holds(check)).map(({ what }) => what),
    ...singles.filter((each) => each.measured !== each.expected).map(({ what }) => what),
  ];
}

const pathOf = (path: string): string => fileURLToPath(new URL(`../${path}`, import.meta.url));

await main();
