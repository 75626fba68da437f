// Measures requests per second, CPU time and latency of Tidemark's hits, 304s and misses. Compares
// them with a constant Worker and a bare Cache API Worker, which take turns in one run.
// A run with the default options writes docs/performance.md.
//   npm run bench -- speed [--quick] [--only hit,304,miss,time]
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { Running } from "../local/running.ts";
import { machineSaid, replaceMarkedPart } from "./load/figures.ts";
import { startPart } from "./load/part.ts";
import { isCpuKnown } from "./load/process-cpu.ts";
import { RuntimeLog } from "./load/runtime-log.ts";
import type { VolleyCalls } from "./load/volley-process.ts";
import { keepCachesInMemory } from "./load/cache-folder.ts";
import { contests } from "./speed/contests.ts";
import { demandsTable, missedDemands } from "./speed/demands.ts";
import { type MissTimes, missTimes } from "./speed/miss-times.ts";
import { hitsTable, missesTable, plainMissTimesTable } from "./speed/report.ts";
import { type ContestFigures, Rounds } from "./speed/rounds.ts";
import { startGround } from "./speed/systems.ts";

const whole = {
  runtimeCount: 3,
  roundCount: 27,
  roundSeconds: 0.35,
  missRoundCount: 9,
  missRequestCount: 24,
};
const quick: typeof whole = {
  runtimeCount: 1,
  roundCount: 3,
  roundSeconds: 0.4,
  missRoundCount: 3,
  missRequestCount: 8,
};

const kinds = ["hit", "304", "miss", "time"] as const;

interface Asked {
  readonly kinds: ReadonlySet<string>;
  readonly scale: typeof whole;
  /** Whether the run has no options. Only such a run writes the document. */
  readonly isWhole: boolean;
}

/** @throws Error for an unknown option, or an unknown name in `--only` */
function readOptions(): Asked {
  const { values } = parseArgs({
    options: { quick: { type: "boolean", default: false }, only: { type: "string" } },
  });
  const only = values.only?.split(",") ?? kinds;
  const unknown = only.find((name) => !kinds.some((kind) => kind === name));
  if (unknown !== undefined)
    throw new Error(`--only accepts ${kinds.join(", ")}, not ${JSON.stringify(unknown)}.`);
  const isWhole = !values.quick && values.only === undefined;
  return { kinds: new Set(only), scale: values.quick ? quick : whole, isWhole };
}

/** Returns the part of docs/performance.md. */
async function measure(running: Running, log: RuntimeLog, asked: Asked): Promise<string> {
  const { runtimeCount, roundCount, roundSeconds, missRoundCount, missRequestCount } = asked.scale;
  const machine = `${machineSaid()}; ${keepCachesInMemory()}`;
  const ground = await startGround(running, log, runtimeCount);
  const program = new URL("./load/volley-process.ts", import.meta.url);
  const generator = await running.add(startPart<VolleyCalls>(program));
  const rounds = new Rounds({ ground, generator, manner: { roundCount, roundSeconds } });
  const measured: ContestFigures[] = [];
  const cpuSaid = isCpuKnown ? "" : " This system does not report the CPU time of a process.";
  const manner = `${machine}; ${roundCount} rounds of about ${roundSeconds} s for each row. Each system has ${runtimeCount} equal processes, and each round uses one of them.${cpuSaid}\n`;
  for (const { start } of contests.filter((contest) => asked.kinds.has(contest.kind))) {
    measured.push(await rounds.of(await start(ground)));
  }
  let times: MissTimes | undefined;
  if (asked.kinds.has("time")) {
    times = await missTimes(ground, { roundCount: missRoundCount, requestCount: missRequestCount });
  }
  const { discarded } = rounds;
  process.stderr.write(discarded.map((why) => `Not counted: ${why}\n`).join(""));
  process.stdout.write(demandsTable(measured, times));
  return [
    manner,
    hitsTable(measured, "rates"),
    hitsTable(measured, "cpuUs"),
    ...measured.filter(({ contest }) => contest.kind === "miss").map(missesTable),
    ...(times === undefined ? [] : [plainMissTimesTable(times)]),
    missedDemands(measured, times),
  ].join("\n");
}

async function main(): Promise<void> {
  const asked = readOptions();
  const running = new Running();
  const log = new RuntimeLog();
  try {
    const text = await measure(running, log, asked);
    process.stdout.write(`\n${text}\n`);
    if (!asked.isWhole)
      return void process.stdout.write(
        "The options are not the defaults, so no document is written.\n",
      );
    const document = fileURLToPath(new URL("../docs/performance.md", import.meta.url));
    await replaceMarkedPart(document, "npm run bench -- speed", text);
    process.stdout.write("docs/performance.md is written.\n");
  } finally {
    await running.stop();
    process.stderr.write(log.take());
  }
}

await main();
