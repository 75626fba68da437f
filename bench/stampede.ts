// Measures the effect of many concurrent clients on an origin and on each other. Compares Tidemark
// with a bare Cache API Worker, scenario by scenario, in one run.
//   npm run bench -- stampede [--scenarios cold,redis,origin]
import { parseArgs } from "node:util";
import { Running } from "../local/running.ts";
import { machineSaid } from "./load/figures.ts";
import { startPart } from "./load/part.ts";
import { RuntimeLog } from "./load/runtime-log.ts";
import type { ClientCalls } from "./stampede/clients-process.ts";
import { coldKey } from "./stampede/cold-key.ts";
import { type Ground, warmUp } from "./stampede/measured.ts";
import { originDown } from "./stampede/origin-down.ts";
import type { OriginCalls } from "./stampede/origin-process.ts";
import { redisGone } from "./stampede/redis-gone.ts";
import { coloCount, startSystems } from "./stampede/systems.ts";

type Scenario = (ground: Ground) => Promise<string>;

const scenarios: Readonly<Record<string, Scenario>> = {
  cold: coldKey,
  redis: redisGone,
  origin: originDown,
};

async function main(): Promise<void> {
  const { values } = parseArgs({
    options: {
      scenarios: { type: "string", default: Object.keys(scenarios).join(",") },
    },
  });
  const running = new Running();
  const log = new RuntimeLog();
  try {
    const origin = await running.add(startPart<OriginCalls>(program("origin")));
    const clients = await running.add(startPart<ClientCalls>(program("clients")));
    const originUrl = await origin.call("start");
    const ground: Ground = {
      systems: await startSystems(running, { originUrl, log }),
      origin,
      clients,
      log,
    };
    process.stdout.write(
      `${machineSaid()}, ${coloCount} colos each; origin, clients, REST server, Valkey and each colo ` +
        "have separate processes. Systems take turns.\n",
    );
    await warmUp(ground);
    for (const name of values.scenarios.split(",")) {
      const scenario = scenarios[name];
      if (scenario === undefined) throw new Error(`There is no scenario ${JSON.stringify(name)}.`);
      process.stdout.write(`\n${await scenario(ground)}`);
      process.stderr.write(log.take());
    }
  } finally {
    await running.stop();
  }
}

const program = (name: string): URL => new URL(`./stampede/${name}-process.ts`, import.meta.url);

await main();
