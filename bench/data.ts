// Compares Tidemark's data cache on Node with BentoCache: the same calls, on one Redis, in one run.
// Writes the results to docs/performance.md.
//   npm run bench -- data [--rounds 25] [--dry]
import { join } from "node:path";
import { parseArgs } from "node:util";
import { root } from "../local/bundling.ts";
import { Running } from "../local/running.ts";
import { startRedisServer } from "../testing/fakes/redis-server.ts";
import {
  commandsTable,
  countCommands,
  countLoads,
  herdTable,
  type Outcomes,
  purgeDuringLoad,
  raceTable,
} from "./data/measures.ts";
import { measureRates, type Rates, ratesTable, slowWorks } from "./data/rates.ts";
import { machineSaid, replaceMarkedPart } from "./load/figures.ts";

/** @throws Error for an invalid number of rounds */
function readOptions(): { roundCount: number; isDry: boolean } {
  const { values } = parseArgs({
    options: {
      rounds: { type: "string", default: "25" },
      dry: { type: "boolean", default: false },
    },
  });
  const roundCount = Number(values.rounds);
  if (!Number.isInteger(roundCount) || roundCount < 1)
    throw new Error(`--rounds must be a positive integer, not ${values.rounds}.`);
  return { roundCount, isDry: values.dry };
}

interface Measured {
  readonly rates: readonly Rates[];
  readonly commands: Readonly<Record<string, readonly string[]>>;
  readonly loads: Awaited<ReturnType<typeof countLoads>>;
  readonly races: Outcomes;
}

/** @returns a description of each missed demand */
function missed({ rates, commands, loads, races }: Measured): string[] {
  const bars: readonly (readonly [boolean, string])[] = [
    ...slowWorks(rates).map(
      ({ title, ratioMin }) => [false, `${title}: less than ${ratioMin} × BentoCache`] as const,
    ),
    [commands["100 keys, hits in Redis"]?.[0] === "1 MGET", "100 keys take more than one command"],
    [loads.Tidemark.every((count) => count === 1), "200 calls take more than one load"],
    [
      races.foreground.Tidemark === "gone" && races.background.Tidemark === "gone",
      "a purge during a load is lost",
    ],
  ];
  return bars.flatMap(([isReached, what]) => (isReached ? [] : [what]));
}

async function main(): Promise<void> {
  const { roundCount, isDry } = readOptions();
  const machine = machineSaid();
  const running = new Running();
  try {
    const { url: redisUrl } = await running.add(startRedisServer());
    const measured: Measured = {
      rates: await measureRates({ redisUrl, roundCount }),
      commands: await countCommands(redisUrl),
      loads: await countLoads(redisUrl),
      races: await purgeDuringLoad(redisUrl),
    };
    const said = [
      `Both caches use Node ${process.versions.node}, one redis-server, ioredis 6.0.0 and their default settings. BentoCache 1.6.1 has memory, ` +
        `Redis and its bus. ${machine}; ${roundCount} rounds, in which the caches take turns. In brackets: the 95 % confidence interval of the median. ` +
        "In the last table, each of three caches has its own memory and connection.",
      ratesTable(measured.rates),
      raceTable(measured.races),
    ].join("\n\n");
    const printed = [said, commandsTable(measured.commands), herdTable(measured.loads)];
    process.stdout.write(`${printed.join("\n\n")}\n`);
    if (!isDry)
      await replaceMarkedPart(join(root, "docs/performance.md"), "npm run bench -- data", said);
    const faults = missed(measured);
    if (faults.length === 0) return;
    process.exitCode = 1;
    process.stdout.write(`\nNot reached: ${faults.join("; ")}.\n`);
  } finally {
    await running.stop();
  }
}

await main();
// BentoCache may leave a connection of its bus open.
process.exit();
