// Tests calls to the Durable Object of a journal: retries, timeouts, errors, and the text of each.
import { describe, expect, it, onTestFinished, vi } from "vitest";
import { ObjectClient } from "../../../src/stores/durable-object/object-client.ts";
import { ObjectJournal } from "../../../src/stores/durable-object/object-journal.ts";
import { newEntry } from "../../../testing/examples/purges.ts";
import { FakeClock } from "../../../testing/fakes/fake-clock.ts";
import { FakeObject } from "../../../testing/fakes/fake-object.ts";
import { placesOf, written } from "../../purge/journal/contract/open-store.ts";

function open(readTimeoutMsMax = 60_000) {
  const { nowAtMs } = new FakeClock();
  const object = new FakeObject();
  const randomText = () => crypto.randomUUID();
  const client = new ObjectClient({ stub: () => object.stub, nowAtMs, readTimeoutMsMax });
  return { object, client, journal: new ObjectJournal({ client, nowAtMs, randomText }) };
}

/** Rejects once, like a stub whose object restarts. */
function breakingOnce(cause: Error) {
  let isBroken = false;
  return async () => {
    if (isBroken) return;
    isBroken = true;
    throw cause;
  };
}

const reset = new Error("Durable Object reset because its code was updated.");
const overloaded = Object.assign(new Error("Too many requests."), { overloaded: true });

describe("a call whose connection breaks", () => {
  it.each(["beforeCall", "beforeReply"] as const)(
    "is repeated, and appends once: %s",
    async (at) => {
      const { object, journal } = open();
      object[at] = breakingOnce(reset);
      const appended = await journal.append([newEntry({ n: "a" }), newEntry({ n: "b" })]);
      const places = appended.kind === "appended" ? appended.places : [];
      expect(object.calls).toEqual(["append", "append"]);
      const read = await journal.newest();
      expect(read.kind === "read" && placesOf(read.entries)).toEqual(places);
      expect(places).toHaveLength(2);
    },
  );

  it("returns no entries since a place if another entry came between the two tries", async () => {
    const { object, journal } = open();
    const [place] = await written(journal, 1);
    const other = newEntry({ n: "other", tags: ["tag:red"] });
    object.beforeReply = async () => {
      object.beforeReply = () => Promise.resolve();
      await journal.append([other]);
      throw reset;
    };
    const appended = await journal.appendAndRead(place!, newEntry({ n: "own" }));
    expect(appended).toMatchObject({ kind: "appended", place: { n: "own.2" }, since: undefined });
    expect(await journal.extent()).toMatchObject({ count: 3 });
  });

  it("is not repeated if the object is overloaded", async () => {
    const { object, journal } = open();
    object.beforeCall = breakingOnce(overloaded);
    expect(await journal.append([newEntry()])).toMatchObject({
      kind: "unavailable",
      why: "The journal's Durable Object is overloaded.",
    });
    expect(object.calls).toHaveLength(1);
  });
});

describe("a call that fails", () => {
  it("is unavailable after a second break", async () => {
    const { object, journal } = open();
    object.isDown = true;
    expect(await journal.append([newEntry()])).toEqual({
      kind: "unavailable",
      why: "The journal's Durable Object cannot be reached.",
      hint: undefined,
    });
    expect(object.calls).toHaveLength(2);
  });

  it("shuts reads off, but not purges", async () => {
    const { object, client, journal } = open();
    object.isDown = true;
    for (let times = 0; times < 3; times += 1) await journal.newest();
    expect(client.remote.health.isShutOff).toBe(true);
    object.isDown = false;
    expect(await journal.newest()).toMatchObject({ kind: "unavailable" });
    expect(await journal.append([newEntry()])).toMatchObject({ kind: "appended" });
  });

  it("is unavailable after the timeout", async () => {
    const { object, journal } = open(1);
    object.beforeCall = () => new Promise(() => undefined);
    const why = "The journal's Durable Object does not answer in time.";
    expect(await journal.newest()).toMatchObject({ kind: "unavailable", why });
  });

  it("is unavailable with a hint if the storage refuses it, and appends nothing", async () => {
    const { object, journal } = open();
    await journal.append([newEntry({ n: "a" })]);
    object.database.exec("DROP TABLE purged");
    expect(await journal.append([newEntry({ n: "b", tags: ["tag:red"] })])).toMatchObject({
      kind: "unavailable",
      why: "The journal's Durable Object refused a call.",
      hint: expect.stringContaining("storage"),
    });
    expect(await journal.extent()).toMatchObject({ count: 1 });
  });
});

it("a restarted object continues its journal", async () => {
  const { object, journal } = open();
  await journal.append([newEntry({ n: "a" })]);
  object.end();
  await journal.append([newEntry({ n: "b" })]);
  expect(await journal.newest()).toMatchObject({ entries: [{ n: "a.1" }, { n: "b.2" }] });
});

it("the object answers 404 to an unknown call", async () => {
  const { started } = new FakeObject();
  const ask = new Request("https://journal/toString", { method: "POST", body: "{}" });
  expect((await started.fetch(ask)).status).toBe(404);
});

/** Lets all work run that waits for no timer. */
async function turns(): Promise<void> {
  for (let turn = 0; turn < 50; turn += 1) await new Promise((resolve) => setImmediate(resolve));
}

describe("a wait for the next entry", () => {
  const waiting = async ({ journal, object, client }: ReturnType<typeof open>, ms = 60_000) => {
    const [place] = await written(journal, 1);
    const begun = Promise.withResolvers<void>();
    object.beforeCall = async () => begun.resolve();
    const news = client.awaitNews(place!, ms);
    await begun.promise;
    return { news, place: place! };
  };

  it("ends with the append of another isolate", async () => {
    const world = open();
    const { news } = await waiting(world);
    await turns();
    await written(world.journal, 1);
    expect(await Promise.race([news, turns()])).toBe(true);
  });

  it("ends at once if the journal has another last entry", async () => {
    const world = open();
    const { news, place } = await waiting(world);
    await written(world.journal, 1);
    await news;
    expect(await world.client.awaitNews(place, 60_000)).toBe(true);
    expect(await world.client.awaitNews({ ...place, n: "of a lost journal" }, 60_000)).toBe(true);
  });

  it("costs other calls no statement, and only a new entry ends it", async () => {
    const { object, client, journal } = open();
    const [place] = await written(journal, 1);
    const statementsOf = async (call: string, ask: object) => {
      const before = object.statements.length;
      await object.stub.fetch(`https://journal/${call}`, {
        method: "POST",
        body: JSON.stringify(ask),
      });
      return object.statements.length - before;
    };
    const limits = { countMax: 9, charsMax: 9_999, keptCount: 9 };
    const append = { request: "one", entries: [], ...limits };
    const calls = [
      ["read", limits],
      ["unpurged", { end: place!.n, records: [] }],
      ["states", { names: ["cdn"] }],
      ["replaceState", { name: "cdn", version: "", text: "text" }],
      ["mark", { ...append, onlyIfEmpty: true }],
      ["append", append],
    ] as const;
    const alone: number[] = [];
    for (const [call, given] of calls) alone.push(await statementsOf(call, given));
    let endedCount = 0;
    const waits = Array.from({ length: 1_000 }, async () => {
      expect(await client.awaitNews(place!, 60_000)).toBe(true);
      endedCount += 1;
    });
    await turns();
    // The first call leaves the state of "cdn" unchanged.
    for (const [nth, [call, given]] of calls.entries()) {
      expect(await statementsOf(call, given)).toBeLessThanOrEqual(alone[nth]!);
    }
    await turns();
    expect(endedCount).toBe(0);
    const before = object.statements.length;
    await written(journal, 1);
    await Promise.all(waits);
    expect(object.statements.length - before).toBeLessThan(20);
  });

  it("ends when its caller leaves, so that no timer keeps the object billed", async () => {
    const { object, journal } = open();
    vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout"] });
    onTestFinished(() => void vi.useRealTimers());
    const init = { method: "POST", body: JSON.stringify({ ms: 25_000 }) };
    const { body } = await object.stub.fetch("https://journal/wait", init);
    expect(vi.getTimerCount()).toBe(1);
    await body?.cancel();
    expect(vi.getTimerCount()).toBe(0);
    vi.useRealTimers();
    expect(await written(journal, 1)).toHaveLength(1);
  });

  it("ends without news after its time", async () => {
    expect(await (await waiting(open(), 1)).news).toBe(false);
  });

  it("is sent again if the object restarts, and rejects if it stays away", async () => {
    const world = open();
    const [place] = await written(world.journal, 1);
    world.object.beforeReply = breakingOnce(reset);
    expect(await world.client.awaitNews(place!, 1)).toBe(false);
    world.object.isDown = true;
    await expect(world.client.awaitNews(place!, 1)).rejects.toThrow("Network connection lost.");
    expect(world.client.remote.health.isShutOff).toBe(false);
  });

  it("rejects without a call while the object is shut off", async () => {
    const world = open();
    const [place] = await written(world.journal, 1);
    world.object.isDown = true;
    while (!world.client.remote.health.isShutOff) await world.journal.extent();
    const before = world.object.calls.length;
    const refused = world.client.awaitNews(place!, 1);
    await expect(refused).rejects.toMatchObject({ name: "ObjectRefusal" });
    expect(world.object.calls).toHaveLength(before);
  });
});
