// Opens a shared tier over a real Redis with a REST server, for tests that inspect all three.
import type { Command } from "../../../src/remote/redis/redis.ts";
import { withExec } from "../../../testing/fakes/changed-redis.ts";
import { beforeEach } from "vitest";
import type { Counts } from "../../../local/upstash-rest-server.ts";
import { RecordKey } from "../../../src/cache/record/record-key.ts";
import { responseForm } from "../../../src/pages/stored/response-form.ts";
import type { ResponseDetail, ResponseRecord } from "../../../src/pages/stored/stored-response.ts";
import type { RedisClient } from "../../../src/remote/redis/redis-client.ts";
import { SharedTier } from "../../../src/stores/redis/shared-tier.ts";
import { bytesOf, noise, responseOf } from "../../../testing/examples/records.ts";
import type { RedisServerRow } from "../../../testing/fakes/redis-server.ts";
import { openRestDatabase } from "../../../testing/fakes/rest-database.ts";
import { lengthenTimeouts } from "../../../testing/patient-timeouts.ts";
import { upstashStore } from "../../../testing/fakes/upstash-store.ts";

export const bodyBytesMax = 2 * 1_048_576;

export const page = responseOf(bytesOf("page"));
export const large = responseOf(noise(300_000));
export const marker: ResponseRecord = {
  kind: "vary",
  names: ["a"],
  sinceAtMs: 0,
  listedSinceAtMs: 0,
  variants: [],
};

/** A field that makes metadata longer than a read of metadata first requests. */
const longField = [["x-long", "p".repeat(5_000)]] as const;
export const longer = responseOf(noise(300_000), { fields: longField });
export const longHead = responseOf(bytesOf("page"), { fields: longField });

export function keyOf(name: string): RecordKey {
  return new RecordKey(`GET https://a.example/ ${name}`, "a.example");
}

export async function redisKeyOf(key: RecordKey): Promise<string> {
  return `site:r:${await key.digest()}`;
}

interface TierOptions {
  readonly namespace?: string;
  /** Runs between a read of the tier and the write that follows it. */
  readonly between?: () => Promise<void>;
  readonly onBadRecord?: () => void;
}

export function tierOver(
  redis: RedisClient,
  { namespace = "site", between, onBadRecord = () => undefined }: TierOptions = {},
): SharedTier<ResponseDetail> {
  return new SharedTier({
    form: responseForm,
    redis: between === undefined ? redis : interrupted(redis, between),
    namespace,
    bodyBytesMax,
    uploadBytesMax: 64 * 1_048_576,
    onBadRecord,
    nowAtMs: Date.now,
  });
}

function interrupted(redis: RedisClient, between: () => Promise<void>): RedisClient {
  const write: RedisClient["write"] = (purpose, run, timeoutMs) =>
    redis.write(
      purpose,
      (client) => {
        const exec = async (command: Command) => {
          const reply = await client.exec(command);
          if (command[0] === "GETRANGE") await between();
          return reply;
        };
        return run(withExec(client, exec));
      },
      timeoutMs,
    );
  return { write, health: redis.health } as RedisClient;
}

/** Opens one Redis with one REST server for the tests of a describe block. */
export function openWorld(start: RedisServerRow["start"]) {
  const database = openRestDatabase(start);
  const bad = { count: 0 };
  const client = () => upstashStore.client({ ...database.address, nowAtMs: Date.now });
  lengthenTimeouts();
  beforeEach(() => void (bad.count = 0));
  return {
    database,
    get redis() {
      return database.redis;
    },
    get badRecordCount() {
      return bad.count;
    },
    client,
    tier: ({ redis = client(), ...options }: TierOptions & { redis?: RedisClient } = {}) =>
      tierOver(redis, { onBadRecord: () => void (bad.count += 1), ...options }),
    async counted(run: () => unknown): Promise<Counts> {
      database.rest.resetCounts();
      await run();
      return database.rest.counts();
    },
  };
}
