// Tests `upstash()`: that all its commands pass through @upstash/redis, and that it takes the database
// of the application's own client.
import { Redis } from "@upstash/redis";
import { Redis as RedisOfWorkers } from "@upstash/redis/cloudflare";
import { Redis as RedisOfFastly } from "@upstash/redis/fastly";
import { afterEach, describe, expect, it, vi } from "vitest";
import { createDataCache, OperatorError } from "../src/data-cache.ts";
import type { RestAddress } from "../src/remote/redis/address.ts";
import type { UpstashRedis } from "../src/remote/redis/given-rest.ts";
import { defineConfig } from "../src/tidemark.ts";
import { upstash } from "../src/upstash.ts";
import { redis as redisOnNode } from "../src/node-cache.ts";
import { FakeClock } from "../testing/fakes/fake-clock.ts";
import { FakeUpstash, openNetworkOfFakes } from "../testing/fakes/fake-upstash.ts";
import { openColos } from "../testing/site/harness.ts";

openNetworkOfFakes();
afterEach(() => vi.restoreAllMocks());

const address = { url: "https://database.invalid", token: "the-token" };
const config = defineConfig({ namespace: "shop" });

interface Sender {
  readonly request: (this: Sender, asked: { path?: string[]; body?: unknown }) => Promise<unknown>;
}

it("every command of a miss, a hit and a purge passes through the package's `request`", async () => {
  const passed: string[] = [];
  const prototype = Object.getPrototypeOf(Reflect.get(new Redis(address), "client")) as Sender;
  const { request: real } = prototype;
  const requests = vi.spyOn(prototype, "request").mockImplementation(function (
    this: Sender,
    asked,
  ) {
    const commands = (asked.path === undefined ? [asked.body] : asked.body) as string[][];
    passed.push(...commands.map(([name = ""]) => name));
    return real.call(this, asked);
  });
  const clock = new FakeClock();
  const database = new FakeUpstash(clock);
  let count = 0;
  const origin = () =>
    new Response(`page ${(count += 1)}`, {
      headers: { "cache-control": "max-age=60", "cache-tag": "news" },
    });
  const token = "q7Lm2xVb9Rk4Tz8Wc3Nd";
  const options = { clock, upstash: database, origin, env: { ADMIN_TOKEN: token } };
  const [one, other] = openColos(2, options);
  const headers = { authorization: `Bearer ${token}`, "content-type": "application/json" };
  const texts = [(await one!.get("/")).text, (await other!.get("/")).text];
  const purge = { method: "POST", headers, body: JSON.stringify({ tags: ["news"] }) };
  expect((await one!.ask("/_cache/purge", purge)).status).toBe(200);
  clock.advance(10);
  texts.push((await other!.get("/")).text);
  expect(texts).toEqual(["page 1", "page 1", "page 2"]);
  expect(requests.mock.calls).toHaveLength(database.requestCount);
  expect(passed).toEqual(expect.arrayContaining(["SET", "GETRANGE", "EVAL"]));
});

describe("a client of the application", () => {
  const retrying = { ...address, retry: { retries: 9 }, automaticDeserialization: true };

  it.each<[string, UpstashRedis | RestAddress]>([
    ["the package's own", new Redis(retrying)],
    ["with pipelines of its own", new Redis({ ...address, enableAutoPipelining: true })],
    ["of /cloudflare", RedisOfWorkers.fromEnv({ ...keysOf(address) })],
    ["of /fastly", new RedisOfFastly({ ...address, backend: "b" })],
    ["an address", address],
  ])("names the database: %s", (_, redis) => {
    const stores = [upstash({ redis, journal: redis }), redisOnNode(redis, { journal: redis })];
    for (const { databases } of stores) {
      expect(databases?.({})).toMatchObject({ redis: address, journal: address });
    }
  });

  const used = new Redis(address);
  used.use((request, next) => next(request));
  const requester = new Redis({ request: async () => ({}) });

  it.each<[string, UpstashRedis]>([
    ["changed by use", used],
    ["with a requester of its own", requester],
  ])("is refused if it is %s", (_, given) => {
    const says = "takes only its address and token";
    expect(() => upstash({ redis: given })).toThrow(says);
    expect(() => redisOnNode(given)).toThrow(says);
  });

  it("is a fault without a token or an address, and Node refuses it", () => {
    vi.spyOn(console, "warn").mockImplementation(() => undefined);
    const [url, token] = [address.url, undefined];
    const lacking = new Redis({ url, token });
    const fault = {
      what: "The cache has no database.",
      why: "`redis.token` is not set.",
      hint: "Set `redis.url` and `redis.token` as the database's page shows them.",
    };
    const { databases } = upstash({ redis: lacking });
    expect(databases?.({})).toEqual({ redis: fault, journal: undefined });
    const ofJournal = upstash({ redis: address, journal: lacking }).databases?.({});
    expect(ofJournal?.redis).toMatchObject({ why: "`journal.token` is not set." });
    expect(() => redisOnNode(lacking)).toThrow(new OperatorError(fault));
    expect(() => redisOnNode(new Redis({ url: undefined, token }))).toThrow("is not set.");
    expect(() => upstash({ journal: address })).toThrow("`redis` names none");
  });

  it.each([
    { id: "that it was read from", url: "https://DATABASE.invalid/", says: [] },
    {
      id: "of another database",
      url: "https://other.invalid",
      says: [expect.stringContaining("UPSTASH_REDIS_REST_URL has no effect. The stores name")],
    },
  ])("makes the variable idle only if it is not the one $id", async ({ url, says }) => {
    const log: string[] = [];
    const env = keysOf({ ...address, url });
    const stores = upstash({ redis: new Redis(address) });
    const note = ({ message }: { message: string }) => void log.push(message);
    await createDataCache(config, { env, stores, log: note })
      .namespace("words", { fresh: "1m" })
      .get("a");
    expect(log.filter((line) => line.includes("has no effect"))).toEqual(says);
  });
});

function keysOf({ url, token }: RestAddress) {
  return { UPSTASH_REDIS_REST_URL: url, UPSTASH_REDIS_REST_TOKEN: token };
}
