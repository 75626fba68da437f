// The Workers of two checkouts. Each has its own runtimes and its own Redis; both use one origin.
import { existsSync } from "node:fs";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import type { buildWorker } from "../../local/build-worker.ts";
import type { Running } from "../../local/running.ts";
import { startPart } from "../load/part.ts";
import type { RuntimeLog } from "../load/runtime-log.ts";
import type { OriginCalls } from "../speed/origin-process.ts";
import type { RedisCalls } from "../speed/redis-process.ts";
import { siteConfig } from "../speed/site.ts";
import { type Runtime, runtimeStarter } from "../speed/systems.ts";

const thisCheckout = fileURLToPath(new URL("../../", import.meta.url));

/**
 * The number of runtimes of each Worker. One process can be a tenth faster than another by chance,
 * for its whole life.
 */
const runtimeCount = 3;

/** @throws Error if one of the checkouts cannot build its Worker */
export async function startPair(
  running: Running,
  { log, against }: { log: RuntimeLog; against: string },
) {
  const program = (name: string) => new URL(`../speed/${name}-process.ts`, import.meta.url);
  const workers = {
    now: await workerOf(thisCheckout),
    before: await workerOf(resolve(against)),
  };
  const origin = await running.add(startPart<OriginCalls>(program("origin")));
  const startRuntime = runtimeStarter({ running, log, originUrl: await origin.call("start") });
  const startRedis = () => running.add(startPart<RedisCalls>(program("redis")));
  const redis = { now: await startRedis(), before: await startRedis() };
  const envs = { now: await redis.now.call("start"), before: await redis.before.call("start") };
  const runtimes: Record<"now" | "before", Runtime[]> = { now: [], before: [] };
  while (runtimes.before.length < runtimeCount) {
    for (const name of ["now", "before"] as const)
      runtimes[name].push(await startRuntime(workers[name], envs[name]));
  }
  return {
    origin,
    now: { runtimes: runtimes.now },
    before: { runtimes: runtimes.before },
  };
}

/** @returns the Worker that the checkout's own `local/build-worker.ts` bundles */
async function workerOf(checkout: string): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), "tidemark-paired-"));
  try {
    const config = join(folder, "tidemark.config.ts");
    const hasParts = existsSync(join(checkout, "src/part"));
    const text = hasParts
      ? `import { defineConfig } from "tidemark";
import { operate } from "tidemark/operate";
export default defineConfig({ parts: [operate()], ...${siteConfig} });
`
      : `import { defineConfig } from "tidemark";
export default defineConfig(${siteConfig});
`;
    await writeFile(config, text);
    const builder = pathToFileURL(join(checkout, "local/build-worker.ts")).href;
    const module = (await import(builder)) as { buildWorker: typeof buildWorker };
    return await module.buildWorker(config);
  } catch (cause) {
    const why = cause instanceof Error ? cause.message : String(cause);
    throw new Error(`${checkout} cannot build its Worker (${why}). Are its packages installed?`, {
      cause,
    });
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}
