// Sends 200 concurrent calls for a missing key from 3 processes, and counts the loads.
import { Running } from "../../local/running.ts";
import { markdownTable } from "../load/figures.ts";
import { startPart } from "../load/part.ts";
import type { HerdCalls } from "./herd-process.ts";
import { type SystemName, systemNames } from "./systems.ts";

const callsByProcess = [67, 67, 66];
const tries = 3;

/** Returns the loads of each try. */
export async function countLoads(redisUrl: string): Promise<Record<SystemName, number[]>> {
  const loads: Record<SystemName, number[]> = { Tidemark: [], BentoCache: [] };
  for (const name of systemNames) {
    const running = new Running();
    try {
      const program = new URL("./herd-process.ts", import.meta.url);
      const processes = await Promise.all(
        callsByProcess.map(() => running.add(startPart<HerdCalls>(program))),
      );
      for (const each of processes) await each.call("open", { name, redisUrl });
      for (let nth = 0; nth < tries; nth += 1) {
        const asked = processes.map((each, at) =>
          each.call("ask", { key: `herd/${nth}`, count: callsByProcess[at] ?? 0 }),
        );
        const counts = await Promise.all(asked);
        loads[name].push(counts.reduce((sum, count) => sum + count, 0));
      }
    } finally {
      await running.stop();
    }
  }
  return loads;
}

export function herdTable(loads: Readonly<Record<SystemName, readonly number[]>>): string {
  const title = "3 processes send 200 concurrent calls for one key";
  const { Tidemark: ours, BentoCache: its } = loads;
  return markdownTable(
    [title, 'Tidemark, `collapse: "global"`', "BentoCache"],
    [[`number of loads in each of ${tries} runs`, ours.join(", "), its.join(", ")]],
  );
}
