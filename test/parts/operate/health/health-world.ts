// A site with a real database and, if a test wants it, a real origin. The causes of findings are
// real. The clock is also real, and a test can set it forward or back.
import { expect } from "vitest";
import { worded } from "../../../../packages/cli/src/texts/findings.ts";
import {
  startUpstashRestServer,
  type UpstashRestServer,
} from "../../../../local/upstash-rest-server.ts";
import {
  connectToRedis,
  type RedisConnection,
} from "../../../../local/upstash-rest/redis-connection.ts";
import { Running } from "../../../../local/running.ts";
import type { OperatorAnswer } from "../../../../src/protocol/answers.ts";
import type { Finding } from "../../../../src/protocol/finding.ts";
import { FakeClock } from "../../../../testing/fakes/fake-clock.ts";
import { cc, page } from "../../../../testing/fakes/origin-in-process.ts";
import type { RedisServerRow } from "../../../../testing/fakes/redis-server.ts";
import { openSite, type Site, type SiteOptions } from "../../../../testing/site/harness.ts";
import { adminToken, bearer } from "../../../../testing/site/purge-sender.ts";

const token = "token-of-the-database";

/** Returns a clock that runs like the machine's clock. `advance` shifts it permanently. */
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

/** A short N and A, so that the effects of a purge end soon. */
export const soon = { purge: { maxLagSeconds: 3, clockAllowanceSeconds: 1 } };

/** The JSON of health. */
export interface Health extends Omit<OperatorAnswer<"health">, "findings"> {
  readonly findings: readonly Finding[];
}

export async function healthOf(site: Site): Promise<Health> {
  const seen = await site.get("/_cache/health", { headers: bearer });
  const health = JSON.parse(seen.text) as Health;
  for (const one of health.findings) {
    const { what, cause, remedy, details } = worded(one);
    // The command has a text for each finding, and each place in it a value.
    expect([what, cause, remedy, details].join(" ")).not.toMatch(
      /\{\w+\}|does not know this finding/,
    );
  }
  return health;
}

/** Returns the status code and the JSON of health without the token. */
export async function statusOf(site: Site): Promise<[number, unknown]> {
  const seen = await site.get("/_cache/health");
  return [seen.status, JSON.parse(seen.text)];
}

export const codesOf = ({ findings }: Health) => findings.map(({ code }) => code);

/** Returns the finding with this code, or `undefined`. */
export async function found(site: Site, code: string): Promise<Finding | undefined> {
  return (await healthOf(site)).findings.find((one) => one.code === code);
}

/** Requests pages until `isSo` returns true, which needs a probe or a renewal of the view. */
async function pagesUntil(
  site: Site,
  isSo: () => Promise<boolean>,
  advanceSeconds = 0,
): Promise<void> {
  const deadlineMs = performance.now() + 200_000;
  while (performance.now() < deadlineMs) {
    if (await isSo()) return;
    site.clock.advance(advanceSeconds);
    await site.get(`/until/${crypto.randomUUID()}`);
  }
  throw new Error("The expected state did not come within 200 s of requests.");
}

/** Requests pages until a finding exists, or is gone. */
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
    // Sets a limit, as plans of Upstash have. Without a limit, health has a finding.
    await world.run("CONFIG", "SET", "maxmemory", "1000000000");
    return world;
  }

  get rest(): UpstashRestServer {
    return this.#rest;
  }

  /** Sends a command directly, without the REST interface. */
  async run(...command: [string, ...string[]]): Promise<void> {
    const outcome = await this.#direct.send(command);
    if (outcome.kind !== "replied") throw new Error(`${command[0]}: ${outcome.message}`);
  }

  stopRest(): Promise<void> {
    return this.#rest.stop();
  }

  /** Starts the REST interface at its previous address. */
  async startRest(ofToken = token): Promise<void> {
    const port = Number(new URL(this.#rest.url).port);
    this.#rest = await startUpstashRestServer({ redisUrl: this.#redisUrl, token: ofToken, port });
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
