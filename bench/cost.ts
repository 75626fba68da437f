// Computes the bill for a site's traffic. Replays the bench trace over each mix of stores, counts and
// prices its use, and writes the tables of docs/costs.md. Without redis, it prints
// the mix without Redis.
//   npm run bench -- cost [--stores redis,cloudflare] [--requests 100000] [--pages 5000] [--seconds 540] [--seed 1] [--print-only]
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { Running } from "../local/running.ts";
import { type Check, checksOf, holds } from "./cost/checks.ts";
import { designsOf } from "./cost/designs.ts";
import type { Lag } from "./cost/journal-bill.ts";
import { documented } from "./cost/documented.ts";
import { billOfMix, mixesTable } from "./cost/mixes.ts";
import { mixChecksOf } from "./cost/mix-checks.ts";
import { type MixRun, mixRun } from "./cost/mix-run.ts";
import { checksTable } from "./cost/report.ts";
import { countedRun, type Run } from "./cost/run.ts";
import { type Single, singleEvents } from "./cost/single-events.ts";
import { machineSaid, replaceMarkedPart } from "./load/figures.ts";
import { RuntimeLog } from "./load/runtime-log.ts";
import { coloCount, type TraceSettings, traceOf } from "./trace/trace.ts";

const command = "npm run bench -- cost";
/**
 * The duration of the bench trace. A longer replay is the same trace at a slower pace, with longer
 * lifetimes.
 */
const usualSeconds = 180;
const storeNames: readonly string[] = ["redis", "cloudflare"];
/** The values of the default configuration. */
const lag: Lag = { maxLagSeconds: 10, clockAllowanceSeconds: 1 };

interface Given {
  readonly settings: TraceSettings;
  readonly isPrintedOnly: boolean;
  readonly hasRedis: boolean;
  readonly hasMix: boolean;
}

function given(): Given {
  const { values } = parseArgs({
    options: {
      requests: { type: "string", default: "100000" },
      pages: { type: "string", default: "5000" },
      seconds: { type: "string", default: "540" },
      seed: { type: "string", default: "1" },
      stores: { type: "string", default: storeNames.join(",") },
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
  const named = values.stores.split(",");
  const unknown = named.find((one) => !storeNames.includes(one));
  if (unknown !== undefined) {
    const known = storeNames.join(", ");
    throw new Error(`--stores has ${JSON.stringify(unknown)}. Name some of: ${known}.`);
  }
  return {
    settings,
    isPrintedOnly: values["print-only"],
    hasRedis: named.includes("redis"),
    hasMix: named.includes("cloudflare"),
  };
}

async function main(): Promise<void> {
  const { settings, isPrintedOnly, hasRedis, hasMix } = given();
  const machine = machineSaid();
  const log = new RuntimeLog();
  const how = { trace: settings, lag, log };
  const singles = hasRedis ? await whileRunning((running) => singleEvents(running, log)) : [];
  const run = hasRedis ? await whileRunning((running) => countedRun(running, how)) : undefined;
  tellOf("redis", run, log);
  const mix = hasMix ? await whileRunning((running) => mixRun(running, how)) : undefined;
  tellOf("cloudflare", mix, log);
  const { requestCount } = settings;
  const redisOriginRequests = run?.origin.requests;
  const ofMix = mix ? mixChecksOf(mix, { requestCount, redisOriginRequests }) : [];
  if (run === undefined) {
    const bills = mix ? [billOfMix(mix, requestCount)] : [];
    process.stdout.write(`${mixesTable(bills)}\n${checksTable(ofMix)}\n`);
    return tellFailures(failuresIn(ofMix, []));
  }
  const designs = designsOf(run, traceOf(settings), settings);
  const checks = [...checksOf(run, { lag, coloCount, ...designs }), ...ofMix];
  const { costs, printed } = documented({
    run,
    designs,
    settings,
    lag,
    singles,
    checks,
    mix,
    machine,
    command,
  });
  process.stdout.write(`${costs}\n${printed}\n`);
  tellFailures(failuresIn(checks, singles));
  if (isPrintedOnly) return;
  await replaceMarkedPart(pathOf("docs/costs.md"), command, costs);
}

function tellOf(stores: string, run: Run | MixRun | undefined, log: RuntimeLog): void {
  if (run === undefined) return;
  const late = run.replayed.lateMsMax.toFixed(0);
  process.stderr.write(`${log.take()}${stores}: the replay was late by ${late} ms at most\n`);
}

function tellFailures(failed: readonly string[]): void {
  process.stderr.write(failed.map((what) => `does not hold: ${what}\n`).join(""));
  if (failed.length > 0) process.exitCode = 1;
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
