// Attacks the scripts that purge and store for the calls of a turn, over connections to a real Redis.
import { Redis } from "ioredis";
import { createClient } from "redis";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { Running } from "../../local/running.ts";
import { appendScript, journalKeys } from "../../src/stores/redis/journal/journal-scripts.ts";
import { openProcess } from "../../testing/data/node-process.ts";
import { proofScript } from "../../testing/fakes/journal-scripts-model.ts";
import { startLossyWay } from "../../testing/fakes/lost-replies.ts";
import { oneRedisServer } from "../../testing/fakes/redis-server.ts";
import { lengthenTimeouts } from "../../testing/patient-timeouts.ts";
import { idle, until } from "../../testing/site/harness.ts";

lengthenTimeouts();

const running = new Running();
afterEach(() => running.stop());

const keys = Array.from({ length: 50 }, (_, nth) => nth);

describe.each(oneRedisServer)("50 sets in one turn over $redis", ({ start }) => {
  let redisUrl: string;
  let looking: Redis;

  const openIoredis = async (url: string) => {
    const given = new Redis(url);
    given.on("error", () => undefined);
    await running.add(Promise.resolve({ stop: async () => given.disconnect() }));
    return given;
  };
  const openNodeRedis = async (url: string) => {
    const given = createClient({ url });
    given.on("error", () => undefined);
    await given.connect();
    await running.add(Promise.resolve({ stop: async () => given.destroy() }));
    return given;
  };
  type Given = Awaited<ReturnType<typeof openIoredis | typeof openNodeRedis>>;
  const open = (redis: Given) => {
    const { cache } = openProcess({ redis });
    return cache.namespace<string, number>("rows", { fresh: "1h", tags: [] });
  };
  type Rows = ReturnType<typeof open>;
  const setAll = (rows: Rows, text = "new") =>
    Promise.allSettled(keys.map((key) => rows.set(key, `${text} ${key}`, { tags: [] })));
  const valuesOf = async (rows: Rows) => [...(await rows.getMany(keys)).values()];
  const allOf = (text: string) => keys.map((key) => `${text} ${key}`);
  const purges = async () => (await looking.xlen("tidemark:journal")) - 1;

  /** Returns the proofs of all entries: 0 for an entry that was never noted (rule 27 c). */
  const proofs = async () => {
    const entries = await looking.xrange("tidemark:journal", "-", "+");
    const names = journalKeys("tidemark").slice(0, 4);
    return looking.eval(proofScript, names.length, ...names, ...entries.map(([, [, n = ""]]) => n));
  };

  beforeEach(async () => {
    ({ url: redisUrl } = await running.add(start()));
    looking = await openIoredis(redisUrl);
  });

  it.each([
    ["ioredis", openIoredis],
    ["node-redis", openNodeRedis],
  ])("each fail if %s loses the reply, and no older value answers here", async (_, openClient) => {
    const lossy = await running.add(startLossyWay(redisUrl));
    const near = open(await openClient(lossy.url));
    await setAll(near, "old");
    lossy.loseReplyTo("EVAL");
    const reasons = (await setAll(near)).map((one) => (one as PromiseRejectedResult).reason);
    expect(reasons.map(String)).toEqual(
      keys.map((key) => expect.stringContaining(`rows/${key} was not set: the purge`)),
    );
    expect(await purges()).toBe(100);
    expect(await valuesOf(near)).toEqual([]);
  });

  it("succeed although one key has another type, and one value is too large for the script", async () => {
    const near = open(await openIoredis(redisUrl));
    await near.set(7, "old");
    const [key = ""] = await looking.keys("*:d:*");
    await looking.del(key);
    await looking.lpush(key, "text");
    const large = "large".repeat(10_000);
    await Promise.all([near.set(8, large), setAll(near).then(() => near.set(8, large))]);
    const there = open(await openIoredis(redisUrl));
    expect(await valuesOf(there)).toEqual(allOf("new").with(8, large));
  });

  it("purge without storing in a full Redis, whose ballast is deleted", async () => {
    const near = open(await openIoredis(redisUrl));
    await setAll(near, "old");
    // A long command would stay in a buffer of Redis for an unknown time.
    await looking.setrange("tidemark:ballast", 1_048_575, "0");
    const used = Number(/used_memory:(\d+)/.exec(await looking.info("memory"))?.[1]);
    await looking.config("SET", "maxmemory", String(used - 524_288));
    const results = await setAll(near);
    expect(results.map(({ status }) => status)).toEqual(keys.map(() => "fulfilled"));
    expect([await looking.exists("tidemark:ballast"), await purges()]).toEqual([0, 100]);
    await looking.config("SET", "maxmemory", "0");
    const there = await valuesOf(open(await openIoredis(redisUrl)));
    expect(there.filter((value) => value?.startsWith("old"))).toEqual([]);
  });

  it("keep the older tags that another process has set, also those that no script can read", async () => {
    const others = open(await openIoredis(redisUrl));
    const long = Array.from({ length: 200 }, (_, at) => `${"é".repeat(100)}${at}`);
    const older = new Map([
      [3, ["tag 3"]],
      [7, ["tag 7", "lone surrogate \ud83d"]],
      [9, ["tag 9", ...long]],
    ]);
    for (const [key, tags] of older) await others.set(key, "old", { tags });
    const given = await openIoredis(redisUrl);
    const { cache } = openProcess({ redis: given });
    const rows = cache.namespace<string, number>("rows", { fresh: "1h", tags: [] });
    await Promise.all(keys.map((key) => rows.set(key, `new ${key}`)));
    expect(await purges()).toBe(older.size + keys.length);
    await cache.purge({ tags: ["tag 3", "tag 7", "tag 9"] });
    const left = allOf("new").filter((_, key) => !older.has(key));
    expect(await valuesOf(open(await openIoredis(redisUrl)))).toEqual(left);
  });

  /** Opens a process whose scripts are listed. `hold` lets their replies wait until the returned function is called. */
  async function openWatched() {
    const given = await openIoredis(redisUrl);
    const near = open(given);
    await near.get(0);
    const scripts: string[][] = [];
    let held = Promise.resolve();
    const call = given.call.bind(given);
    given.call = ((name: string, ...args: string[]) => {
      const reply = call(name, ...args);
      if (!name.startsWith("EVAL") || name.endsWith("_RO")) return reply;
      scripts.push(args);
      return held.then(() => reply);
    }) as typeof call;
    const hold = () => {
      const { promise, resolve } = Promise.withResolvers<void>();
      held = promise;
      return resolve;
    };
    return { near, scripts, hold };
  }

  it("need scripts of 32 KiB, of which each stores its values", async () => {
    const { near, scripts } = await openWatched();
    const text = "new".repeat(350);
    await setAll(near, text);
    expect(scripts.length).toBe(3);
    expect(await valuesOf(open(await openIoredis(redisUrl)))).toEqual(allOf(text));
  });

  it("follow a script under way without a wait, also with a second value for a key", async () => {
    const { near, scripts, hold } = await openWatched();
    const release = hold();
    const sets = [near.set(1, "first", { tags: [] })];
    await idle();
    sets.push(near.set(1, "second", { tags: [] }), near.set(2, "other", { tags: [] }));
    await idle();
    expect(scripts.length).toBe(2);
    release();
    await Promise.all(sets);
    expect(scripts.length).toBe(2);
    for (const rows of [near, open(await openIoredis(redisUrl))])
      expect([await rows.get(1), await rows.get(2)]).toEqual(["second", "other"]);
  });

  it("store nothing in the script if another process has purged between two scripts", async () => {
    const { near, scripts, hold } = await openWatched();
    const there = open(await openIoredis(redisUrl));
    const release = hold();
    const first = near.set(1, "first", { tags: [] });
    await until(() => scripts.length > 0);
    await there.set(2, "theirs", { tags: [] });
    const second = near.set(2, "second", { tags: [] });
    await idle();
    release();
    await Promise.all([first, second]);
    // The value that the second script did not store has a write of its own.
    expect(scripts.length).toBe(3);
    for (const rows of [near, open(await openIoredis(redisUrl))])
      expect([await rows.get(1), await rows.get(2)]).toEqual(["first", "second"]);
  });

  it("replace a value whose later place the journal has lost", async () => {
    const near = open(await openIoredis(redisUrl));
    await near.set(1, "lost", { tags: [] });
    const [key = ""] = await looking.keys("*:d:*");
    const later = (await looking.get(key))?.replace(/"s":\["\d+/, '"s":["9999999999999') ?? "";
    await looking.set(key, later);
    await near.set(1, "new", { tags: [] });
    expect(later).toContain("9999999999999");
    expect(await open(await openIoredis(redisUrl)).get(1)).toBe("new");
  });

  it.each(["null", '"text"', '["\\ud83d"]'])(
    "keep the proofs of all entries beside a record with the tags %s",
    async (tags) => {
      const near = open(await openIoredis(redisUrl));
      await open(await openIoredis(redisUrl)).set(7, "theirs", { tags: ["a"] });
      const [key = ""] = await looking.keys("*:d:*");
      await looking.set(key, (await looking.get(key))?.replace('"t":["a"]', `"t":${tags}`) ?? "");
      await near.get(1);
      await Promise.all(
        [1, 7, 2].map((each) => near.set(each, "new", each === 7 ? {} : { tags: [] })),
      );
      expect(await proofs()).toEqual(expect.not.arrayContaining([0]));
      expect(await open(await openIoredis(redisUrl)).get(7)).toBe("new");
    },
  );

  it("replace nothing that another process has set if the script arrives late", async () => {
    const given = await openIoredis(redisUrl);
    const near = open(given);
    const sent: string[][] = [];
    const call = given.call.bind(given);
    given.call = ((name: string, ...args: string[]) => {
      if (args.some((text) => text.includes("mine"))) sent.push([name, ...args.map(String)]);
      return call(name, ...args);
    }) as typeof call;
    await near.set(1, "mine", { tags: [] });
    await open(await openIoredis(redisUrl)).set(1, "theirs", { tags: [] });
    const [[, script = "", ...args] = []] = sent;
    expect(script).toBe(appendScript);
    await looking.call("EVAL", script, ...args);
    // The late purge covers the value of the other process, but nothing replaces it.
    expect(await open(await openIoredis(redisUrl)).get(1)).toBeUndefined();
    const [key = ""] = await looking.keys("*:d:*");
    expect(await looking.get(key)).toContain("theirs");
  });
});
