// The systems of the speed bench: Tidemark with and without Redis, and its competitors. Each system
// has its own runtimes, and clients connect to workerd directly.
import { startColo } from "../../local/colo.ts";
import type { Running } from "../../local/running.ts";
import { bundleWith } from "../../testing/worker/bundle-with.ts";
import { bareWorker, constantWorker, passThroughWorker } from "../load/peer-workers.ts";
import { startPart } from "../load/part.ts";
import { runtimePids } from "../load/process-cpu.ts";
import type { RuntimeLog } from "../load/runtime-log.ts";
import type { OriginCalls } from "./origin-process.ts";
import type { RedisCalls } from "./redis-process.ts";
import { fields, siteConfig } from "./site.ts";

type Env = Readonly<Record<string, string>>;

export interface Runtime {
  readonly url: string;
  /**
   * The id of the process; `undefined` if there is no process, or if this machine does not report
   * the id.
   */
  readonly pid: number | undefined;
}

/**
 * A system with several equal runtimes. One process can be a tenth faster than another by chance,
 * for its whole life.
 */
export interface System {
  readonly runtimes: readonly Runtime[];
}

/**
 * @returns a function that starts one runtime in front of the origin. Concurrent calls are not
 *   allowed, because the function finds the process id by comparing the processes before and after
 */
export function runtimeStarter(given: {
  readonly running: Running;
  readonly log: RuntimeLog;
  readonly originUrl: string;
}) {
  const { running, log, originUrl } = given;
  let startedCount = 0;
  return async (worker: string, env: Env): Promise<Runtime> => {
    startedCount += 1;
    const before = new Set(runtimePids());
    const name = `colo-${startedCount}`;
    const settings = { worker, port: 0, onLog: log.note, env: { ...env, ORIGIN_URL: originUrl } };
    const { url } = await running.add(startColo({ ...settings, name }));
    return { url, pid: runtimePids().find((pid) => !before.has(pid)) };
  };
}

/** @param runtimeCount the number of runtimes of each system */
export async function startGround(running: Running, log: RuntimeLog, runtimeCount: number) {
  const program = (name: string) => new URL(`./${name}-process.ts`, import.meta.url);
  const origin = await running.add(startPart<OriginCalls>(program("origin")));
  const redis = await running.add(startPart<RedisCalls>(program("redis")));
  const originUrl = await origin.call("start");
  const redisEnv = await redis.call("start");
  const startRuntime = runtimeStarter({ running, log, originUrl });
  const start = async (worker: string, env: Env = {}): Promise<System> => {
    const runtimes: Runtime[] = [];
    while (runtimes.length < runtimeCount) runtimes.push(await startRuntime(worker, env));
    return { runtimes };
  };
  const tidemarkWorker = await bundleWith(siteConfig);
  const systems = {
    origin: { runtimes: [{ url: originUrl, pid: undefined }] },
    passThrough: await start(passThroughWorker),
    bare: await start(bareWorker),
    tidemark: await start(tidemarkWorker, redisEnv),
    withoutRedis: await start(tidemarkWorker),
  };
  const startConstant = (answer: Parameters<typeof constantWorker>[0]) =>
    start(constantWorker(answer, fields));
  return { origin, redis, systems, start, startConstant, tidemarkWorker };
}

export type Ground = Awaited<ReturnType<typeof startGround>>;
