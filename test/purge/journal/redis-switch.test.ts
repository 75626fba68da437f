// Posts of the switch over real servers: entry and key in one step, and only in the place of what the
// poster saw (rule 24).
import { describe, expect, it } from "vitest";
import { nothing } from "../../../src/purge/journal/purge-target.ts";
import { type PostEntry, RedisSwitch } from "../../../src/purge/journal/redis-switch.ts";
import { stateInKey } from "../../../src/purge/journal/switch-state.ts";
import { RedisClient } from "../../../src/redis/redis-client.ts";
import { redisServers } from "../../../testing/fakes/redis-server.ts";
import { newEntry } from "../../../testing/examples/purges.ts";
import { journalKey, openJournalWorld } from "./journal-world.ts";

const entryOf = (post: string, replaces: string, bypass: PostEntry["switched"]["bypass"]) => ({
  ...newEntry({ n: `n of ${post}`.replaceAll(" ", "-"), mode: "soft" }),
  targets: nothing,
  switched: { post, replaces, bypass },
});

describe.each(redisServers)("over $redis", ({ start }) => {
  const world = openJournalWorld(start);
  const store = () => {
    const redis = new RedisClient({ url: world.rest.url, token: "local", nowAtMs: Date.now });
    return new RedisSwitch({ redis, namespace: "site" });
  };

  it("nothing stands at first", async () => {
    expect(await store().held()).toEqual({ kind: "read", state: undefined, names: "" });
  });

  it("a post is an entry and the key", async () => {
    await world.write(2);
    const bypass = ["größe", 'a "b" c'];
    const posted = await store().post(entryOf("p1", "", bypass));
    const position = posted.kind === "posted" ? posted.position : "";
    const state = { post: "p1", position, n: "n-of-p1", bypass };
    expect(await store().held()).toEqual({ kind: "read", state, names: "p1" });
    expect(await world.redis.ttl("site:switch")).toBe(-1);
    const newest = await world.journal.newest();
    expect(newest).toMatchObject({ kind: "read", switched: state });
    expect(newest.kind === "read" && newest.entries.at(-1)).toMatchObject({
      position,
      targets: { tags: [], prefixes: [] },
      switched: { post: "p1", replaces: "", bypass },
    });
    expect(await world.journal.atPrimary("0-0")).toMatchObject({ switched: state });
    expect(await world.journal.appendMark("1-0 n")).toMatchObject({ switched: state });
  });

  it("is refused whole where the key names another", async () => {
    const posted = [
      await store().post(entryOf("p1", "", true)),
      await store().post(entryOf("p2", "", false)),
      await store().post(entryOf("p2", "p", false)),
      await store().post(entryOf("p2", "p1", false)),
      await store().post(entryOf("p1", "", true)),
    ];
    expect(posted.map(({ kind }) => kind)).toEqual([
      "posted",
      "overtaken",
      "overtaken",
      "posted",
      "overtaken",
    ]);
    expect(posted[1]).toMatchObject({ held: { post: "p1", bypass: true } });
    expect(await world.redis.xlen(journalKey)).toBe(2);
  });

  it.each(["garbage", "p9 1-0 n [1]", "p9", " "])("takes the place of %j", async (text) => {
    await world.redis.set("site:switch", text);
    const held = await store().held();
    expect(held).toMatchObject({ state: undefined });
    const names = held.kind === "read" ? held.names : "";
    expect(await store().post(entryOf("p1", names, true))).toMatchObject({ kind: "posted" });
    expect(await store().held()).toMatchObject({ state: { post: "p1", bypass: true } });
  });

  it("says what to do where the key is of another type", async () => {
    await world.redis.rpush("site:switch", "a");
    const away = { kind: "unavailable", trouble: "wrong-type" };
    expect(await store().held()).toEqual(away);
    expect(await store().post(entryOf("p1", "", true))).toEqual(away);
  });

  it("trims the journal, and never the key", async () => {
    await world.write(20);
    const redis = new RedisClient({ url: world.rest.url, token: "local", nowAtMs: Date.now });
    await new RedisSwitch({ redis, namespace: "site", keptCount: 1 }).post(entryOf("p1", "", true));
    await world.redis.xtrim(journalKey, "MAXLEN", 0);
    expect(await store().held()).toMatchObject({ state: { post: "p1" } });
  });
});

describe("what the key holds", () => {
  it.each([null, "", "p1", "p1 1-0 n", "p1 1-0 n {", 'p1 1-0 n "all"', 1, "p1 1-0  true"])(
    "is no state: %s",
    (text) => expect(stateInKey(text)).toBe(undefined),
  );
});
