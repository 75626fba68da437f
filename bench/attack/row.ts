// Measures one row of the table: honest clients, with or without an attack. Each row has a new
// Worker and a new Redis, so that it does not inherit the data of another row.
import { setTimeout as delay } from "node:timers/promises";
import { type Colo, type ColoSettings, startColo } from "../../local/colo.ts";
import { startCron } from "../../local/cron.ts";
import { freePort } from "../../local/free-port.ts";
import { startEmbeddedValkey } from "../../local/embedded-valkey.ts";
import { type Running, together } from "../../local/running.ts";
import { startUpstashRestServer, type UpstashRestServer } from "../../local/upstash-rest-server.ts";
import { startRedisServer } from "../../testing/fakes/redis-server.ts";
import { bundleWith } from "../../testing/worker/bundle-with.ts";
import {
  adminToken,
  statsOf,
  storesOfCloudflare,
  storesSettled,
  withoutRedis,
} from "../../testing/worker/world.ts";
import { collectGarbage, heldBytes } from "../isolate-memory/heap.ts";
import { ask, nowAtMs } from "../load/ask.ts";
import { Inspector } from "../load/inspector.ts";
import type { Part } from "../load/part.ts";
import { isCpuKnown, runtimePids } from "../load/process-cpu.ts";
import type { RuntimeLog } from "../load/runtime-log.ts";
import { age } from "./aged.ts";
import { arrivalShare, type Attack } from "./attack.ts";
import type { AssaultFigures, AttackerCalls } from "./attacker-process.ts";
import type { HonestCalls, HonestFigures } from "./honest-process.ts";
import type { OriginCalls } from "./origin-process.ts";
import { databaseMebibytes, faultOf, objectsConfig, pagePath, restRttMs } from "./site.ts";

export interface Ground {
  readonly origin: Part<OriginCalls>;
  readonly originUrl: string;
  readonly honest: Part<HonestCalls>;
  readonly attacker: Part<AttackerCalls>;
  readonly worker: string;
  /** The Worker over the stores of Cloudflare, without Redis. */
  readonly cloudflareWorker: string;
  readonly log: RuntimeLog;
}

export interface Pace {
  readonly seconds: number;
  readonly honestPerSecond: number;
  /** The base rate of attacks. */
  readonly attackPerSecond: number;
}

export interface Row {
  /** `undefined` if only honest clients send requests. */
  readonly attack: Attack | undefined;
  readonly honest: HonestFigures;
  readonly assault: AssaultFigures | undefined;
  readonly originRequests: number;
  /** The number of Redis commands, or of calls of Durable Objects, by name. */
  readonly commands: Readonly<Record<string, number>>;
  /** The bytes of heap and backing storage near the end; 0 without a demand on them. */
  readonly heldBytes: number;
  /** The longest delay between the due time of a request and its start. */
  readonly lateMsMax: number;
  /** Whether the runtime's process ended before the bench stopped it. */
  readonly hasEnded: boolean;
}

/** An error of the bench itself, not of the Worker. */
export class BenchFailure extends Error {}

const seed = 1;
const warmSeconds = 5;
const secret = "whsec_a1Pt6sBx7RNlzQZwifC6lYBZNnVb1eOG";

export async function measuredRow(
  ground: Ground,
  pace: Pace,
  attack: Attack | undefined,
): Promise<Row> {
  return together(async (running) => {
    const rest = await restOver(running, attack?.database);
    const hasOwnJournal = attack?.database?.hasOwnJournal === true;
    const journal = hasOwnJournal ? await restOver(running, undefined) : undefined;
    const stores = isWithoutRedis(attack) ? await storesOfCloudflare(running) : {};
    const settings = { ...(await settingsFor(ground, { rest, journal }, attack)), ...stores };
    if (attack?.isStoredElsewhere === true) {
      const elsewhere = await running.add(startColo(settings));
      for (const { path } of attack.alsoHonest ?? []) {
        await ask(elsewhere.url + path, {}, { waitTimeoutMs: 5_000 });
      }
      await storesSettled(elsewhere);
    }
    const colo = await running.add(startColo(settings));
    // The platform's cron trigger creates the ballast.
    await colo.fireCron();
    if (attack?.aged !== undefined) {
      await ground.honest.call("fill", { url: colo.url });
      await age(attack, colo, settings);
    }
    await running.add(Promise.resolve(startCron(colo)));
    await warmUp(ground, pace, colo);
    await ground.origin.call("take");
    rest.resetCounts();
    const callsBefore = await objectCallsOf(colo);
    const { inspectorPort } = settings;
    const [honest, assault, held] = await Promise.all([
      ground.honest.call("run", {
        ...honestLoad(pace, colo),
        ...(attack?.demands && {
          fromSeconds: arrivalShare.stall * pace.seconds,
          toSeconds: pace.seconds - beforeEndMs / 1_000,
        }),
        also: attack?.alsoHonest ?? [],
      }),
      attack && ground.attacker.call("run", assaultOf(attack, pace, colo)),
      inspectorPort === undefined ? 0 : heldNearEnd(colo, pace, inspectorPort),
    ]);
    const hasEnded = isCpuKnown && runtimePids().length === 0;
    const { commandCountByName } = rest.counts();
    const calls = hasEnded ? {} : less(await objectCallsOf(colo), callsBefore);
    const commands = { ...commandCountByName, ...calls };
    const originRequests = await ground.origin.call("take");
    await checkOrigin(ground.originUrl);
    const lateMsMax = Math.max(honest.lateMsMax, assault?.lateMsMax ?? 0);
    const counts = { originRequests, commands, heldBytes: held };
    return { attack, honest, assault, ...counts, lateMsMax, hasEnded };
  });
}

const beforeEndMs = 3_000;
/** Returns the bytes of heap and backing storage shortly before the attackers leave. */
async function heldNearEnd(colo: Colo, { seconds }: Pace, port: number): Promise<number> {
  await delay(seconds * 1_000 - beforeEndMs);
  const inspector = await Inspector.of("tidemark", port);
  await collectGarbage(inspector, () => statsOf(colo));
  return heldBytes(inspector).finally(() => inspector.stop());
}

/** Returns the number of calls of Durable Objects so far, by purpose; none on a site with Redis. */
const objectCallsOf = async (colo: Colo) => (await statsOf(colo)).objectCalls;

const less = (all: Row["commands"], before: Row["commands"]): Row["commands"] =>
  Object.fromEntries(Object.entries(all).map(([name, one]) => [name, one - (before[name] ?? 0)]));

/** Starts a Redis, and a REST server for it with the default round-trip time. */
async function restOver(
  running: Running,
  database: Attack["database"],
): Promise<UpstashRestServer> {
  const starting =
    database === undefined
      ? startEmbeddedValkey()
      : startRedisServer({
          settings: {
            maxmemory: `${databaseMebibytes}mb`,
            "maxmemory-policy": database.policy,
          },
        });
  const { url: redisUrl } = await running.add(starting);
  return running.add(startUpstashRestServer({ redisUrl, token: "token", rttMs: restRttMs }));
}

interface Databases {
  readonly rest: UpstashRestServer;
  /** `undefined` if `rest` contains the journal. */
  readonly journal: UpstashRestServer | undefined;
}

const isWithoutRedis = (attack: Attack | undefined): boolean =>
  attack?.aged?.stores === "cloudflare" || attack?.objectBytes !== undefined;

async function settingsFor(
  { originUrl, worker, cloudflareWorker, log }: Ground,
  { rest, journal }: Databases,
  attack: Attack | undefined,
): Promise<ColoSettings> {
  const rateLimits = attack?.limit === undefined ? {} : { ORIGIN_LIMITER: attack.limit };
  const env = {
    ORIGIN_URL: originUrl,
    ...(!isWithoutRedis(attack) && {
      UPSTASH_REDIS_REST_URL: rest.url,
      UPSTASH_REDIS_REST_TOKEN: rest.token,
    }),
    ...(journal && {
      JOURNAL_REDIS_REST_URL: journal.url,
      JOURNAL_REDIS_REST_TOKEN: journal.token,
    }),
    ADMIN_TOKEN: adminToken,
    PURGE_SECRET: secret,
    SITE_HOST: "site.test",
  };
  const { objectBytes } = attack ?? {};
  const overSmallObjects =
    objectBytes === undefined
      ? cloudflareWorker
      : await bundleWith(objectsConfig(objectBytes), { entryPoints: [withoutRedis] });
  const own = isWithoutRedis(attack) ? overSmallObjects : worker;
  const settings = { name: "colo-1", worker: own, port: 0, env, rateLimits, onLog: log.note };
  return attack?.demands === undefined
    ? settings
    : { ...settings, inspectorPort: await freePort() };
}

/**
 * Fills the tiers and lets the runtime compile the code. The seed differs from the measurement's
 * seed, so that the measurement does not repeat these requests.
 */
async function warmUp({ honest }: Ground, pace: Pace, colo: Colo): Promise<void> {
  await honest.call("fill", { url: colo.url });
  const load = { ...honestLoad(pace, colo), seconds: warmSeconds, seed: seed + 1 };
  const { faults } = await honest.call("run", load);
  if (faults.size > 0)
    throw new BenchFailure(`Honest clients met ${saidFaults(faults)} before any attack.`);
  await storesSettled(colo);
}

const honestLoad = ({ honestPerSecond, seconds }: Pace, { url }: Colo) => ({
  url,
  secret,
  perSecond: honestPerSecond,
  seconds,
  seed,
  also: [],
  fromSeconds: 0,
  toSeconds: Infinity,
});

const assaultOf = (
  { name, rateShare }: Attack,
  { attackPerSecond, seconds }: Pace,
  { url }: Colo,
) => ({ name, url, perSecond: attackPerSecond * rateShare, seconds, seed });

/** Checks that the origin itself still answers correctly. */
async function checkOrigin(originUrl: string): Promise<void> {
  const path = pagePath(0);
  const wanted = { page: 0, path, cookie: "", mayBe304: false, notBeforeMs: nowAtMs() };
  const fault = faultOf(await ask(originUrl + path, {}, { waitTimeoutMs: 5_000 }), wanted);
  if (fault !== undefined) throw new BenchFailure(`The origin itself gave ${fault}.`);
}

export function saidFaults(faults: HonestFigures["faults"]): string {
  return Array.from(faults, ([fault, count]) => `${count} × ${fault}`).join(", ");
}
