// Replays a site's traffic, and measures the share that reaches the origin through Tidemark,
// through typical Workers without it, and through Varnish. Computes the share for ideal caches.
// Systems take turns.
//   npm run bench -- trace [--requests 100000] [--pages 5000] [--seconds 180] [--seed 1]
//     [--systems tidemark,bare,hono,varnish] [--paged 0.2: pages with an unlisted query ?page=]
import { parseArgs } from "node:util";
import { Running } from "../local/running.ts";
import { adminToken } from "../testing/worker/world.ts";
import { machineSaid } from "./load/figures.ts";
import { type Part, startPart } from "./load/part.ts";
import { RuntimeLog } from "./load/runtime-log.ts";
import { bareWorker, buildHonoWorker } from "./load/peer-workers.ts";
import type { OriginCalls } from "./trace/origin-process.ts";
import type { PurgeManner, ReplayCalls } from "./trace/replay-process.ts";
import { account, cacheStatusTable, type Result, resultTable, traceSaid } from "./trace/report.ts";
import {
  perColo,
  restRttMs,
  siteHost,
  startTidemark,
  startWorkers,
} from "./trace/start-workers.ts";
import { originMs, scale, type Trace, type TraceSettings, traceOf } from "./trace/trace.ts";
import { startVarnish } from "./trace/varnish.ts";

const lag = { maxLagSeconds: 3, clockAllowanceSeconds: 1 };

interface System {
  readonly name: string;
  readonly purge: PurgeManner;
  /** Starts one instance for each colo. */
  start(running: Running, given: Given): Promise<readonly { readonly url: string }[]>;
}

interface Given {
  readonly originUrl: string;
  readonly log: RuntimeLog;
}

const systems: Readonly<Record<string, System>> = {
  tidemark: {
    name: "Tidemark",
    purge: { kind: "tidemark", adminToken, siteHost },
    start: async (running, given) => (await startTidemark(running, { ...given, lag })).colos,
  },
  bare: {
    name: "bare Cache API Worker",
    purge: { kind: "none" },
    start: (running, given) => startWorkers(running, { ...given, worker: bareWorker }),
  },
  hono: {
    name: "hono/cache",
    purge: { kind: "none" },
    start: async (running, given) =>
      startWorkers(running, { ...given, worker: await buildHonoWorker() }),
  },
  varnish: {
    name: "Varnish 7.1, bans",
    purge: { kind: "ban" },
    start: async (running, { originUrl }) => {
      const starting = perColo(originUrl).map(() => startVarnish({ originUrl, scale }));
      return Promise.all(starting.map((instance) => running.add(instance)));
    },
  },
};

async function resultOf(
  system: System,
  given: { trace: TraceSettings; origin: Part<OriginCalls>; originUrl: string },
): Promise<Result> {
  const { trace, origin, originUrl } = given;
  const { name, purge } = system;
  const running = new Running();
  const log = new RuntimeLog();
  try {
    const program = new URL("./trace/replay-process.ts", import.meta.url);
    const replay = await running.add(startPart<ReplayCalls>(program));
    const colos = await system.start(running, { originUrl, log });
    const coloUrls = colos.map(({ url }) => url);
    await replay.call("warmUp", { coloUrls });
    await origin.call("reset");
    const { maxLagSeconds } = lag;
    const replaySettings = { trace, coloUrls, originUrl, purge, maxLagSeconds };
    const replayed = await replay.call("replay", replaySettings);
    const counts = await origin.call("counts");
    return { name, isToldOfPurges: purge.kind !== "none", replayed, origin: counts };
  } finally {
    await running.stop();
    process.stderr.write(log.take());
  }
}

async function main(): Promise<void> {
  const { values } = parseArgs({
    options: {
      seconds: { type: "string", default: "180" },
      requests: { type: "string", default: "100000" },
      pages: { type: "string", default: "5000" },
      seed: { type: "string", default: "1" },
      paged: { type: "string", default: "0" },
      systems: { type: "string", default: Object.keys(systems).join(",") },
    },
  });
  const trace: TraceSettings = {
    requestCount: Number(values.requests),
    pageCount: Number(values.pages),
    durationMs: Number(values.seconds) * 1_000,
    seed: Number(values.seed),
    pagedShare: Number(values.paged),
  };
  const machine = machineSaid();
  const running = new Running();
  try {
    const program = new URL("./trace/origin-process.ts", import.meta.url);
    const origin = await running.add(startPart<OriginCalls>(program));
    const originUrl = await origin.call("start", trace);
    const results: Result[] = [];
    for (const name of values.systems.split(",")) {
      const system = systems[name];
      if (system === undefined) throw new Error(`There is no system ${JSON.stringify(name)}.`);
      const result = await resultOf(system, { trace, origin, originUrl });
      const { lateMsMax, staleExamples } = result.replayed;
      process.stderr.write(`${name}: the replay was late by ${lateMsMax.toFixed(0)} ms at most\n`);
      if (result.isToldOfPurges)
        process.stderr.write(staleExamples.map((one) => `  ${one}\n`).join(""));
      results.push(result);
    }
    process.stdout.write(
      `${traceSaid(trace)}\n\n${machine}; the origin takes ${originMs} ms, Redis is ` +
        `${restRttMs} ms away.\n\n${reported(results, traceOf(trace))}`,
    );
  } finally {
    await running.stop();
  }
}

function reported(results: readonly Result[], trace: Trace): string {
  const tidemark = results.filter(({ name }) => name === systems["tidemark"]?.name);
  const tables = [
    resultTable(results, trace, lag.maxLagSeconds),
    account(trace),
    ...tidemark.map(cacheStatusTable),
  ];
  return tables.join("\n");
}

await main();
