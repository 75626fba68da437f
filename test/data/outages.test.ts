// Tests a Redis that is down, silent, full or read-only. Loads continue, no value past its bound
// answers, and a purge is refused with the reason.
import { describe, expect, it, onTestFinished } from "vitest";
import { DataIsolate } from "../../testing/data/data-isolate.ts";
import { FakeClock } from "../../testing/fakes/fake-clock.ts";
import { passSilence, playTimeouts } from "../../testing/fakes/played-timeouts.ts";
import { UnsteadyRestServer } from "../../testing/fakes/unsteady-rest-server.ts";
import { UnsteadyUpstash } from "../../testing/fakes/unsteady-upstash.ts";
import { idle } from "../../testing/site/harness.ts";

/** Answers reads, and refuses writes with `error`. */
class RefusingWrites extends UnsteadyUpstash {
  error: string | undefined;

  override async answer(path: string, body: unknown): Promise<Response> {
    const isWrite = /"(?:set|xadd|eval)"/i.test(JSON.stringify(body));
    if (this.error === undefined || !isWrite) return super.answer(path, body);
    return Response.json({ error: this.error }, { status: 400 });
  }
}

const lifetimes = { fresh: "1h", stale: "1h" };

function opened(options: object = lifetimes, isolate = new DataIsolate()) {
  const articles = isolate.articles(options);
  let loads = 0;
  const ask = () => articles.getOrSet("42", () => `v${(loads += 1)}`);
  return { isolate, articles, upstash: isolate.upstash, clock: isolate.clock, ask };
}

describe("during an outage of Redis,", () => {
  it("a value that is loaded answers for N − A after its load", async () => {
    const { upstash, clock, ask } = opened();
    upstash.mode = "down";
    expect([await ask(), await ask()]).toEqual(["v1", "v1"]);
    clock.advance(9);
    expect(await ask()).toBe("v1");
    clock.advance(0.001);
    expect([await ask(), await ask()]).toEqual(["v2", "v2"]);
  });

  it("values, also stale ones, answer until the last view is past its bound", async () => {
    const { isolate, upstash, clock, ask } = opened({ fresh: "5s", stale: "1h" });
    expect(await ask()).toBe("v1");
    await isolate.settle();
    upstash.mode = "down";
    clock.advance(9);
    expect(await ask()).toBe("v1");
    await isolate.settle();
    expect(await ask()).toBe("v2");
    clock.advance(9.001);
    expect(await ask()).toBe("v3");
  });

  it("an isolate that only writes stores again after the outage and a pause", async () => {
    const { isolate, articles, upstash, clock } = opened();
    const set = async (value: string) => {
      await articles.set("42", value, { everywhere: false });
      await isolate.settle();
    };
    await set("old");
    upstash.mode = "down";
    for (let nth = 0; nth < 4; nth += 1) await set("old");
    upstash.mode = "works";
    await set("old");
    expect(isolate.data.stats().redis.troubleWithWrites).toMatchObject({ isOver: false });
    clock.advance(1.1);
    await set("new");
    expect(isolate.data.stats().redis.troubleWithWrites).toMatchObject({ isOver: true });
    expect(await isolate.elsewhere().articles(lifetimes).get("42")).toBe("new");
  });

  it("a purge is refused and counted, and is accepted after the outage", async () => {
    const { isolate, articles, upstash, ask } = opened();
    await ask();
    upstash.journalMode = "down";
    await expect(articles.delete("42")).rejects.toThrow(
      "The purge was not accepted: older values may still answer. The database cannot be reached. Try again.",
    );
    expect(isolate.data.stats()).toMatchObject({
      purges: { accepted: 0, refused: { unavailable: 1 } },
      journal: { troubleWithWrites: { kind: "unreachable" } },
    });
    upstash.journalMode = "works";
    await articles.delete("42");
    expect(await articles.get("42")).toBeUndefined();
  });

  it("a load for lack of the journal is counted as one", async () => {
    const { isolate, articles, upstash } = opened();
    await articles.getOrSet("1", () => "there");
    await isolate.settle();
    upstash.journalMode = "down";
    const other = isolate.elsewhere();
    expect(await other.articles().getOrSet("1", () => "loaded")).toBe("loaded");
    expect(other.data.stats().namespaces["articles"]).toMatchObject({
      misses: 1,
      unverifiedMisses: 1,
      unansweredReads: 0,
    });
  });

  it("getOrSetMany returns values from memory, and loads the others", async () => {
    const { isolate, articles, upstash } = opened();
    upstash.mode = "down";
    await articles.getOrSet("1", () => "there");
    const load = (keys: readonly string[]) => new Map(keys.map((key) => [key, "loaded"]));
    const { values, errors } = await articles.getOrSetMany(["1", "2"], load);
    expect([Object.fromEntries(values), errors.size]).toEqual([{ 1: "there", 2: "loaded" }, 0]);
    await isolate.settle();
    expect(isolate.data.stats()).toMatchObject({
      namespaces: { articles: { writes: { shared: { unavailable: 2 } } } },
      redis: { trouble: { kind: "unreachable" } },
    });
    const line = expect.stringContaining("Shared tier: The database cannot be reached") as string;
    expect(isolate.log).toContainEqual(line);
  });

  it("a namespace with global collapsing still loads", async () => {
    const { upstash, ask } = opened({ fresh: "1h", collapse: "global" });
    upstash.mode = "down";
    expect(await ask()).toBe("v1");
  });
});

const oom = "OOM command not allowed when used memory > 'maxmemory'.";
const readOnly = "READONLY You can't write against a read only replica.";
it.each([
  {
    error: oom,
    set: "its older values was not accepted. The database is full. Set it again; if that also fails, make room in the database. Until then,",
    write:
      "The database is full. The cache retries in the background. You can also purge or write again; if that also fails, make room in the database.",
    purge:
      "older values may still answer. The database is full. Try again; if that also fails, make room in the database.",
  },
  { error: readOnly, set: "is read-only.", write: "is read-only.", purge: "is read-only." },
])(
  "Redis answers writes with $error: loads continue, memory and edge store, a purge is refused",
  async (row) => {
    const clock = new FakeClock();
    const upstash = new RefusingWrites(clock);
    const { isolate, articles, ask } = opened(lifetimes, new DataIsolate({ upstash, clock }));
    await articles.get("warm");
    await idle();
    upstash.error = row.error;
    await expect(articles.set("40", "v")).rejects.toThrow(row.set);
    await expect(articles.write("40", "v", () => undefined)).rejects.toThrow(row.write);
    const set = articles.set("41", "v", { everywhere: false });
    expect(await set).toEqual(["memory", "edge"]);
    expect([await ask(), await ask()]).toEqual(["v1", "v1"]);
    await idle();
    expect(await isolate.beside().articles(lifetimes).get("42")).toBe("v1");
    await expect(articles.delete("42")).rejects.toThrow(row.purge);
    expect(await ask()).toBe("v1");
  },
);

describe("while Redis does not answer,", () => {
  playTimeouts();

  it("a load begins after at most three requests", async () => {
    const server = await UnsteadyRestServer.start();
    onTestFinished(() => server.stop());
    server.manner = { kind: "hangs" };
    server.playSilence = (ms) => void passSilence(ms, server.url);
    const database = { url: server.url, token: "token" };
    const isolate = new DataIsolate({ platform: { database, nowAtMs: Date.now } });
    const articles = isolate.articles({ fresh: "1h" });
    let askedCount = Infinity;
    const load = () => {
      askedCount = server.asked.length;
      return "v";
    };
    expect(await articles.getOrSet("42", load)).toBe("v");
    expect(askedCount).toBeLessThanOrEqual(3);
    expect(await articles.getOrSet("42", () => "w")).toBe("v");
    await expect(articles.delete("42")).rejects.toThrow("does not answer in time");
  });
});
