// Computes the bill for a site's traffic. Replays the bench trace over Redis and over Durable
// Objects, and counts and prices its use. `--write` updates the tables of docs/costs.md.
//   npm run bench -- cost [--requests 100000] [--pages 5000] [--seconds 540] [--seed 1] [--write]
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { type Running, together } from "../local/running.ts";
import { designsOf } from "./cost/designs.ts";
import { mixRun } from "./cost/mix-run.ts";
import { type Lag, type Replay, troubleIn } from "./cost/replay-over.ts";
import { costsPart } from "./cost/report.ts";
import { countedRun } from "./cost/run.ts";
import { machineSaid, replaceMarkedPart } from "./load/figures.ts";
import { RuntimeLog } from "./load/runtime-log.ts";
import { type TraceSettings, traceOf } from "./trace/trace.ts";

const command = "npm run bench -- cost";
/**
 * The duration of the bench trace. A longer replay is the same trace at a slower pace, with longer
 * lifetimes.
 */
const usualSeconds = 180;
/** The values of the default configuration. */
const lag: Lag = { maxLagSeconds: 10, clockAllowanceSeconds: 1 };

const { values } = parseArgs({
  options: {
    requests: { type: "string", default: "100000" },
    pages: { type: "string", default: "5000" },
    seconds: { type: "string", default: "540" },
    seed: { type: "string", default: "1" },
    write: { type: "boolean", default: false },
  },
});
const settings: TraceSettings = {
  requestCount: Number(values.requests),
  pageCount: Number(values.pages),
  durationMs: Number(values.seconds) * 1_000,
  seed: Number(values.seed),
  stretch: Number(values.seconds) / usualSeconds,
};
const machine = machineSaid();
const log = new RuntimeLog();
const how = { trace: settings, lag, log };
const run = await told("redis", (running) => countedRun(running, how));
const mix = await told("cloudflare", (running) => mixRun(running, how));
const designs = designsOf(run, traceOf(settings), settings);
const costs = costsPart({ run, mix, designs, settings, lag, machine, command });
process.stdout.write(costs);
if (values.write) {
  await replaceMarkedPart(
    fileURLToPath(new URL("../docs/costs.md", import.meta.url)),
    command,
    costs,
  );
}

/** @throws Error if the machine was too slow for the replay */
async function told<T extends Replay>(
  stores: string,
  work: (running: Running) => Promise<T>,
): Promise<T> {
  return together(async (running) => {
    const replay = await work(running);
    const late = replay.replayed.lateMsMax.toFixed(0);
    process.stderr.write(`${log.take()}${stores}: the replay was late by ${late} ms at most\n`);
    const trouble = troubleIn(replay);
    if (trouble !== undefined) throw new Error(`${stores}: ${trouble}`);
    return replay;
  });
}
