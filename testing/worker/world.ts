// Starts the built Worker on workerd in one or more colos, with a shared tier, in front of any
// origin.
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Plugin } from "esbuild";
import { root } from "../../local/bundling.ts";
import type { Colo, ColoSettings } from "../../local/colo.ts";
import { startEmbeddedValkey } from "../../local/embedded-valkey.ts";
import { type Running, startTogether } from "../../local/running.ts";
import { startUpstashRestServer, type UpstashRestServer } from "../../local/upstash-rest-server.ts";
import { bundleWith } from "./bundle-with.ts";
import { startLimitedColo } from "./platform-limits/limited-colo.ts";
import type { PlatformLimits } from "./platform-limits/limits.ts";

export const adminToken = "admin-of-a-test-colo";

export interface World {
  readonly colos: readonly Colo[];
  readonly rest: UpstashRestServer;
  stop(): Promise<void>;
}

export interface WorldSettings {
  readonly originUrl: string;
  /** The argument of `defineConfig`. */
  readonly config?: string;
  /** One ES module that replaces the Worker with that configuration. */
  readonly worker?: string;
  readonly colos?: number;
  /** Plugins of the bundle; without effect beside `worker`. */
  readonly plugins?: Plugin[];
  /** The URL of the Redis; absent for a new embedded Valkey. */
  readonly redisUrl?: string;
  /**
   * Starts a proxy between the Worker and the database. Receives the URL of the REST server, and
   * returns the URL of the proxy.
   */
  readonly restFront?: (restUrl: string) => Promise<string>;
  readonly env?: Readonly<Record<string, string>>;
  readonly rateLimits?: ColoSettings["rateLimits"];
  /** Runs the Worker of `npm start -- --stores cloudflare`, which uses no Redis. */
  readonly isWithoutRedis?: boolean;
  readonly onLine?: NonNullable<ColoSettings["onLine"]>;
  /** Replaces the limits of this run. */
  readonly limits?: PlatformLimits;
}

export function startWorld(settings: WorldSettings): Promise<World> {
  return startTogether(async (running) => {
    const { isWithoutRedis = false, config = "{}" } = settings;
    const main = isWithoutRedis ? { entryPoints: [withoutRedis] } : {};
    const worker =
      settings.worker ?? (await bundleWith(config, { ...main, plugins: settings.plugins ?? [] }));
    const stores = isWithoutRedis ? await storesOfCloudflare(running) : {};
    const redisUrl = settings.redisUrl ?? (await running.add(startEmbeddedValkey())).url;
    const rest = await running.add(startUpstashRestServer({ redisUrl, token: "token" }));
    const env = {
      ORIGIN_URL: settings.originUrl,
      UPSTASH_REDIS_REST_URL: (await settings.restFront?.(rest.url)) ?? rest.url,
      UPSTASH_REDIS_REST_TOKEN: rest.token,
      ADMIN_TOKEN: adminToken,
      SITE_HOST: "site.test",
      ...(isWithoutRedis && { UPSTASH_REDIS_REST_URL: "", UPSTASH_REDIS_REST_TOKEN: "" }),
      ...settings.env,
    };
    const { rateLimits = {}, onLine } = settings;
    const listening = onLine === undefined ? {} : { onLine };
    const names = Array.from({ length: settings.colos ?? 1 }, (_, index) => `colo-${index + 1}`);
    const colos = await Promise.all(
      names.map((name) => {
        const colo = { name, worker, port: 0, env, rateLimits, ...listening, ...stores };
        return running.add(startLimitedColo(colo, settings.limits));
      }),
    );
    return { colos, rest };
  });
}

/** The main module of a Worker over the stores of Cloudflare. */
export const withoutRedis = join(root, "local/run/cloudflare-worker.ts");

/** Returns the storage for colos without Redis. The colo named `colo-1` must start first. */
export async function storesOfCloudflare(running: Running) {
  const folder = await mkdtemp(join(tmpdir(), "tidemark-stores-"));
  await running.add(Promise.resolve({ stop: () => rm(folder, { recursive: true, force: true }) }));
  const objects = { JOURNAL: "TidemarkJournal", RECORDS: "TidemarkRecords" };
  return { shared: { objects, host: "colo-1", folder } };
}

export interface Stats {
  readonly fillsUnderWay: number;
  readonly originRequests: number;
  readonly memory: { readonly records: number };
  readonly reads: Readonly<Record<string, Readonly<Record<string, number>>>>;
  readonly writes: Readonly<Record<string, Readonly<Record<string, number>>>>;
  readonly redis: {
    readonly breakerOpen: boolean;
    readonly refusesWrites: boolean;
    readonly readTimeoutMs: number;
  };
  /** `ageMs`: the age of the isolate's view; `null` before its first read. */
  readonly journal: { readonly breakerOpen: boolean; readonly ageMs: number | null };
  readonly redisCommands: Readonly<Record<string, number>>;
  readonly objectCalls: Readonly<Record<string, number>>;
  readonly objectRows: Readonly<Record<string, number>>;
}

export async function statsOf(colo: Colo): Promise<Stats> {
  const response = await fetch(`${colo.url}/_cache/stats`, {
    headers: { authorization: `Bearer ${adminToken}` },
  });
  if (!response.ok) throw new Error(`/_cache/stats answered ${response.status}.`);
  return (await response.json()) as Stats;
}

/** Returns the shared tier's commands since the last reset, without those of the journal. */
export function tierCommands({ rest }: World): Record<string, number> {
  return rest.counts().recordCommandCountByName;
}

/** Waits in real time, for suites that test a documented bound. */
export async function sleep(ms: number): Promise<void> {
  await new Promise((resolve) => setTimeout(resolve, ms));
}

/** Longer than the 30 s after which the flight of an ended request expires. */
const settleMsMax = 45_000;

/** Waits until a colo has written every fill to every tier. */
export async function storesSettled(colo: Colo): Promise<void> {
  await until(async () => (await statsOf(colo)).fillsUnderWay === 0, "stores to settle");
}

/** Waits for a condition. Fails after a timeout, 45 s by default. */
export async function until(
  condition: () => Promise<boolean>,
  what: string,
  waitTimeoutMs = settleMsMax,
): Promise<void> {
  const endAtMs = Date.now() + waitTimeoutMs;
  while (!(await condition())) {
    if (Date.now() > endAtMs) throw new Error(`Waited ${waitTimeoutMs} ms for ${what}.`);
    await sleep(10);
  }
}
