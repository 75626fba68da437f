// One of the processes with many concurrent calls for one key; it counts the loads.
import { setTimeout as delay } from "node:timers/promises";
import { answerCalls } from "../load/part.ts";
import { openSystem, type System, type SystemName } from "./systems.ts";

let system: System | undefined;

const calls = {
  open: async ({ name, redisUrl }: { name: SystemName; redisUrl: string }): Promise<void> => {
    system = openSystem(name, { redisUrl, isCollapsedInWorld: true });
    await system.get("warm");
  },
  /** @returns the number of loads in this process */
  ask: async ({ key, count }: { key: string; count: number }): Promise<number> => {
    let loads = 0;
    const load = async () => {
      loads += 1;
      await delay(200);
      return { key };
    };
    const asks = Array.from({ length: count }, async () =>
      system?.getOrSet(key, { tags: [], load }),
    );
    for (const value of await Promise.all(asks)) {
      if ((value as { key?: string } | undefined)?.key !== key) throw new Error("A wrong value.");
    }
    return loads;
  },
  close: async (): Promise<void> => system?.stop(),
};

export type HerdCalls = typeof calls;

answerCalls(calls);
