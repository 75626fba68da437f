// Starts all parts of a run: a Redis that writes each command to disk, a D1, colos and a Node
// process.
import { Redis } from "ioredis";
import { startTogether } from "../../../local/running.ts";
import { startUpstashRestServer } from "../../../local/upstash-rest-server.ts";
import { BreakableRedis, keepsAll } from "../../consistency/breakable-redis.ts";
import type { DataNode, DataSiteOverRedis } from "../../consistency/data/data-site.ts";
import { ProcessUnderTest } from "../../consistency/data/process-under-test.ts";
import type { DataRecorder } from "../../consistency/data/recorder.ts";
import { startColos, today } from "../../consistency/site-under-test.ts";
import type { Draws } from "../../draws.ts";
import { processBehind, workerBehind } from "./bundles.ts";
import { setNames } from "./calls.ts";
import { type BatchShares, FailingD1 } from "./failing-d1.ts";
import type { PlantedBehindFault } from "./planted-behind-faults.ts";

export type Place = DataNode;

export interface ProofSite extends Omit<DataSiteOverRedis, "kind" | "journal"> {
  readonly d1: FailingD1;
  /** Returns the keys of slices that are still in Redis. */
  waiting(): Promise<readonly string[]>;
}

export function startProofSite(given: {
  coloCount: number;
  recorder: DataRecorder;
  draws: Draws;
  batches: BatchShares;
  fault: PlantedBehindFault | undefined;
}): Promise<ProofSite> {
  const { coloCount, recorder, draws, batches, fault } = given;
  return startTogether(async (running) => {
    const worker = await workerBehind(fault);
    const module = await processBehind(fault);
    const d1 = await running.add(FailingD1.start(draws, batches));
    const redis = await running.add(BreakableRedis.start({ ...keepsAll, appendfsync: "always" }));
    const rest = await running.add(startUpstashRestServer({ redisUrl: redis.url, token: "token" }));
    const originUrl = d1.url;
    const versions = [{ version: today, worker }];
    const ofColos = { originUrl, coloCount, recorder: recorder.world };
    const colos = await startColos(running, { ...ofColos, versions, rest });
    const process = await running.add(
      ProcessUnderTest.start({ module, redisUrl: redis.url, originUrl, recorder }),
    );
    const places = [...colos, process];
    const waiting = () => slicesIn(redis.url);
    return { redis, rest, colos, process, places, d1, waiting };
  });
}

async function slicesIn(url: string): Promise<readonly string[]> {
  const redis = new Redis(url, { protocol: 2, disableClientInfo: true });
  try {
    const found = await redis.keys("tidemark:behind:*");
    const isSlice = new RegExp(`^tidemark:behind:(?:${setNames.join("|")}):\\d+$`);
    return found.filter((key) => isSlice.test(key));
  } finally {
    redis.disconnect();
  }
}
