// The switch over every Redis there is, beside its contract: its key, and what that may hold (rule 24).
import { describe, expect, it } from "vitest";
import { RedisSwitch } from "../../../../src/stores/redis/journal/redis-switch.ts";
import { stateInKey } from "../../../../src/stores/redis/journal/switch-key.ts";
import { RedisClient } from "../../../../src/redis/redis-client.ts";
import { redisServers } from "../../../../testing/fakes/redis-server.ts";
import { postOf } from "../../../purge/journal/contract/switch-contract.ts";
import { journalKey, openJournalWorld } from "./journal-world.ts";

describe.each(redisServers)("over $redis", ({ start }) => {
  const world = openJournalWorld(start);
  const store = () => {
    const redis = new RedisClient({ url: world.rest.url, token: "local", nowAtMs: Date.now });
    return new RedisSwitch({ redis, namespace: "site" });
  };

  it("a post stands in a key that never expires", async () => {
    expect(await store().post(postOf("p1", "", true))).toMatchObject({ kind: "posted" });
    expect(await world.redis.ttl("site:switch")).toBe(-1);
  });

  it.each(["garbage", "p9 1-0 n [1]", "p9 here n true", "p9", " "])(
    "takes the place of %j",
    async (text) => {
      await world.redis.set("site:switch", text);
      const held = await store().read();
      expect(held).toMatchObject({ state: undefined });
      const names = held.kind === "read" ? held.names : "";
      expect(await store().post(postOf("p1", names, true))).toMatchObject({ kind: "posted" });
      expect(await store().read()).toMatchObject({ state: { post: "p1", bypass: true } });
    },
  );

  it("says what to do where the key is of another type", async () => {
    await world.redis.rpush("site:switch", "a");
    const away = {
      kind: "unavailable",
      why: "A key of Tidemark holds a value of another type.",
      hint: "delete that key, or set `namespace` to a name that nothing else uses",
    };
    expect(await store().read()).toEqual(away);
    expect(await store().post(postOf("p1", "", true))).toEqual(away);
  });

  it("trims the journal, and never the key", async () => {
    await world.write(20);
    const redis = new RedisClient({ url: world.rest.url, token: "local", nowAtMs: Date.now });
    await new RedisSwitch({ redis, namespace: "site", keptCount: 1 }).post(postOf("p1", "", true));
    await world.redis.xtrim(journalKey, "MAXLEN", 0);
    expect(await store().read()).toMatchObject({ state: { post: "p1" } });
  });
});

describe("what the key holds", () => {
  it.each([null, "", "p1", "p1 1-0 n", "p1 1-0 n {", 'p1 1-0 n "all"', 1, "p1 1-0  true"])(
    "is no state: %s",
    (text) => expect(stateInKey(text)).toBe(undefined),
  );
});
