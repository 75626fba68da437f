// Measures the CPU time of the Worker's start and of its first requests, as differences from a
// constant Worker that starts in the same round. Only Linux reports CPU time with sufficient
// precision. `--write` updates the table in docs/performance.md.
import { readdirSync, readFileSync } from "node:fs";
import { setTimeout as pause } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { buildWorker } from "../local/build-worker.ts";
import { startColo } from "../local/colo.ts";
import { startScriptedOrigin } from "../testing/fakes/scripted-origin.ts";
import { machineSaid, markdownTable, median, quantile, replaceMarkedPart } from "./load/figures.ts";
import { bareWorker } from "./load/peer-workers.ts";
import { runtimePids } from "./load/process-cpu.ts";
import { agedHits } from "./start-up/aged-journal.ts";

const constantWorker = `export default { fetch: () => new Response("page") };`;

/** The time for the work that follows an answer. */
const afterAnswerMs = 60;

interface Start {
  /** The CPU time until the process listens, which includes compiling and evaluating the module. */
  readonly startMs: number;
  /** The CPU time of the first POST, which creates the application, and of the second. */
  readonly firstMs: number;
  readonly nextMs: number;
  /** The CPU time of the first GET, a miss, with its writes to the edge. */
  readonly getMs: number;
  /** The CPU time of the first operator's request, which creates the operator's routes. */
  readonly operatorMs: number;
}

async function main(): Promise<void> {
  const { values } = parseArgs({
    options: {
      rounds: { type: "string", default: "15" },
      write: { type: "boolean", default: false },
    },
  });
  const machine = machineSaid();
  const manyRoutes = fileURLToPath(new URL("start-up/many-routes.config.ts", import.meta.url));
  const workers = {
    constant: constantWorker,
    "bare Cache API Worker": bareWorker,
    "Tidemark, as deployed": await buildWorker(),
    "Tidemark, 1,000 routes": await buildWorker(manyRoutes),
  };
  const origin = await startScriptedOrigin((_, response) => {
    response.setHeader("cache-control", "max-age=3600");
    response.end("page".repeat(2_500));
  });
  const starts = new Map(Object.keys(workers).map((name) => [name, [] as Start[]]));
  for (let round = 0; round < Number(values.rounds); round += 1) {
    for (const [name, worker] of Object.entries(workers)) {
      starts.get(name)?.push(await started(worker, origin.url));
    }
  }
  const aged = await agedHits({
    worker: workers["Tidemark, as deployed"],
    originUrl: origin.url,
    rounds: Number(values.rounds),
    spentMs,
    cell,
  });
  await origin.stop();
  const said = `The bench starts each Worker ${values.rounds} times, in turn; ${machine}.`;
  const text = `${report(starts, said)}\nThe first shared hit of an isolate, with the bench's origin and Redis on this machine:\n\n${aged}`;
  process.stdout.write(text);
  const path = fileURLToPath(new URL("../docs/performance.md", import.meta.url));
  if (values.write) await replaceMarkedPart(path, "start-up", text);
}

async function started(worker: string, originUrl: string): Promise<Start> {
  const env = { ORIGIN_URL: originUrl };
  const colo = await startColo({ name: "colo", worker, port: 0, env });
  try {
    const startMs = runtimeCpuMs();
    const [page, none] = [`${colo.url}/page`, `${colo.url}/_cache/none`];
    const firstMs = await spentMs(page, "POST");
    const nextMs = await spentMs(page, "POST");
    return {
      startMs,
      firstMs,
      nextMs,
      getMs: await spentMs(page),
      operatorMs: await spentMs(none),
    };
  } finally {
    await colo.stop();
  }
}

async function spentMs(url: string, method = "GET"): Promise<number> {
  const beforeMs = runtimeCpuMs();
  const response = await fetch(url, { method });
  if (response.status >= 500)
    throw new Error(`The response of ${url} has status ${response.status}.`);
  await response.arrayBuffer();
  await pause(afterAnswerMs);
  return runtimeCpuMs() - beforeMs;
}

/** Returns the CPU time of the threads of the only runtime. Linux counts it in nanoseconds. */
function runtimeCpuMs(): number {
  const pids = runtimePids();
  if (pids.length !== 1)
    throw new Error(`There must be one runtime, but there are ${pids.length}.`);
  const tasks = `/proc/${pids[0]}/task`;
  const usedNs = readdirSync(tasks).map((thread) =>
    Number.parseInt(readFileSync(`${tasks}/${thread}/schedstat`, "utf8"), 10),
  );
  return usedNs.reduce((sum, ns) => sum + ns, 0) / 1_000_000;
}

function cell(values: readonly number[], sign = ""): string {
  const [middle, low, high] = [median(values), quantile(values, 0.25), quantile(values, 0.75)];
  return `${sign}${middle.toFixed(1)} (${low.toFixed(1)}–${high.toFixed(1)})`;
}

function report(starts: ReadonlyMap<string, readonly Start[]>, said: string): string {
  const { constant = [] } = Object.fromEntries(starts);
  const rows = [...starts].map(([name, all]) => {
    const isConstant = all === constant;
    const column = (of: keyof Start) => {
      const less = (round: number) => (isConstant ? 0 : (constant[round]?.[of] ?? 0));
      return cell(
        all.map((one, round) => one[of] - less(round)),
        isConstant ? "" : "+",
      );
    };
    const columns = ["startMs", "firstMs", "nextMs", "getMs", "operatorMs"] as const;
    return [name].concat(columns.map(column));
  });
  const head = [
    "CPU ms, more than constant: median (quartiles)",
    "start",
    "first POST",
    "next POST",
    "first GET",
    "first operator's request",
  ];
  return `${said}\n\n${markdownTable(head, rows)}`;
}

await main();
