// All parts of a run: one Redis, its REST server, colos and a Node process, each behind a front.
import { Running } from "../../../local/running.ts";
import {
  startUpstashRestServer,
  type UpstashRestServer,
} from "../../../local/upstash-rest-server.ts";
import { BreakableRedis, keepsAll } from "../breakable-redis.ts";
import type { ReadFrom } from "../readers.ts";
import { type ColoUnderTest, startColoUnderTest, today } from "../site-under-test.ts";
import { processOfData, workerOfData } from "./bundles.ts";
import { allowanceMs, maxLagMs } from "./keys.ts";
import type { PlantedDataFault } from "./planted-data-faults.ts";
import { ProcessUnderTest } from "./process-under-test.ts";
import type { DataRecorder } from "./recorder.ts";

/** A colo, or the process. */
export type DataPlace = ReadFrom;

export interface DataSite {
  readonly redis: BreakableRedis;
  readonly rest: UpstashRestServer;
  readonly colos: readonly ColoUnderTest[];
  readonly process: ProcessUnderTest;
  readonly places: readonly DataPlace[];
  stop(): Promise<void>;
}

export async function startDataSite(given: {
  originUrl: string;
  coloCount: number;
  recorder: DataRecorder;
  fault: PlantedDataFault | undefined;
}): Promise<DataSite> {
  const { originUrl, coloCount, recorder, fault } = given;
  const running = new Running();
  try {
    const worker = await workerOfData(fault);
    const module = await processOfData(fault);
    const redis = await running.add(BreakableRedis.start(keepsAll));
    const rest = await running.add(startUpstashRestServer({ redisUrl: redis.url, token: "token" }));
    const settings = {
      originUrl,
      coloCount,
      maxLagMs,
      allowanceMs,
      recorder: recorder.world,
      fault: undefined,
      besideRelease: false,
      versions: [{ version: today, worker }],
      rest,
    };
    const names = Array.from({ length: coloCount }, (_, index) => `colo-${index + 1}`);
    const colos = await Promise.all(
      names.map((name) => running.add(startColoUnderTest(name, settings))),
    );
    const process = await running.add(
      ProcessUnderTest.start({ module, redisUrl: redis.url, originUrl, recorder }),
    );
    const places = [...colos, process];
    return { redis, rest, colos, process, places, stop: () => running.stop() };
  } catch (cause) {
    await running.stop();
    throw cause;
  }
}
