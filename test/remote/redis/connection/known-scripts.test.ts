// Scripts over a connection, which carries the text of each once, and then its digest.
import { Redis as Ioredis } from "ioredis";
import { describe, expect, it } from "vitest";
import { RedisClient } from "../../../../src/remote/redis/redis-client.ts";
import { scriptCommand } from "../../../../src/remote/redis/redis.ts";
import { overUpstashLazily } from "../../../../src/remote/redis/lazy-rest.ts";
import { addressOver, reaches } from "../../../../testing/fakes/redis-reaches.ts";
import { oneRedisServer } from "../../../../testing/fakes/redis-server.ts";
import { openReachedDatabase } from "../../../../testing/fakes/rest-database.ts";

const [server] = oneRedisServer;
if (server === undefined) throw new Error("No server.");
const connections = reaches.filter(({ reach }) => reach !== "REST");

let scripts = 0;
/** Returns a script that counts its runs under a key. No other test has sent it. */
const newScript = () => `return redis.call("INCR", KEYS[1]) -- ${(scripts += 1)}`;

describe.each(connections)("over $reach", ({ open }) => {
  const database = openReachedDatabase(server.start, open);

  const clientOf = (given?: object) => {
    const address = given === undefined ? database.address : addressOver(given);
    const redis = new RedisClient({ ...address, nowAtMs: Date.now }, overUpstashLazily);
    return (script: string, key: string) =>
      redis.insist("fill", (client) => client.exec(scriptCommand(script, [key], [])));
  };
  const answered = (value: number) => ({ kind: "answered", value });
  /** Returns how often the server has run EVAL and EVALSHA since the last reset. */
  const counts = async () => {
    const stats = await database.redis.info("commandstats");
    const found = stats.matchAll(/cmdstat_(eval(?:sha)?):calls=(\d+).*?failed_calls=(\d+)/g);
    return Object.fromEntries(Array.from(found, ([, name, calls]) => [name, Number(calls)]));
  };

  it("sends the text of a script once", async () => {
    const run = clientOf();
    const script = newScript();
    await database.redis.config("RESETSTAT");
    for (const nth of [1, 2, 3]) expect(await run(script, "once")).toEqual(answered(nth));
    expect(await counts()).toEqual({ eval: 1, evalsha: 2 });
  });

  it("sends the text again once the server has forgotten it, and runs nothing twice", async () => {
    const run = clientOf();
    const script = newScript();
    await run(script, "flushed");
    const calls = Array.from({ length: 60 }, async (_, at) => {
      if (at % 20 === 10) await database.redis.script("FLUSH");
      return run(script, "flushed");
    });
    const kinds = (await Promise.all(calls)).map(({ kind }) => kind);
    expect(new Set(kinds)).toEqual(new Set(["answered"]));
    expect(await database.redis.get("flushed")).toBe("61");
  });

  it("sends texts alone if the user may not send digests", async () => {
    const acl = ["on", "nopass", "~*", "+@all", "-evalsha", "-evalsha_ro"];
    await database.redis.call("ACL", "SETUSER", "narrow", ...acl);
    const { port } = database.redis.options;
    const given = new Ioredis({ port: port ?? 0, username: "narrow", password: "any" });
    const run = clientOf(given);
    const script = newScript();
    await database.redis.config("RESETSTAT");
    for (const nth of [1, 2, 3, 4]) expect(await run(script, "narrow")).toEqual(answered(nth));
    given.disconnect();
    expect(await counts()).toMatchObject({ eval: 4 });
  });
});
