// A shared tier over a real Redis behind the local REST server, for suites that look at both.
import { Redis } from "ioredis";
import { afterAll, beforeAll, beforeEach } from "vitest";
import { lengthenTimeouts } from "../../../testing/patient-timeouts.ts";
import type { EmbeddedValkey } from "../../../local/embedded-valkey.ts";
import {
  type Counts,
  startUpstashRestServer,
  type UpstashRestServer,
} from "../../../local/upstash-rest-server.ts";
import { RedisClient } from "../../../src/redis/redis-client.ts";
import { RecordKey } from "../../../src/cache/record/record-key.ts";
import { SharedTier } from "../../../src/stores/redis/shared-tier.ts";
import type { RedisServerRow } from "../../../testing/fakes/redis-server.ts";
import { responseForm } from "../../../src/proxy/stored/record-form.ts";
import type { ResponseDetail } from "../../../src/proxy/stored/stored-response.ts";

export const token = "local-token";
export const bodyBytesMax = 2 * 1_048_576;

export function keyOf(name: string): RecordKey {
  return new RecordKey(`GET https://a.example/ ${name}`, "a.example");
}

export async function redisKeyOf(key: RecordKey): Promise<string> {
  return `site:r:${await key.digest()}`;
}

interface TierOptions {
  rest: Pick<UpstashRestServer, "url" | "token">;
  namespace?: string;
  nowAtMs?: () => number;
  /** What others do between what the tier is told and what it then writes. */
  between?: () => Promise<void>;
  onBadRecord?: () => void;
}

export function tierOver(given: TierOptions): SharedTier<ResponseDetail> {
  const { rest, namespace = "site", nowAtMs = () => Date.now(), between } = given;
  const redis = new RedisClient({ url: rest.url, token: rest.token, nowAtMs });
  return new SharedTier({
    form: responseForm,
    redis: between === undefined ? redis : interrupted(redis, between),
    namespace,
    bodyBytesMax,
    uploadBytesMax: 64 * 1_048_576,
    onBadRecord: given.onBadRecord ?? (() => undefined),
    nowAtMs,
  });
}

function interrupted(redis: RedisClient, between: () => Promise<void>): RedisClient {
  const write: RedisClient["write"] = (purpose, run, timeoutMs) =>
    redis.write(
      purpose,
      (client) => {
        const getrange: typeof client.getrange = async (...range) => {
          const told = await client.getrange(...range);
          await between();
          return told;
        };
        return run(Object.assign(Object.create(client), { getrange }));
      },
      timeoutMs,
    );
  return { write } as RedisClient;
}

/** One Redis behind one REST server, for all tests of the describe block that opens it. */
export function openWorld(start: RedisServerRow["start"]) {
  let redisServer: EmbeddedValkey;
  const world = {
    rest: undefined as unknown as UpstashRestServer,
    redis: undefined as unknown as Redis,
    badRecordCount: 0,
    tier: (options: Pick<TierOptions, "namespace" | "between"> = {}): SharedTier<ResponseDetail> =>
      tierOver({
        rest: world.rest,
        ...options,
        onBadRecord: () => {
          world.badRecordCount += 1;
        },
      }),
    counted: async (run: () => unknown): Promise<Counts> => {
      world.rest.resetCounts();
      await run();
      return world.rest.counts();
    },
  };
  lengthenTimeouts();
  beforeAll(async () => {
    redisServer = await start();
    world.rest = await startUpstashRestServer({ redisUrl: redisServer.url, token });
    world.redis = new Redis(redisServer.url);
  });
  beforeEach(() => {
    world.badRecordCount = 0;
  });
  afterAll(async () => {
    world.redis.disconnect();
    await world.rest.stop();
    await redisServer.stop();
  });
  return world;
}
