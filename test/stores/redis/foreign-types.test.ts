// A key of ours that somebody has put another type of value under, on a real server.
import "../../../testing/fakes/workers-globals.ts";
import { afterAll, beforeAll, expect, it } from "vitest";
import { startEmbeddedValkey } from "../../../local/embedded-valkey.ts";
import { Running } from "../../../local/running.ts";
import { startUpstashRestServer } from "../../../local/upstash-rest-server.ts";
import { RedisClient } from "../../../src/redis/redis-client.ts";
import { RecordKey } from "../../../src/cache/record/record-key.ts";
import { SharedTier } from "../../../src/stores/redis/shared-tier.ts";
import { ask, bytesOf, keep, responseOf } from "../../../testing/examples/records.ts";
import { responseForm } from "../../../src/proxy/stored/record-form.ts";
import type { ResponseDetail } from "../../../src/proxy/stored/stored-response.ts";

const running = new Running();
const key = new RecordKey("GET https://a.example/", "a.example");
let redis: RedisClient;
let tier: SharedTier<ResponseDetail>;

beforeAll(async () => {
  const { url: redisUrl } = await running.add(startEmbeddedValkey());
  const { url, token } = await running.add(startUpstashRestServer({ redisUrl, token: "token" }));
  redis = new RedisClient({ url, token, nowAtMs: Date.now });
  const onBadRecord = () => undefined;
  const limits = { bodyBytesMax: 1_000, uploadBytesMax: 1_000 };
  tier = new SharedTier({
    form: responseForm,
    redis,
    namespace: "site",
    ...limits,
    onBadRecord,
    nowAtMs: Date.now,
  });
  await redis.insist("probe", async (client) =>
    client.hset(await key.nameIn("site"), { m: "foreign" }),
  );
});
afterAll(() => running.stop());

it.each([
  { id: "read", run: () => tier.read(key, ask), kind: "absent" },
  {
    id: "read-at-the-primary",
    run: () => tier.read(key, { ...ask, atPrimary: true }),
    kind: "absent",
  },
  // It takes the foreign value's place.
  { id: "write", run: () => tier.write(key, responseOf(bytesOf("page")), keep), kind: "kept" },
])("shuts nothing off, however often: $id", async ({ run, kind }) => {
  const kinds = new Set<string>();
  for (let times = 0; times < 5; times += 1) kinds.add((await run()).kind);
  expect([redis.isShutOff, redis.refusesWrites]).toEqual([false, false]);
  expect([...kinds]).toEqual([kind]);
});
