// Tests the delivery of purges to one target: when it sends, and when its cursor moves.
import { afterEach, describe, expect, it, vi } from "vitest";
import { nothing } from "../../../src/purge/journal/purge-target.ts";
import { entryAt } from "../../../testing/examples/purges.ts";
import { openNetworkOfFakes } from "../../../testing/fakes/fake-upstash.ts";
import { dueAfterMs, listTarget, OutwardWorld, secret, stores } from "./outward-world.ts";

openNetworkOfFakes();

const status =
  (code: number, headers: Record<string, string> = {}) =>
  () =>
    new Response("no", { status: code, headers });

describe.each(stores)("over %s", (store) => {
  it("sends a purge once it is due, and only once", async () => {
    const world = new OutwardWorld(store);
    const target = await world.opened(listTarget());
    await world.purge({ tags: ["tag:a", "tag:b"] });
    world.clock.advance(dueAfterMs / 1_000 - 1);
    expect(await target.deliver()).toBe("idle");
    expect(world.asked).toEqual([]);
    world.clock.advance(1);
    expect(await target.deliver()).toBe("idle");
    expect(world.bodies).toMatchObject([{ mode: "hard", tags: ["a", "b"] }]);
    expect(world.asked[0]?.headers).toEqual({ authorization: expect.any(String) as string });
    await target.deliverDue();
    expect(world.asked).toHaveLength(1);
    expect(world.counted).toEqual(["edge delivered"]);
  });

  it("sends purges whose dates are ahead, because the journal's clock was set back", async () => {
    const world = new OutwardWorld(store);
    const target = await world.opened(listTarget());
    world.clock.advance(3_600);
    await world.purge({ tags: ["tag:a"] });
    world.clock.advance(-3_600);
    expect(await target.deliver()).toBe("idle");
    world.clock.advance(5);
    await world.purge({ tags: ["tag:b"] });
    expect(await target.deliver()).toBe("idle");
    expect(await target.report()).toMatchObject({ waitingCount: 2, aheadMs: 3_595_000 });
    world.clock.advance(dueAfterMs / 1_000 - 6);
    await target.deliver();
    expect(world.bodies).toEqual([]);
    world.clock.advance(1);
    await target.deliver();
    await target.deliverDue();
    expect(world.bodies).toMatchObject([{ tags: ["a"] }, { tags: ["b"] }]);
    expect(await target.report()).toMatchObject({ waitingCount: 0, aheadMs: 0 });
  });

  it("finds all purges that are ahead at once, but none before its acceptance", async () => {
    const world = new OutwardWorld(store);
    const target = await world.opened(listTarget());
    world.clock.advance(3_600);
    for (let nth = 0; nth < 150; nth += 1) await world.purge({ tags: [`tag:${nth}`] });
    world.clock.advance(-3_600);
    const { journal } = world.ports;
    const slow: typeof journal.newestFirst = async (count) => {
      world.clock.advance(5);
      await world.purge({ tags: ["tag:late"] });
      return journal.newestFirst(count);
    };
    const limits = { callsMax: 8, isForced: false };
    const slowJournal = Object.assign(Object.create(journal) as typeof journal, {
      newestFirst: slow,
      after: journal.after.bind(journal),
    });
    await target.open.deliver({ ...world.ports, journal: slowJournal }, limits);
    world.clock.advance(dueAfterMs / 1_000 - 1);
    await target.deliver();
    expect(world.bodies).toEqual([]);
    world.clock.advance(1);
    await target.deliver();
    expect(JSON.stringify(world.bodies)).toContain('"late"');
  });

  it("purges everything ordered by `skip` if its date is ahead", async () => {
    const world = new OutwardWorld(store);
    const target = await world.opened(listTarget());
    world.clock.advance(3_600);
    await world.purge({ tags: ["tag:a"] });
    world.clock.advance(-3_600);
    await target.open.skip(world.ports);
    await target.deliver();
    await target.deliverDue();
    expect(world.bodies).toMatchObject([{ everything: true }]);
  });

  it.each([1, -1])("compares the clock of an isolate, %i h ahead, with no other", async (hours) => {
    const world = new OutwardWorld(store);
    const target = await world.opened(listTarget());
    await world.purge({ tags: ["tag:a"] });
    const nowAtMs = () => world.clock.nowAtMs() + hours * 3_600_000;
    const limits = { callsMax: 8, isForced: false };
    const ports = { ...world.ports, nowAtMs };
    await target.open.deliver(ports, limits);
    expect(world.asked).toEqual([]);
    world.clock.advance(5);
    const waitingSinceAtMs = nowAtMs() - 5_000;
    expect(await target.open.report(ports)).toMatchObject({ waitingSinceAtMs, aheadMs: 0 });
    world.clock.advance(dueAfterMs / 1_000 - 5);
    await target.open.deliver(ports, limits);
    expect(world.bodies).toMatchObject([{ tags: ["a"] }]);
  });

  it("purges everything if its cursor is beyond the journal's end", async () => {
    const world = new OutwardWorld(store);
    const target = await world.opened(listTarget());
    const last = await world.purge({ tags: ["tag:a"] });
    await target.deliverDue();
    world.store.lose(last);
    await target.deliver();
    await target.deliverDue();
    expect(world.counted).toContain("edge everything: journal-lost");
  });

  it("combines purges, and sends each mode by itself", async () => {
    const world = new OutwardWorld(store);
    const target = await world.opened(listTarget());
    await world.purge({ tags: ["tag:a"] });
    await world.purge({ tags: ["tag:b"] }, { mode: "soft" });
    await world.purge({ tags: ["tag:a", "url:https://a.example/"] });
    await target.deliverDue();
    expect(world.bodies).toMatchObject([
      { mode: "hard", tags: ["a"], urls: ["https://a.example/"] },
      { mode: "soft", tags: ["b"] },
    ]);
  });

  it("sends soft purges as hard ones to a target that has no soft purges", async () => {
    const world = new OutwardWorld(store);
    const target = await world.opened(listTarget({ api: { softens: false } }));
    await world.purge({ tags: ["tag:b"] }, { mode: "soft" });
    await target.deliverDue();
    expect(world.bodies).toMatchObject([{ mode: "hard", tags: ["b"] }]);
  });

  it("passes over posts of the switch without a request", async () => {
    const world = new OutwardWorld(store);
    const target = await world.opened(listTarget());
    const position = await world.purge({}, { targets: nothing });
    await target.deliverDue();
    expect(world.asked).toEqual([]);
    expect(await target.report()).toMatchObject({ cursor: position, waitingCount: 0 });
  });

  it("moves the cursor only after the target has confirmed", async () => {
    const world = new OutwardWorld(store);
    const target = await world.opened(listTarget());
    await world.purge({ tags: ["tag:a"] });
    world.script = status(503);
    expect(await target.deliverDue()).toBe("failed");
    const before = await target.report();
    expect(before).toMatchObject({
      waitingCount: 1,
      failures: { count: 1, outcome: "unavailable", status: 503 },
    });
    expect(await target.deliver()).toBe("later");
    expect(world.asked).toHaveLength(1);
    world.script = status(200);
    expect(await target.deliver(true)).toBe("idle");
    expect(world.bodies[1]).toMatchObject({ tags: ["a"] });
    expect(await target.report()).toMatchObject({ waitingCount: 0, failures: undefined });
    expect(world.lines.map(({ state }) => state)).toEqual(["began", "ended"]);
  });

  it("repeats all requests of a batch if one failed", async () => {
    const world = new OutwardWorld(store);
    const target = await world.opened(listTarget());
    await world.purge({ tags: ["tag:a"] });
    await world.purge({ tags: ["tag:b"] }, { mode: "soft" });
    world.script = ({ body }) => new Response("", { status: body.includes("soft") ? 500 : 200 });
    await target.deliverDue();
    world.script = status(200);
    await target.deliver(true);
    expect(world.asked).toHaveLength(4);
    expect(await target.report()).toMatchObject({ waitingCount: 0 });
  });
});

it("reads only the beginning of an answer", async () => {
  const world = new OutwardWorld();
  const reading = {
    readAnswer: async (_: number, text: () => Promise<string>) => void (await text()),
  };
  const target = await world.opened(listTarget({ api: reading }));
  await world.purge({ tags: ["tag:a"] });
  let chunkCount = 0;
  const endless = new ReadableStream({
    pull: (controller) => {
      chunkCount += 1;
      controller.enqueue(new Uint8Array(4_096));
    },
  });
  world.script = () => new Response(endless);
  expect(await target.deliverDue()).toBe("idle");
  expect(chunkCount).toBeGreaterThan(2);
  expect(chunkCount).toBeLessThan(20);
});

describe("an answer whose body never ends", () => {
  afterEach(() => void vi.useRealTimers());

  it("confirms a purge by its status alone, and its body is cancelled", async () => {
    const world = new OutwardWorld();
    const target = await world.opened(listTarget());
    await world.purge({ tags: ["tag:a"] });
    const cancel = vi.fn<() => void>();
    world.script = () => new Response(new ReadableStream({ cancel }));
    expect(await target.deliverDue()).toBe("idle");
    expect(world.counted).toEqual(["edge delivered"]);
    expect(cancel).toHaveBeenCalledOnce();
  });

  it.each([
    { code: 200, failures: { outcome: "timed-out", status: 200 } },
    { code: 401, failures: { outcome: "unauthorized", status: 401 } },
    { code: 503, failures: { outcome: "unavailable", status: 503 } },
  ])("from a target that reads bodies fails by its status, if that is $code", async (row) => {
    const world = new OutwardWorld();
    const begun = Promise.withResolvers<void>();
    const target = await world.opened(
      listTarget({
        api: {
          readAnswer: async (_, text) => {
            begun.resolve();
            return (await text()) === "" ? "refused" : undefined;
          },
        },
      }),
    );
    await world.purge({ tags: ["tag:a"] });
    world.script = () => new Response(new ReadableStream(), { status: row.code });
    vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout"] });
    const delivering = target.deliverDue();
    await begun.promise;
    await vi.advanceTimersByTimeAsync(8_000);
    expect(await delivering).toBe("failed");
    expect(await target.report()).toMatchObject({ failures: row.failures });
  });
});

describe("after a failure", () => {
  it.each([
    {
      id: "429 with Retry-After",
      script: status(429, { "retry-after": "120" }),
      outcome: "rate-limited",
      pauseSeconds: 120,
    },
    { id: "429 without it", script: status(429), outcome: "rate-limited", pauseSeconds: 1.5 },
    { id: "500", script: status(500), outcome: "unavailable", pauseSeconds: 1.5 },
    { id: "401", script: status(401), outcome: "unauthorized", pauseSeconds: 900 },
    { id: "403", script: status(403), outcome: "unauthorized", pauseSeconds: 900 },
    { id: "400", script: status(400), outcome: "refused", pauseSeconds: 1.5 },
    {
      id: "a redirect",
      script: status(302, { location: "/login" }),
      outcome: "refused",
      pauseSeconds: 1.5,
    },
    {
      id: "no connection",
      script: () => Promise.reject(new TypeError("s3cret")),
      outcome: "unavailable",
      pauseSeconds: 1.5,
    },
  ])("$id: waits $pauseSeconds s", async ({ script, outcome, pauseSeconds }) => {
    const world = new OutwardWorld();
    const target = await world.opened(listTarget());
    await world.purge({ tags: ["tag:a"] });
    world.script = script;
    expect(await target.deliverDue()).toBe("failed");
    const { failures } = await target.report();
    expect(failures).toMatchObject({ outcome, count: 1 });
    expect((failures?.nextTryAtMs ?? 0) - world.clock.atMs).toBe(pauseSeconds * 1_000);
    expect(world.counted).toContain(`edge ${outcome}`);
    expect(JSON.stringify(world.lines)).not.toContain("s3cret");
    world.script = status(200);
    world.clock.advance(pauseSeconds);
    expect(await target.deliver()).toBe("idle");
  });

  it("doubles the pause, up to 15 minutes", async () => {
    const world = new OutwardWorld();
    const target = await world.opened(listTarget());
    await world.purge({ tags: ["tag:a"] });
    world.script = status(503);
    await target.deliverDue();
    const pauses: number[] = [];
    for (let nth = 0; nth < 12; nth += 1) {
      const { failures } = await target.report();
      const pauseMs = (failures?.nextTryAtMs ?? 0) - world.clock.atMs;
      pauses.push(pauseMs / 1_000);
      world.clock.advance(pauseMs / 1_000);
      await target.deliver();
    }
    expect(pauses).toEqual([1.5, 3, 6, 12, 24, 48, 96, 192, 384, 675, 675, 675]);
  });

  it("purges everything if the target has refused narrower purges three times", async () => {
    const world = new OutwardWorld();
    const target = await world.opened(listTarget());
    await world.purge({ tags: ["tag:a"] });
    world.script = ({ body }) =>
      new Response("", { status: body.includes('"everything":true') ? 200 : 400 });
    await target.deliverDue();
    for (let nth = 0; nth < 3; nth += 1) await target.deliver(true);
    expect(world.asked).toHaveLength(4);
    expect(world.bodies[3]).toMatchObject({ everything: true });
    expect(world.counted.at(-1)).toBe("edge everything: refused");
    expect(await target.report()).toMatchObject({ waitingCount: 0, failures: undefined });
  });
});

it("purges nothing more if a target refuses for the first time after many other failures", async () => {
  const world = new OutwardWorld();
  const target = await world.opened(listTarget());
  await world.purge({ tags: ["tag:a"] });
  world.script = status(503);
  await target.deliverDue();
  for (let nth = 0; nth < 5; nth += 1) await target.deliver(true);
  world.script = status(400);
  await target.deliver(true);
  world.script = status(200);
  await target.deliver(true);
  expect(world.bodies.at(-1)).toMatchObject({ everything: false, tags: ["a"] });
});

describe("two isolates", () => {
  it("do not deliver the same batch: one finds the lock", async () => {
    const world = new OutwardWorld();
    const target = await world.opened(listTarget());
    await world.purge({ tags: ["tag:a"] });
    const held = Promise.withResolvers<Response>();
    world.script = () => held.promise;
    const first = target.deliverDue();
    while (world.asked.length === 0) await new Promise((resolve) => setImmediate(resolve));
    expect(await target.deliver()).toBe("busy");
    held.resolve(new Response("ok"));
    expect(await first).toBe("idle");
    expect(world.asked).toHaveLength(1);
  });

  it("repeat a batch whose isolate has ended, after its lock", async () => {
    const world = new OutwardWorld();
    const target = await world.opened(listTarget());
    await world.purge({ tags: ["tag:a"] });
    world.script = () => new Promise<Response>(() => undefined);
    void target.deliverDue();
    while (world.asked.length === 0) await new Promise((resolve) => setImmediate(resolve));
    world.script = status(200);
    expect(await target.deliver()).toBe("busy");
    world.clock.advance(45);
    expect(await target.deliver()).toBe("idle");
    expect(world.asked).toHaveLength(2);
  });
});

describe("a delivery", () => {
  /** Lets a delivery wait for the target's answer. */
  async function waiting() {
    const world = new OutwardWorld();
    const target = await world.opened(listTarget());
    await world.purge({ tags: ["tag:a"] });
    const answer = Promise.withResolvers<Response>();
    world.script = () => answer.promise;
    const delivering = target.deliverDue();
    while (world.asked.length === 0) await new Promise((resolve) => setImmediate(resolve));
    return { world, target, answer, delivering };
  }

  it("moves no cursor after another isolate has taken its lock", async () => {
    const { world, target, answer, delivering } = await waiting();
    world.clock.advance(45);
    await world.purge({ tags: ["tag:b"] });
    world.script = () => new Promise<Response>(() => undefined);
    void target.deliverDue();
    while (world.asked.length < 2) await new Promise((resolve) => setImmediate(resolve));
    answer.resolve(new Response("ok"));
    expect(await delivering).toBe("busy");
    expect(await target.report()).toMatchObject({ waitingCount: 2 });
    expect(await target.deliver()).toBe("busy");
  });

  it("keeps what an operator has ordered meanwhile", async () => {
    const { world, target, answer, delivering } = await waiting();
    await target.open.skip(world.ports);
    world.script = status(200);
    answer.resolve(new Response("ok"));
    expect(await delivering).toBe("idle");
    expect(world.bodies).toMatchObject([{ tags: ["a"] }, { everything: true }]);
  });
});

describe("a target without a usable cursor", () => {
  it("begins 20 minutes back if it is new, because a new cron trigger starts late", async () => {
    const world = new OutwardWorld();
    await world.purge({ tags: ["tag:older"] });
    world.clock.advance(400);
    await world.purge({ tags: ["tag:newer"] });
    world.clock.advance(1_100);
    const open = listTarget().open("edge", { OUTWARD_SECRET_EDGE: "kq7RwZ2mVx9TtB4nLc8Y" });
    await open.deliver(world.ports, { callsMax: 8, isForced: false });
    expect(world.bodies).toMatchObject([{ tags: ["newer"] }]);
  });

  it("begins with a purge of everything if the journal is younger", async () => {
    const world = new OutwardWorld();
    await world.purge({ tags: ["tag:a"] });
    const open = listTarget().open("edge", { OUTWARD_SECRET_EDGE: "kq7RwZ2mVx9TtB4nLc8Y" });
    expect(await open.deliver(world.ports, { callsMax: 8, isForced: false })).toBe("idle");
    expect(world.asked).toEqual([]);
    world.clock.advance(dueAfterMs / 1_000);
    await open.deliver(world.ports, { callsMax: 8, isForced: false });
    expect(world.bodies).toMatchObject([{ everything: true }]);
    expect(world.counted).toEqual(["edge delivered", "edge everything: new"]);
  });

  it.each(stores)("purges everything if %s has lost the entry at the cursor", async (store) => {
    const world = new OutwardWorld(store);
    const target = await world.opened(listTarget());
    const position = await world.purge({ tags: ["tag:a"] });
    await target.deliverDue();
    world.store.lose(position);
    await world.purge({ tags: ["tag:b"] });
    expect(await target.deliver()).toBe("idle");
    await target.deliverDue();
    expect(world.bodies[0]).toMatchObject({ tags: ["a"] });
    expect(world.bodies[1]).toMatchObject({ everything: true });
    expect(world.asked).toHaveLength(2);
    expect(world.counted.at(-1)).toBe("edge everything: journal-lost");
    expect(world.lines).toMatchObject([
      { event: "outward", level: "warn", state: "reset", kind: "journal-lost" },
    ]);
    await world.purge({ tags: ["tag:c"] });
    await target.deliverDue();
    expect(world.bodies[2]).toMatchObject({ tags: ["c"] });
  });

  it("purges everything if its state is unreadable", async () => {
    const world = new OutwardWorld();
    const target = await world.opened(listTarget());
    const read = await world.store.subscribers.read(["edge"]);
    const version = read.kind === "read" ? (read.states[0]?.version ?? "") : "";
    await world.store.subscribers.replace("edge", version, '{"cursor":7}');
    await target.deliverDue();
    expect(world.bodies).toMatchObject([{ everything: true }]);
    expect(world.counted.at(-1)).toBe("edge everything: state-lost");
  });
});

it("a failing target is late since its first failure, also after the journal has lost the purge", async () => {
  const world = new OutwardWorld();
  const target = await world.opened(listTarget());
  world.script = status(503);
  const position = await world.purge({ tags: ["tag:a"] });
  await target.deliverDue();
  const failedAtMs = world.clock.atMs;
  const { cursor } = await target.report();
  world.store.lose(cursor ?? "");
  world.store.lose(position);
  world.clock.advance(3_600);
  await world.purge({ tags: ["tag:b"] });
  expect(await target.report()).toMatchObject({
    reset: "journal-lost",
    waitingSinceAtMs: failedAtMs,
  });
  await target.deliverDue();
  expect(await target.report()).toMatchObject({ waitingSinceAtMs: failedAtMs });
  world.script = status(200);
  await target.deliver(true);
  expect(await target.report()).toMatchObject({ waitingSinceAtMs: undefined });
});

describe("an order of the operator", () => {
  it("skip purges everything once, and drops the purges that wait", async () => {
    const world = new OutwardWorld();
    const target = await world.opened(listTarget());
    await world.purge({ tags: ["tag:a"] });
    world.script = status(401);
    await target.deliverDue();
    expect(await target.open.skip(world.ports)).toEqual({ kind: "done" });
    world.script = status(200);
    expect(await target.deliver()).toBe("idle");
    expect(world.bodies[1]).toMatchObject({ everything: true });
    expect(await target.report()).toMatchObject({ waitingCount: 0, reset: undefined });
    expect(world.counted.at(-1)).toBe("edge everything: skipped");
  });
});

it("a target is not concerned by posts of the switch, and by purges of data", () => {
  const { concerns } = listTarget().open("edge", {});
  const entry = (tags: string[]) => entryAt("1-0", { tags });
  expect(concerns([entry([]), entry(["url:tidemark-data:users/1"])])).toBe(false);
  expect(concerns([entry([]), entry(["tag:a"])])).toBe(true);
});

it("a target that also sends at once gets a purge before it is due, and again when it is", async () => {
  const world = new OutwardWorld();
  const target = await world.opened(listTarget({ alsoAtOnce: true }));
  expect(target.open.sendsAtOnce).toBe(true);
  await world.purge({ tags: ["tag:a"] });
  const entries = await world.store.journal.newestFirst(1);
  if ("kind" in entries) throw new Error("The journal is unavailable.");
  await target.open.sendNow(world.ports, entries);
  await target.deliverDue();
  expect(world.bodies).toMatchObject([{ tags: ["a"] }, { tags: ["a"] }]);
});

it("a target without its credential keeps the purges until it has one", async () => {
  const world = new OutwardWorld();
  await world.purge({ tags: ["tag:older"] });
  world.clock.advance(1_500);
  const limits = { callsMax: 8, isForced: false };
  expect(await listTarget().open("edge", {}).deliver(world.ports, limits)).toBe("failed");
  await world.purge({ tags: ["tag:a"] });
  world.clock.advance(86_400);
  const open = listTarget().open("edge", { OUTWARD_SECRET_EDGE: secret });
  await open.deliver(world.ports, limits);
  expect(world.bodies).toMatchObject([{ tags: ["a"] }]);
});

it("a target without its credential sends nothing, and names the variable", async () => {
  const world = new OutwardWorld();
  const open = listTarget().open("my-edge", {});
  expect(open.faults).toMatchObject([{ why: "OUTWARD_SECRET_MY_EDGE is not set." }]);
  expect(await open.deliver(world.ports, { callsMax: 8, isForced: true })).toBe("failed");
  expect(world.asked).toEqual([]);
});
