// Whom the speed bench asks: Tidemark, with Redis and without, and what it is put beside, each in a
// runtime of its own on workerd's own socket.
import { startColo } from "../../local/colo.ts";
import type { Running } from "../../local/running.ts";
import { bundleWith } from "../../test/worker/world.ts";
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

export interface System {
  readonly url: string;
  /** Of its runtime; `undefined` where it has none, or this machine does not tell. */
  readonly pid: number | undefined;
}

export type StartSystem = (
  worker: string,
  env?: Readonly<Record<string, string>>,
) => Promise<System>;

export async function startGround(running: Running, log: RuntimeLog) {
  const program = (name: string) => new URL(`./${name}-process.ts`, import.meta.url);
  const origin = await running.add(startPart<OriginCalls>(program("origin")));
  const redis = await running.add(startPart<RedisCalls>(program("redis")));
  const originUrl = await origin.call("start");
  const redisEnv = await redis.call("start");
  let startedCount = 0;
  /** One at a time, so that it can be told whose process is new. */
  const start: StartSystem = async (worker, env = {}) => {
    startedCount += 1;
    const before = new Set(runtimePids());
    const name = `colo-${startedCount}`;
    const settings = { worker, port: 0, onLog: log.note, env: { ...env, ORIGIN_URL: originUrl } };
    const { url } = await running.add(startColo({ ...settings, name }));
    return { url, pid: runtimePids().find((pid) => !before.has(pid)) };
  };
  const tidemarkWorker = await bundleWith(siteConfig);
  const systems = {
    origin: { url: originUrl, pid: undefined },
    passThrough: await start(passThroughWorker),
    bare: await start(bareWorker),
    hono: await start(await buildHonoWorker()),
    tidemark: await start(tidemarkWorker, redisEnv),
    withoutRedis: await start(tidemarkWorker),
  };
  const startConstant = (answer: Parameters<typeof constantWorker>[0]) =>
    start(constantWorker(answer, fields));
  return { origin, redis, systems, start, startConstant, tidemarkWorker };
}
export type Ground = Awaited<ReturnType<typeof startGround>>;
