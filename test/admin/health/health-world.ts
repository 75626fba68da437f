// A site before a real database and, where a test wants it, a real origin: what brings a finding about
// is real, and so is the clock, which a test can set forward or back.
import {
  startUpstashRestServer,
  type UpstashRestServer,
} from "../../../local/upstash-rest-server.ts";
import {
  connectToRedis,
  type RedisConnection,
} from "../../../local/upstash-rest/redis-connection.ts";
import { Running } from "../../../local/running.ts";
import type { Finding } from "../../../src/protocol/finding.ts";
import { databaseInfoIn } from "../../../src/redis/database-info.ts";
import { FakeClock } from "../../../testing/fakes/fake-clock.ts";
import { cc, page } from "../../../testing/fakes/origin-in-process.ts";
import type { RedisServerRow } from "../../../testing/fakes/redis-server.ts";
import { openSite, type Site, type SiteOptions } from "../../../testing/site/harness.ts";
import { adminToken, bearer } from "../../../testing/site/purge-sender.ts";

const token = "token-of-the-database";

/** Runs as this machine's does; `advance` sets it forward for good. */
export function runningClock(): FakeClock {
  const clock = new FakeClock();
  let shiftMs = 0;
  return Object.defineProperty(clock, "atMs", {
    get: () => Date.now() + shiftMs,
    set: (atMs: number) => {
      shiftMs = atMs - Date.now();
    },
  });
}

/** N and A so short that what follows a purge is over soon. */
export const soon = { purge: { maxLagSeconds: 3, clockAllowanceSeconds: 1 } };

/** What the list says. */
export interface Health {
  readonly status: string;
  readonly summary: string;
  readonly findings: readonly Finding[];
  readonly notLookedAt: readonly string[];
}

export async function healthOf(site: Site): Promise<Health> {
  const seen = await site.get("/_cache/health", { headers: bearer });
  return JSON.parse(seen.text) as Health;
}

/** As anybody sees it. */
export async function statusOf(site: Site): Promise<[number, unknown]> {
  const seen = await site.get("/_cache/health");
  return [seen.status, JSON.parse(seen.text)];
}

export const codesOf = ({ findings }: Health) => findings.map(({ code }) => code);

/** The finding of that code, if there is one. */
export async function found(site: Site, code: string): Promise<Finding | undefined> {
  return (await healthOf(site)).findings.find((one) => one.code === code);
}

/** Asks for pages until it is so: what is waited for is a probe, or a renewal. */
export async function pagesUntil(
  site: Site,
  isSo: () => Promise<boolean>,
  advanceSeconds = 0,
): Promise<void> {
  for (let nth = 0; nth < 100; nth += 1) {
    if (await isSo()) return;
    site.clock.advance(advanceSeconds);
    await site.get(`/until/${crypto.randomUUID()}`);
  }
  throw new Error("What a test waited for did not come with a hundred pages.");
}

/** Until a finding is there, or is no longer. */
export const until = (site: Site, code: string, is: "there" | "gone", advanceSeconds = 0) =>
  pagesUntil(
    site,
    async () => ((await found(site, code)) !== undefined) === (is === "there"),
    advanceSeconds,
  );

/** A real database behind its REST interface. */
export class HealthWorld {
  readonly #running: Running;
  readonly redisPid: number;
  readonly #redisUrl: string;
  #rest: UpstashRestServer;
  readonly #direct: RedisConnection;

  private constructor(parts: {
    running: Running;
    redis: { pid: number; url: string };
    rest: UpstashRestServer;
    direct: RedisConnection;
  }) {
    this.#running = parts.running;
    this.redisPid = parts.redis.pid;
    this.#redisUrl = parts.redis.url;
    this.#rest = parts.rest;
    this.#direct = parts.direct;
  }

  static async start(start: RedisServerRow["start"]): Promise<HealthWorld> {
    const running = new Running();
    const redis = await running.add(start());
    const rest = await startUpstashRestServer({ redisUrl: redis.url, token });
    const direct = await connectToRedis(redis.url);
    const world = new HealthWorld({ running, redis, rest, direct });
    // As a plan of Upstash has one; a database of unknown size is a finding.
    await world.run("CONFIG", "SET", "maxmemory", "1000000000");
    return world;
  }

  get rest(): UpstashRestServer {
    return this.#rest;
  }

  /** A command past the REST interface. */
  async run(...command: [string, ...string[]]): Promise<void> {
    const outcome = await this.#direct.send(command);
    if (outcome.kind !== "replied") throw new Error(`${command[0]}: ${outcome.message}`);
  }

  stopRest(): Promise<void> {
    return this.#rest.stop();
  }

  /** At the same address as before. */
  async startRest(ofToken = token): Promise<void> {
    const port = Number(new URL(this.#rest.url).port);
    this.#rest = await startUpstashRestServer({ redisUrl: this.#redisUrl, token: ofToken, port });
  }

  async usedBytes(): Promise<number> {
    const outcome = await this.#direct.send(["INFO"]);
    if (outcome.kind !== "replied") throw new Error(outcome.message);
    return databaseInfoIn(String(outcome.reply)).usedBytes ?? 0;
  }

  site(options: SiteOptions = {}): Site {
    return openSite({
      clock: runningClock(),
      origin: (_, nth) => page(`page ${nth}`, cc("max-age=600")),
      ...options,
      env: {
        UPSTASH_REDIS_REST_URL: this.#rest.url,
        UPSTASH_REDIS_REST_TOKEN: token,
        ADMIN_TOKEN: adminToken,
        ...options.env,
      },
    });
  }

  async stop(): Promise<void> {
    this.#direct.close();
    await this.#rest.stop();
    await this.#running.stop();
  }
}
