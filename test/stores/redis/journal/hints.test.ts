// Tests hints of the journal over Upstash's REST interface, with the package and real servers: which
// calls publish them, and that no purge depends on them.
import { describe, expect, it, onTestFinished } from "vitest";
import { JournalView, type JournalViewSettings } from "../../../../src/purge/view/journal-view.ts";
import { overUpstash, subscribeAtUpstash } from "../../../../src/remote/redis/rest.ts";
import { redisStore } from "../../../../src/stores/redis/redis-store.ts";
import { newEntry } from "../../../../testing/examples/purges.ts";
import { FakeCache } from "../../../../testing/fakes/fake-cache.ts";
import { FakeClock } from "../../../../testing/fakes/fake-clock.ts";
import { redisServers } from "../../../../testing/fakes/redis-server.ts";
import { journalKey, openJournalWorld } from "./journal-world.ts";

const purge = { renewalLagMs: 10_000, visibleWithinSeconds: 10, allowanceMs: 1_000 };
const waitTimeout = { interval: 5, timeout: 60_000 };

/** Opens a journal, and its listener if it has one. */
function opened(address: { url: string; token: string }, hasHints = true) {
  let settings: JournalViewSettings | undefined;
  const store = redisStore(overUpstash, hasHints ? subscribeAtUpstash : undefined);
  const cache = new FakeCache(new FakeClock());
  const parts = store.journalAt(address)(
    { namespace: "site", purge },
    {
      nowAtMs: Date.now,
      random: Math.random,
      log: () => undefined,
      cache: () => cache,
      makeView: (given) => {
        settings = given;
        return new JournalView(given);
      },
    },
  );
  return { ...parts, listen: settings?.hints?.listen };
}

/** Listens until the end of the test. */
function listening({ listen }: ReturnType<typeof opened>) {
  const over = new AbortController();
  const heard: (string | undefined)[] = [];
  const ended = listen?.((position) => heard.push(position), over.signal);
  onTestFinished(() => over.abort());
  return { heard, ended, over };
}

describe.each(redisServers)("hints of a journal in $redis", ({ start }) => {
  const world = openJournalWorld(start);

  it("tell the last entry of each append, mark and post, and of nothing else", async () => {
    const store = opened(world.rest);
    const { heard, ended, over } = listening(store);
    await expect.poll(() => heard, waitTimeout).toEqual([undefined]);
    const { journal, switching } = store;
    await journal.appendMark("");
    const entries = [newEntry({ n: "a" }), newEntry({ n: "b" })];
    const [one, other] = await Promise.all([journal.append(entries), journal.append(entries)]);
    if (one.kind !== "appended" || other.kind !== "appended") throw new Error("No append.");
    const [place] = one.places;
    await journal.sinceOnPrimary(place!);
    await journal.standing([place!]);
    await journal.appendMark("");
    const switched = { post: "p", replaces: "", bypass: [] };
    const posted = await switching.post({ ...newEntry({ n: "post" }), switched });
    await switching.post({ ...newEntry({ n: "late" }), switched });
    const all = await world.redis.xrange(journalKey, "-", "+");
    const positions = [all[0]?.[0], other.places[1]?.position, all.at(-1)?.[0]];
    expect(posted.kind).toBe("posted");
    await expect.poll(() => heard, waitTimeout).toEqual([undefined, ...positions]);
    over.abort();
    expect(await ended).toBe(undefined);
    expect(world.rest.counts().commandCountByName).not.toHaveProperty("PUBLISH");
  });

  it("cost no purge if the user may not publish", async () => {
    const store = opened(world.rest);
    const { heard } = listening(store);
    await expect.poll(() => heard, waitTimeout).toEqual([undefined]);
    await world.redis.call("ACL", "SETUSER", "default", "resetchannels");
    onTestFinished(() => world.redis.call("ACL", "SETUSER", "default", "allchannels") as never);
    expect(await store.journal.append([newEntry()])).toMatchObject({ kind: "appended" });
    expect(heard).toEqual([undefined]);
  });

  it("are neither published nor listened for by default", async () => {
    const { heard } = listening(opened(world.rest));
    await expect.poll(() => heard, waitTimeout).toEqual([undefined]);
    const usual = opened(world.rest, false);
    await usual.journal.append([newEntry()]);
    await opened(world.rest).journal.append([newEntry({ n: "last" })]);
    const [, last] = await world.redis.xrange(journalKey, "-", "+");
    await expect.poll(() => heard, waitTimeout).toEqual([undefined, last?.[0]]);
    expect(usual.listen).toBe(undefined);
  });

  it.each([
    { change: { token: "wrong" }, why: "Upstash refused the token" },
    { change: { url: "http://127.0.0.1:1" }, why: "The database cannot be reached" },
  ])("are absent with the reason: $why", async ({ change, why }) => {
    const { ended } = listening(opened({ url: world.rest.url, token: "token", ...change }));
    expect(await ended).toMatch(why);
  });
});
