// Opens a site whose Worker also has a data cache, in one isolate over fakes.
import { defineConfig } from "../../src/config/config.ts";
import type { WrittenConfig } from "../../src/config/written.ts";
import { createDataCache, type DataCache } from "../../src/data/create-data-cache.ts";
import type { DataPlatform } from "../../src/data/data-platform.ts";
import { UnsteadyUpstash } from "../fakes/unsteady-upstash.ts";
import { FakeClock } from "../fakes/fake-clock.ts";
import { cc, page, type Script } from "../fakes/origin-in-process.ts";
import { openJournalled } from "../site/purge-sender.ts";
import { upstashStore } from "../fakes/upstash-store.ts";

export interface BesideOptions {
  readonly config?: WrittenConfig;
  readonly platform?: DataPlatform;
  readonly env?: Readonly<Record<string, string>>;
  /** `false` for a platform without a Cache API. */
  readonly hasCache?: boolean;
  /** Whether data uses the database of the pages, and is used before the Worker has started. */
  readonly isInUse?: boolean;
  /** Makes the pages of the data cache. Default: a page with the tag `red`. */
  readonly handler?: (data: DataCache) => Script;
}

const tagged = () => page("page", { ...cc("max-age=600"), "cache-tag": "red" });

/** Opens a site with pages and values that have the tag `red` and are fresh for ten minutes. */
export async function openBeside(options: BesideOptions = {}) {
  const clock = new FakeClock();
  const upstash = new UnsteadyUpstash(clock);
  const { config = {}, env = {}, hasCache = true, isInUse = false } = options;
  const apart: string[] = [];
  const data = createDataCache(defineConfig(config), {
    nowAtMs: clock.nowAtMs,
    random: () => 0.5,
    log: ({ message }) => void apart.push(message),
    ...(isInUse && { env: upstash.env, stores: { redis: upstashStore } }),
    ...options.platform,
  });
  const values = data.namespace<string, string>("values", { fresh: "10m", tags: ["red"] });
  if (isInUse) await values.get("early");
  const { site } = openJournalled({
    clock,
    upstash,
    hasCache,
    data,
    config: config as object,
    env: { SITE_HOST: "www.example.com", ...env },
    origin: options.handler?.(data) ?? tagged,
  });
  /** Returns whether the page is a hit, and the stored value. */
  const answers = async () => {
    const { cacheStatus } = await site.get("/page");
    return { page: cacheStatus.includes("; hit") ? "hit" : "none", value: await values.get("42") };
  };
  return { site, upstash, data, values, clock, apart, answers };
}
