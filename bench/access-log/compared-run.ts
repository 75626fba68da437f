// One measured run of the trace on Tidemark over Redis, and the simulation of the log that it wrote.
import { Readable } from "node:stream";
import { bundled, root } from "../../local/bundling.ts";
import { startColo } from "../../local/colo.ts";
import { startEmbeddedValkey } from "../../local/embedded-valkey.ts";
import type { Running } from "../../local/running.ts";
import { startUpstashRestServer } from "../../local/upstash-rest-server.ts";
import { readLog } from "../../packages/cli/src/simulate/log-file.ts";
import { Simulation } from "../../packages/cli/src/simulate/simulation.ts";
import { defineConfig } from "../../src/config/config.ts";
import * as rules from "../../src/http-rules.ts";
import { adminToken } from "../../testing/worker/world.ts";
import { replayOver } from "../cost/replay-over.ts";
import type { RuntimeLog } from "../load/runtime-log.ts";
import { restRttMs, siteHost } from "../trace/start-workers.ts";
import { coloCount, originMs, type TraceSettings } from "../trace/trace.ts";

interface Shares {
  readonly hitRate: number;
  readonly offload: number;
}

const lag = { maxLagSeconds: 10, clockAllowanceSeconds: 1 };

/** The Worker logs each request, because the log itself has at most 600 lines a minute. */
const workerText = `
  import { defineConfig } from "./src/tidemark.ts";
  import { operate } from "./src/parts/operate/operate.ts";
  import { upstash } from "./src/upstash.ts";
  import { createWorker } from "./src/worker.ts";

  const config = defineConfig({
    purge: ${JSON.stringify(lag)},
    parts: [operate()],
    routes: [{ name: "pages", match: "*", query: { order: "sort" } }],
  });
  const onRequest = ({ startedAtMs, attributes }) => {
    const tookMs = Math.max(attributes["tidemark.took_ms"], attributes["tidemark.body_ms"] ?? 0);
    const ts = new Date(startedAtMs + tookMs).toISOString();
    console.log(JSON.stringify({ ts, event: "request", ...attributes }));
  };
  export default createWorker(config, { stores: upstash(), onRequest });
`;

export async function comparedRun(
  running: Running,
  { trace, log }: { readonly trace: TraceSettings; readonly log: RuntimeLog },
): Promise<{ readonly measured: Shares; readonly simulated: Shares; readonly lateMsMax: number }> {
  const stdin = { contents: workerText, resolveDir: root, sourcefile: "worker.js" } as const;
  const worker = await bundled({ stdin: { ...stdin, loader: "js" } });
  let lines: string[] = [];
  let quietSinceMs = 0;
  const replay = await replayOver(running, { trace, lag, log }, async (originUrl) => {
    const { url: redisUrl } = await running.add(startEmbeddedValkey());
    const onAnswered = () => {
      quietSinceMs = performance.now();
    };
    const settings = { redisUrl, token: "token", rttMs: restRttMs, onAnswered };
    const rest = await running.add(startUpstashRestServer(settings));
    const env = {
      UPSTASH_REDIS_REST_URL: rest.url,
      UPSTASH_REDIS_REST_TOKEN: rest.token,
      ADMIN_TOKEN: adminToken,
      SITE_HOST: siteHost,
      ORIGIN_URL: originUrl,
    };
    const startOne = (name: string) => {
      const onLine = (line: string) => {
        if (line.includes('"event":"request"')) lines.push(withColo(line, name));
      };
      return running.add(startColo({ name, worker, port: 0, env, onLog: log.note, onLine }));
    };
    const names = Array.from({ length: coloCount }, (_, nth) => `colo-${nth + 1}`);
    return {
      colos: await Promise.all(names.map(startOne)),
      quietMs: () => performance.now() - quietSinceMs,
      begin: () => {
        lines = [];
      },
    };
  });
  const { totals } = await simulated(lines);
  const { all } = totals;
  const hits = lines.filter((line) => /"tidemark.result":"(?:stale-)?hit"/.test(line)).length;
  const measured = {
    hitRate: hits / lines.length,
    offload: 1 - replay.origin.requests / lines.length,
  };
  const { hitRate, offload } = all;
  return { measured, simulated: { hitRate, offload }, lateMsMax: replay.replayed.lateMsMax };
}

const withColo = (line: string, colo: string): string =>
  JSON.stringify({ ...(JSON.parse(line) as object), colo });

async function simulated(lines: readonly string[]): Promise<Simulation> {
  const simulation = await Simulation.open({
    rules,
    config: defineConfig({
      purge: lag,
      routes: [{ name: "pages", match: "*", query: { order: "sort" } }],
    }),
    host: siteHost,
    coloCount,
    isolateCount: 1,
    originMs,
    freshSeconds: undefined,
  });
  const play = simulation.play.bind(simulation);
  const log = Readable.from([Buffer.from(lines.join("\n"))]);
  await readLog(log, { name: "the run's log", format: "tidemark", play });
  return simulation;
}
