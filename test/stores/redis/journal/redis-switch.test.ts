// The switch on every Redis server, in addition to its contract: its key, and the key's content
// (rule 24).
import { describe, expect, it } from "vitest";
import { RedisSwitch } from "../../../../src/stores/redis/journal/redis-switch.ts";
import { stateInKey } from "../../../../src/stores/redis/journal/switch-key.ts";
import { redisServers } from "../../../../testing/fakes/redis-server.ts";
import { postOf } from "../../../purge/journal/contract/switch-contract.ts";
import { journalKey, openJournalWorld } from "./journal-world.ts";

describe.each(redisServers)("over $redis", ({ start }) => {
  const world = openJournalWorld(start);
  const store = (keptCount?: number) =>
    new RedisSwitch({
      redis: world.client(),
      namespace: "site",
      ...(keptCount && { keptCount }),
    });

  it("a post is stored in a key that never expires", async () => {
    expect(await store().post(postOf("p1", "", true))).toMatchObject({ kind: "posted" });
    expect(await world.redis.ttl("site:switch")).toBe(-1);
  });

  it.each(["garbage", "p9 1-0 n [1]", "p9 here n true", "p9", " "])(
    "every route bypasses the cache under the invalid state %j, until the next post",
    async (text) => {
      await world.redis.set("site:switch", text);
      const held = await store().read();
      expect(held).toMatchObject({ state: { bypass: true } });
      const names = held.kind === "read" ? (held.state?.post ?? "") : "";
      expect(await store().post(postOf("p1", names, true))).toMatchObject({ kind: "posted" });
      expect(await store().read()).toMatchObject({ state: { post: "p1", bypass: true } });
    },
  );

  it("the switch is unavailable, with a hint, if its key has another type", async () => {
    await world.redis.rpush("site:switch", "a");
    const away = {
      kind: "unavailable",
      why: "A key of Tidemark holds a value of another type.",
      hint: "delete that key, or set `namespace` to a name that nothing else uses",
    };
    expect(await store().read()).toEqual(away);
    expect(await store().post(postOf("p1", "", true))).toEqual(away);
  });

  it("the state outlasts the trimming of its entry", async () => {
    await world.write(20);
    await store(1).post(postOf("p1", "", true));
    await world.redis.xtrim(journalKey, "MAXLEN", 0);
    expect(await store().read()).toMatchObject({ state: { post: "p1" } });
  });
});

describe("the text in the switch's key", () => {
  it.each([null, ""])("is no state: %s", (text) => {
    expect(stateInKey(text)).toBe(undefined);
  });

  it.each(["p1", "p1 1-0 n", "p1 1-0 n {", 'p1 1-0 n "all"', "p1 1-0  true", 'p1 {"routes":[]}'])(
    "bypasses everything if it has another form: %s",
    (text) => {
      expect(stateInKey(text)).toEqual({ post: "p1", position: "0-0", n: "", bypass: true });
    },
  );
});
