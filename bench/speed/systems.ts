// Whom the speed bench asks: Tidemark, with Redis and without, and what it is put beside, each in
// runtimes of its own on workerd's own sockets.
import { startColo } from "../../local/colo.ts";
import type { Running } from "../../local/running.ts";
import { bundleWith } from "../../testing/worker/bundle-with.ts";
import {
  bareWorker,
  buildHonoWorker,
  constantWorker,
  passThroughWorker,
} from "../load/peer-workers.ts";
import { startPart } from "../load/part.ts";
import { runtimePids } from "../load/process-cpu.ts";
import type { RuntimeLog } from "../load/runtime-log.ts";
import type { OriginCalls } from "./origin-process.ts";
import type { RedisCalls } from "./redis-process.ts";
import { fields, siteConfig } from "./site.ts";

type Env = Readonly<Record<string, string>>;

export interface Runtime {
  readonly url: string;
  /** Of its process; `undefined` where it has none, or this machine does not tell. */
  readonly pid: number | undefined;
}

/**
 * Several that are alike: one process is by chance up to a tenth faster than another, for as long as
 * it lives.
 */
export interface System {
  readonly runtimes: readonly Runtime[];
}

/** @returns what starts runtimes before one origin, one at a time: so it can be told whose process is new */
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

/** @param runtimeCount of each system that is started */
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
    /** What the same Worker comes to a second time is what the bench cannot tell apart. */
    bareAgain: await start(bareWorker),
    hono: await start(await buildHonoWorker()),
    tidemark: await start(tidemarkWorker, redisEnv),
    withoutRedis: await start(tidemarkWorker),
  };
  const startConstant = (answer: Parameters<typeof constantWorker>[0]) =>
    start(constantWorker(answer, fields));
  return { origin, redis, systems, start, startConstant, tidemarkWorker };
}

export type Ground = Awaited<ReturnType<typeof startGround>>;
