// Compares Tidemark's data cache on Node with BentoCache: the same calls, on one Redis, in one run.
// Writes the results to docs/performance.md.
//   npm run bench -- data [--rounds 25] [--dry]
import { join } from "node:path";
import { parseArgs } from "node:util";
import { root } from "../local/bundling.ts";
import { together } from "../local/running.ts";
import { startRedisServer } from "../testing/fakes/redis-server.ts";
import { type Outcomes, purgeDuringLoad, raceTable } from "./data/measures.ts";
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

/** @returns a description of each missed demand */
function missed(rates: readonly Rates[], { foreground, background }: Outcomes): string[] {
  const isLost = foreground.Tidemark !== "gone" || background.Tidemark !== "gone";
  return [
    ...slowWorks(rates).map(
      ({ title, ratioMin }) => `${title}: less than ${ratioMin} × BentoCache`,
    ),
    ...(isLost ? ["a purge during a load is lost"] : []),
  ];
}

async function main(): Promise<void> {
  const { roundCount, isDry } = readOptions();
  const machine = machineSaid();
  await together(async (running) => {
    const { url: redisUrl } = await running.add(startRedisServer());
    const rates = await measureRates({ redisUrl, roundCount });
    const races = await purgeDuringLoad(redisUrl);
    const said = [
      `Both caches use Node ${process.versions.node}, one redis-server, ioredis 6.0.0 and their default settings. BentoCache 1.6.1 has memory, ` +
        `Redis and its bus. ${machine}; ${roundCount} rounds, in which the caches take turns. In brackets: the 95 % confidence interval of the median. ` +
        "In the last table, each of three caches has its own memory and connection.",
      ratesTable(rates),
      raceTable(races),
    ].join("\n\n");
    process.stdout.write(`${said}\n`);
    if (!isDry)
      await replaceMarkedPart(join(root, "docs/performance.md"), "npm run bench -- data", said);
    const faults = missed(rates, races);
    if (faults.length === 0) return;
    process.exitCode = 1;
    process.stdout.write(`\nNot reached: ${faults.join("; ")}.\n`);
  });
}

await main();
// BentoCache may leave a connection of its bus open.
process.exit();
