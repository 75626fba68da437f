// Compares the speed of this checkout with that of another. Each Worker is built from its own
// sources, and the two take turns in one run.
//   npm run bench -- paired --against DIR [--rounds 15]
// DIR is a checkout with its packages installed.
import { parseArgs } from "node:util";
import { Running } from "../local/running.ts";
import { machineSaid } from "./load/figures.ts";
import { startPart } from "./load/part.ts";
import { RuntimeLog } from "./load/runtime-log.ts";
import type { VolleyCalls } from "./load/volley-process.ts";
import { contestsOf } from "./paired/contests.ts";
import { pairedTable, tooSlow } from "./paired/report.ts";
import { startPair } from "./paired/systems.ts";
import { keepCachesInMemory } from "./load/cache-folder.ts";
import { type ContestFigures, Rounds } from "./speed/rounds.ts";

const roundSeconds = 0.7;

/** @throws Error without a checkout to compare with, or for an invalid number of rounds */
function readOptions(): { against: string; roundCount: number } {
  const { values } = parseArgs({
    options: { against: { type: "string" }, rounds: { type: "string", default: "15" } },
  });
  const { against, rounds } = values;
  if (against === undefined) throw new Error("Write --against with the folder of a checkout.");
  const roundCount = Number(rounds);
  if (!Number.isInteger(roundCount) || roundCount < 1)
    throw new Error(`--rounds must be a positive integer, not ${rounds}.`);
  return { against, roundCount };
}

async function main(): Promise<void> {
  const { against, roundCount } = readOptions();
  const running = new Running();
  const log = new RuntimeLog();
  try {
    const machine = `${machineSaid()}; ${keepCachesInMemory()}`;
    process.stdout.write(`${machine}; ${roundCount} rounds of about ${roundSeconds} s.\n`);
    process.stdout.write(`"now" is this checkout, "before" ${against}.\n\n`);
    const { origin, now, before } = await startPair(running, { log, against });
    const program = new URL("./load/volley-process.ts", import.meta.url);
    const generator = await running.add(startPart<VolleyCalls>(program));
    const manner = { roundCount, roundSeconds };
    const rounds = new Rounds({ ground: { origin }, generator, manner });
    const measured: ContestFigures[] = [];
    for (const contest of contestsOf({ now, before })) measured.push(await rounds.of(contest));
    process.stdout.write(pairedTable(measured));
    process.stderr.write(rounds.discarded.map((why) => `Did not count: ${why}\n`).join(""));
    const slower = tooSlow(measured);
    if (slower.length === 0) return;
    process.exitCode = 1;
    process.stdout.write(`\nSlower than it may be: ${slower.join("; ")}.\n`);
  } finally {
    await running.stop();
    process.stderr.write(log.take());
  }
}

await main();
