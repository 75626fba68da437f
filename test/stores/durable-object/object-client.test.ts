// Tests calls to the Durable Object of a journal: retries, timeouts, errors, and the text of each.
import { describe, expect, it, vi } from "vitest";
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

  it("opens the breaker for reads, but not for purges", async () => {
    const { object, client, journal } = open();
    object.isDown = true;
    for (let times = 0; times < 3; times += 1) await journal.newest();
    expect(client.remote.health.isBreakerOpen).toBe(true);
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
    object.database.exec("DROP TABLE entries");
    expect(await journal.append([newEntry({ n: "b", tags: ["tag:red"] })])).toMatchObject({
      kind: "unavailable",
      why: "The journal's Durable Object refused a call.",
      hint: expect.stringContaining("storage"),
    });
    expect(await journal.extent()).toMatchObject({ kind: "unavailable" });
  });
});

it("a restarted object continues its journal", async () => {
  const { object, journal } = open();
  await journal.append([newEntry({ n: "a" })]);
  object.end();
  await journal.append([newEntry({ n: "b" })]);
  expect(await journal.newest()).toMatchObject({ entries: [{ n: "a.1" }, { n: "b.2" }] });
});

/** Lets all work run that waits for no timer. */
const turn = () => new Promise((resolve) => setImmediate(resolve));

it("the object answers 404 to an unknown call", async () => {
  const { started } = new FakeObject();
  const ask = new Request("https://journal/toString", { method: "POST", body: "{}" });
  expect((await started.fetch(ask)).status).toBe(404);
});

describe("hints of a journal", () => {
  /** Listens, and collects the hinted positions. */
  const listening = ({ client }: ReturnType<typeof open>) => {
    const over = new AbortController();
    const heard: (string | undefined)[] = [];
    const ended = client.listen((position) => heard.push(position), over.signal);
    return { heard, over, ended };
  };

  it("tell the last entry at once, and each new one, also if the object has slept meanwhile", async () => {
    const world = open();
    const [first] = await written(world.journal, 1);
    const { heard, over, ended } = listening(world);
    await turn();
    world.object.end();
    const [second, third] = await written(world.journal, 2);
    expect(heard).toEqual([first?.position, third?.position]);
    expect(second?.position).not.toBe(third?.position);
    over.abort();
    expect(await ended).toBe(undefined);
  });

  it("follow appends alone, and cost no other call a statement", async () => {
    const world = open();
    const { object } = world;
    const [place] = await written(world.journal, 1);
    const statementsOf = async (call: string, ask: object) => {
      const before = object.statements.length;
      const init = { method: "POST", body: JSON.stringify(ask) };
      await object.stub.fetch(`https://journal/${call}`, init);
      return object.statements.length - before;
    };
    const limits = { countMax: 9, charsMax: 9_999 };
    const calls = [
      ["read", limits],
      ["standing", { places: [place!] }],
      ["replaceState", { name: "cdn", version: "", text: "text" }],
      ["report", { fields: [] }],
    ] as const;
    const alone: number[] = [];
    for (const [call, ask] of calls) alone.push(await statementsOf(call, ask));
    const listeners = Array.from({ length: 1_000 }, () => listening(world));
    await turn();
    // The first call leaves the state of "cdn" unchanged.
    for (const [nth, [call, ask]] of calls.entries())
      expect(await statementsOf(call, ask)).toBeLessThanOrEqual(alone[nth]!);
    expect(listeners.flatMap(({ heard }) => heard)).toHaveLength(1_000);
    const before = object.statements.length;
    await written(world.journal, 1);
    expect(listeners.flatMap(({ heard }) => heard)).toHaveLength(2_000);
    expect(object.statements.length - before).toBeLessThan(20);
  });

  it("end with the object's restart, and with a socket that refuses a message", async () => {
    const world = open();
    await written(world.journal, 1);
    const { ended } = listening(world);
    await turn();
    const [socket] = world.object.sockets;
    socket!.send = () => {
      throw new TypeError("Can't call WebSocket send() after close().");
    };
    expect(await written(world.journal, 1)).toHaveLength(1);
    socket!.close();
    expect(await ended).toBe(undefined);
  });

  it("are absent with a reason, which opens no breaker", async () => {
    const world = open();
    world.object.isDown = true;
    expect(await listening(world).ended).toMatch("The journal's Durable Object cannot be reached");
    expect(world.client.remote.health.isBreakerOpen).toBe(false);
    while (!world.client.remote.health.isBreakerOpen) await world.journal.extent();
    const before = world.object.calls.length;
    expect(await listening(world).ended).toBe("The circuit breaker of the object is open.");
    expect(world.object.calls).toHaveLength(before);
  });

  it("do not come over a socket that opens too late, which is closed", async () => {
    vi.useFakeTimers();
    const states: string[] = [];
    const webSocket = { accept: () => states.push("open"), close: () => states.push("closed") };
    const late = Promise.withResolvers<Response>();
    const stub = { fetch: () => late.promise };
    const client = new ObjectClient({ stub: () => stub, nowAtMs: Date.now, readTimeoutMsMax: 9 });
    const { ended } = listening({ ...open(), client });
    await vi.advanceTimersByTimeAsync(5_000);
    expect(await ended).toMatch("does not answer in time");
    late.resolve(Object.assign(new Response(), { webSocket }));
    await vi.advanceTimersByTimeAsync(0);
    vi.useRealTimers();
    expect(states).toEqual(["open", "closed"]);
  });

  it("are absent from an object of a version without them", async () => {
    const world = open();
    const stub = { fetch: async () => new Response(null, { status: 404 }) };
    const client = new ObjectClient({ stub: () => stub, nowAtMs: Date.now, readTimeoutMsMax: 9 });
    expect(await listening({ ...world, client }).ended).toMatch("runs another version");
  });
});
