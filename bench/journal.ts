// Measures the purge journal after one purge and after a million: a verdict, a look-up in a Durable
// Object, a view, a cold start, a join and a purge. Also measures which responses a cold isolate can trust after a burst of
// purges. Uses the local REST server and the embedded Valkey. `node --expose-gc bench/journal.ts
// [number of purges, by default a million]`
import "../testing/fakes/workers-globals.ts";
import { Running } from "../local/running.ts";
import { reportBursts } from "./journal/bursts.ts";
import { reportCopies } from "./journal/copies.ts";
import { reportLatency, reportReads } from "./journal/over-redis.ts";
import { reportNames } from "./journal/names.ts";
import { reportVerdicts } from "./journal/verdicts.ts";
import { openWorld } from "./journal/world.ts";

const countMax = Number(process.argv[2] ?? 1_000_000);

async function main(): Promise<void> {
  if (globalThis.gc === undefined) throw new Error("Start it with node --expose-gc.");
  reportNames(countMax);
  await reportVerdicts(countMax);
  await reportCopies();
  const running = new Running();
  try {
    const [few, many] = [await openWorld(running), await openWorld(running)];
    await reportReads(many, countMax);
    await reportBursts(many);
    await reportLatency(few, many, countMax);
    for (const { database } of [few, many]) database.disconnect();
  } finally {
    await running.stop();
  }
}

await main();
