// Redis gone, silent, full or read-only: loads go on, nothing past its bound answers, and a purge is refused
// and said to be.
import { afterEach, describe, expect, it } from "vitest";
import { DataIsolate } from "../../testing/data/data-isolate.ts";
import { FakeCache } from "../../testing/fakes/fake-cache.ts";
import { FakeClock } from "../../testing/fakes/fake-clock.ts";
import { passSilence, playTimeouts } from "../../testing/fakes/played-timeouts.ts";
import { UnsteadyRestServer } from "../../testing/fakes/unsteady-rest-server.ts";
import { UnsteadyUpstash } from "../../testing/fakes/unsteady-upstash.ts";

/** Answers reads, and refuses what would write. */
class RefusingWrites extends UnsteadyUpstash {
  error: string | undefined;

  override async answer(path: string, body: unknown): Promise<Response> {
    const isWrite = /"(?:set|xadd|eval)"/i.test(JSON.stringify(body));
    if (this.error === undefined || !isWrite) return super.answer(path, body);
    return Response.json({ error: this.error }, { status: 400 });
  }
}

function opened(upstash = new UnsteadyUpstash(new FakeClock()), clock = new FakeClock()) {
  const isolate = new DataIsolate({ upstash, clock });
  const articles = isolate.data.namespace<string>("articles", { fresh: "1h", stale: "1h" });
  let loads = 0;
  const ask = () => articles.getOrSet("42", () => `v${(loads += 1)}`);
  return { isolate, articles, upstash, clock, ask };
}

describe("Redis is gone", () => {
  it("from the start: a value answers for N − A after its load, then it is loaded again", async () => {
    const { upstash, clock, ask } = opened();
    upstash.mode = "down";
    expect([await ask(), await ask()]).toEqual(["v1", "v1"]);
    clock.advance(9);
    expect(await ask()).toBe("v1");
    clock.advance(0.001);
    expect([await ask(), await ask()]).toEqual(["v2", "v2"]);
  });

  it("later: what the last view vouches for answers until that is past its bound, stale too", async () => {
    const { isolate, upstash, clock } = opened();
    const articles = isolate.data.namespace<string>("briefly", { fresh: "5s", stale: "1h" });
    let loads = 0;
    const ask = () => articles.getOrSet("42", () => `v${(loads += 1)}`);
    await ask();
    await isolate.settle();
    upstash.mode = "down";
    clock.advance(9);
    expect(await ask()).toBe("v1");
    await isolate.settle();
    expect([await ask(), loads]).toEqual(["v2", 2]);
    clock.advance(9.001);
    expect([await ask(), loads]).toEqual(["v3", 3]);
  });

  it("and back: who only writes finds out after the pause, and others have what is written then", async () => {
    const { isolate, articles, upstash, clock } = opened();
    const there = isolate.beside(new FakeCache(clock)).data;
    const seen = there.namespace<string>("articles", { fresh: "1h" });
    const set = async (value: string) => {
      await articles.set("42", value);
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
    expect(await seen.get("42")).toBe("new");
  });

  it("a purge is refused, counted, and accepted once Redis is back", async () => {
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

  it("a purge that a full database refuses says what to do", async () => {
    const { articles, upstash } = opened();
    upstash.mode = "refuses";
    upstash.refusal = { status: 400, error: "OOM command not allowed" };
    await expect(articles.delete("42")).rejects.toThrow(
      "The purge was not accepted: older values may still answer. The database is full. " +
        "Try again; if that also fails, make room in the database.",
    );
  });

  it("many values are loaded, and what memory has is handed out", async () => {
    const { isolate, articles, upstash } = opened();
    upstash.mode = "down";
    await articles.getOrSet("1", () => "there");
    const { values, errors } = await articles.getOrSetMany(["1", "2"], (keys) => {
      return new Map(keys.map((key) => [key, "loaded"]));
    });
    expect([[...values], errors.size]).toEqual([
      [
        ["1", "there"],
        ["2", "loaded"],
      ],
      0,
    ]);
    await isolate.settle();
    expect(isolate.data.stats()).toMatchObject({
      namespaces: { articles: { writes: { shared: { unavailable: 2 } } } },
      redis: { trouble: { kind: "unreachable" } },
    });
    expect(isolate.log).toContainEqual(
      expect.stringContaining("Shared tier: The database cannot be reached"),
    );
  });

  it("a namespace that collapses in the world loads all the same", async () => {
    const { isolate, upstash } = opened();
    upstash.mode = "down";
    const options = { fresh: "1h", collapse: "global" } as const;
    const space = isolate.data.namespace<string>("global", options);
    expect(await space.getOrSet("42", () => "v")).toBe("v");
  });
});

describe("Redis takes no writes", () => {
  it.each([
    {
      id: "full",
      error: "OOM command not allowed when used memory > 'maxmemory'.",
      why: "The database is full.",
    },
    {
      id: "read-only",
      error: "READONLY You can't write against a read only replica.",
      why: "is read-only.",
    },
  ])("$id: loads go on, memory and edge keep, a purge is refused", async ({ error, why }) => {
    const clock = new FakeClock();
    const upstash = new RefusingWrites(clock);
    const { isolate, articles, ask } = opened(upstash, clock);
    await articles.get("warm");
    await isolate.settle();
    upstash.error = error;
    expect(await articles.set("41", "v")).toEqual(["memory", "edge"]);
    expect([await ask(), await ask()]).toEqual(["v1", "v1"]);
    await isolate.settle();
    const options = { fresh: "1h", stale: "1h" } as const;
    const inColo = isolate.beside().data.namespace<string>("articles", options);
    expect(await inColo.get("42")).toBe("v1");
    await expect(articles.delete("42")).rejects.toThrow(why);
    expect(await ask()).toBe("v1");
  });
});

describe("Redis is silent", () => {
  playTimeouts();
  let server: UnsteadyRestServer | undefined;
  afterEach(() => server?.stop());

  it("a load begins after the timeouts of a lookup and of a view at most", async () => {
    server = await UnsteadyRestServer.start();
    server.manner = { kind: "hangs" };
    let passedMs = 0;
    server.playSilence = (ms) => void (passedMs += passSilence(ms));
    const database = { url: server.url, token: "token" };
    const isolate = new DataIsolate({ platform: { database, nowAtMs: Date.now } });
    const articles = isolate.data.namespace<string>("articles", { fresh: "1h" });
    let waitedMs = Infinity;
    const load = () => {
      waitedMs = passedMs;
      return "v";
    };
    expect(await articles.getOrSet("42", load)).toBe("v");
    // One second for the lookup, and two for each of two views. The store that follows is not waited for.
    expect(waitedMs).toBeLessThanOrEqual(5_000);
    expect(await articles.getOrSet("42", () => "w")).toBe("v");
    await expect(articles.delete("42")).rejects.toThrow("does not answer in time");
  });
});
