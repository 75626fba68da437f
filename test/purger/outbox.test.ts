// The outbox: nothing lost in a crash, order kept, nobody blocked, no busy loop.
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { createOutbox, type OutboxReport, type OutboxStore } from "../../src/purger/outbox.ts";
import { accepted, answered, cut, memoryStore, said, scripted } from "./fakes.ts";

type Answers = Parameters<typeof scripted>[0];

function open(
  answers: Answers,
  instead: (store: OutboxStore) => Partial<OutboxStore> = () => ({}),
) {
  const world = scripted(answers);
  const { rows, store } = memoryStore();
  const reports: OutboxReport[] = [];
  const start = () =>
    createOutbox({
      store: { ...store, ...instead(store) },
      purger: world.purger,
      nowAtMs: world.clock.nowAtMs,
      report: (report) => reports.push(report),
      backOff: { random: () => 1 },
    });
  const tags = () =>
    world.tries.map(({ body }) => (JSON.parse(body) as { tags: string[] }).tags[0]);
  return { ...world, rows, store, reports, start, tags };
}

describe("a crash", () => {
  it("between enqueue and delivery loses nothing", async () => {
    const { start, tries, rows } = open([accepted]);
    start().enqueue({ tags: ["a"] });
    expect(tries).toHaveLength(0);
    expect(await start().deliver()).toEqual({ delivered: 1, failed: 0, refused: 0 });
    expect(tries[0]?.headers.get("webhook-id")).toBe(rows[0]?.id);
    expect(tries[0]?.body).toBe(rows[0]?.body);
  });

  it("between acceptance and its note sends the same message once more", async () => {
    let isCrashing = true;
    const { start, tries, rows } = open([accepted], (store) => ({
      delivered(id, acceptance) {
        if (isCrashing) throw new Error("killed");
        return store.delivered(id, acceptance);
      },
    }));
    const first = start();
    first.enqueue({ tags: ["a"] });
    await expect(first.deliver()).rejects.toThrow("killed");
    isCrashing = false;
    const again = start();
    expect(await again.deliver()).toMatchObject({ delivered: 1 });
    expect(await again.deliver()).toMatchObject({ delivered: 0 });
    expect(new Set(tries.map(({ headers }) => headers.get("webhook-id"))).size).toBe(1);
    expect(new Set(tries.map(({ body }) => body)).size).toBe(1);
    expect(rows.map(({ state }) => state)).toEqual(["delivered"]);
  });

  it("or a rollback takes the message with its change: nothing else was kept", async () => {
    const { start, tries, rows } = open([accepted]);
    const outbox = start();
    outbox.enqueue({ tags: ["a"] });
    rows.length = 0;
    await outbox.deliver();
    expect(tries).toHaveLength(0);
  });
});

// Messages share a target, so that their order is kept.
describe("a round", () => {
  it("sends everything due, of one target in the order of enqueueing, more than one batch", async () => {
    const { start, tags } = open([accepted]);
    const outbox = start();
    const wanted = Array.from({ length: 120 }, (_, at) => `tag-${at}`);
    for (const tag of wanted) outbox.enqueue({ tags: [tag, "all"] });
    expect(await outbox.deliver()).toEqual({ delivered: 120, failed: 0, refused: 0 });
    expect(tags()).toEqual(wanted);
  });

  it.each([302, 400, 401, 403, 404, 405, 421])(
    "keeps a message waiting while somebody else answers, or to a wrong secret: %i",
    async (status) => {
      const { start, rows, reports } = open([answered(status), accepted]);
      const outbox = start();
      outbox.enqueue({ tags: ["a"] });
      expect(await outbox.deliver()).toEqual({ delivered: 0, failed: 1, refused: 0 });
      expect([rows[0]?.state, reports[0]?.kind]).toEqual(["waiting", "waits"]);
    },
  );

  it("keeps a refused message aside with its reason, reports it, sends the others", async () => {
    const { start, tags, rows, reports } = open([accepted, said(400, "malformed"), accepted]);
    const outbox = start();
    for (const tag of ["a", "poison", "c"]) outbox.enqueue({ tags: [tag, "all"] });
    expect(await outbox.deliver()).toEqual({ delivered: 2, failed: 0, refused: 1 });
    const why = "Nothing was purged. Why malformed. Mend malformed.";
    expect(rows.map(({ state }) => state)).toEqual(["delivered", "refused", "delivered"]);
    expect(rows[1]?.why).toBe(why);
    expect(reports).toEqual([{ kind: "refused", id: rows[1]?.id, why }]);
    await outbox.deliver();
    expect(tags()).toEqual(["a", "poison", "c"]);
  });

  it("tries each message once, and again only when its own wait is over", async () => {
    const { start, tags, rows, clock } = open([accepted, cut, accepted, cut, accepted]);
    const outbox = start();
    for (const tag of ["a", "b", "c"]) outbox.enqueue({ tags: [tag, "all"] });
    expect(await outbox.deliver()).toEqual({ delivered: 2, failed: 1, refused: 0 });
    expect(rows[1]).toMatchObject({ failedTries: 1, nextTryAtMs: clock.atMs + 500 });
    clock.atMs += 499;
    expect(await outbox.deliver()).toMatchObject({ delivered: 0, failed: 0 });
    clock.atMs += 1;
    expect(await outbox.deliver()).toMatchObject({ failed: 1 });
    expect(rows[1]).toMatchObject({ failedTries: 2, nextTryAtMs: clock.atMs + 1_000 });
    clock.atMs += 1_000;
    expect(await outbox.deliver()).toMatchObject({ delivered: 1 });
    expect(tags()).toEqual(["a", "b", "c", "b", "b"]);
  });

  it("waits as long as the answer asks, and never over a minute on its own account", async () => {
    const { start, rows, clock } = open([answered(429, { "retry-after": "90" }), cut]);
    const outbox = start();
    outbox.enqueue({ tags: ["a"] });
    await outbox.deliver();
    expect(rows[0]?.nextTryAtMs).toBe(clock.atMs + 90_000);
    for (let tries = 2; tries <= 20; tries += 1) {
      clock.atMs = rows[0]?.nextTryAtMs ?? 0;
      await outbox.deliver();
    }
    expect(rows[0]).toMatchObject({ failedTries: 20, nextTryAtMs: clock.atMs + 60_000 });
  });

  it("is one, however often it is asked for at the same time", async () => {
    const { start, tries } = open([accepted]);
    const outbox = start();
    outbox.enqueue({ tags: ["a"] });
    await Promise.all([outbox.deliver(), outbox.deliver(), outbox.deliver()]);
    expect(tries).toHaveLength(1);
  });

  it("ends over a store that never notes anything", async () => {
    const { start, tries } = open([accepted], () => ({ delivered: () => undefined }));
    const outbox = start();
    outbox.enqueue({ tags: ["a"] });
    expect(await outbox.deliver()).toMatchObject({ delivered: 1 });
    expect(tries).toHaveLength(1);
  });
});

describe("enqueueing", () => {
  it("gives what the store gives, and needs no waiting when that needs none", async () => {
    const { purger } = scripted([accepted]);
    const { store } = memoryStore();
    const numbered = createOutbox({ store: { ...store, add: () => 7 }, purger });
    expect(numbered.enqueue({ tags: ["a"] })).toBe(7);
    const later = createOutbox({ store: { ...store, add: async () => "kept" }, purger });
    expect(await later.enqueue({ tags: ["a"] })).toBe("kept");
  });

  it("throws what the store throws, and for an order that names nothing, adds nothing", () => {
    const { start, rows } = open([accepted], () => ({
      add() {
        throw new Error("disk full");
      },
    }));
    expect(() => start().enqueue({ tags: ["a"] })).toThrow("disk full");
    expect(() => start().enqueue({ tags: [] })).toThrow("names nothing");
    expect(rows).toEqual([]);
  });
});

describe("the loop", () => {
  beforeEach(() => {
    vi.useFakeTimers();
  });
  afterEach(() => {
    vi.useRealTimers();
  });
  /** Signing takes real turns of the event loop, which fake timers do not make. */
  const until = (holds: () => boolean) =>
    vi.waitFor(() => expect(holds()).toBe(true), { interval: 1 });

  it("delivers what stood there before it began", async () => {
    const { start, rows, tries } = open([accepted]);
    start().enqueue({ tags: ["a"] });
    const outbox = start();
    outbox.run();
    outbox.run();
    await until(() => rows[0]?.state === "delivered");
    await outbox.stop();
    expect(tries).toHaveLength(1);
  });

  it("wakes on enqueue, after the transaction, without waiting for its next look", async () => {
    const looks = vi.fn<() => void>();
    const { start, rows, tries } = open([accepted], (store) => ({
      due(atMs, limit) {
        looks();
        return store.due(atMs, limit);
      },
    }));
    const outbox = start();
    outbox.run();
    await vi.advanceTimersByTimeAsync(10);
    expect(looks).toHaveBeenCalledTimes(1);
    outbox.enqueue({ tags: ["a"] });
    expect(looks).toHaveBeenCalledTimes(1);
    await vi.advanceTimersByTimeAsync(0);
    expect(looks.mock.calls.length).toBeGreaterThan(1);
    await until(() => rows[0]?.state === "delivered");
    expect(tries).toHaveLength(1);
    await outbox.stop();
  });

  it("looks once a second when nothing happens, also while the store fails", async () => {
    let looks = 0;
    const { start, reports } = open([accepted], () => ({
      due() {
        looks += 1;
        throw new Error("locked");
      },
    }));
    const outbox = start();
    outbox.run();
    await vi.advanceTimersByTimeAsync(10_500);
    expect(looks).toBe(11);
    expect(reports).toHaveLength(11);
    expect(reports[0]).toMatchObject({ kind: "store-failed", cause: { message: "locked" } });
    await outbox.stop();
    await vi.advanceTimersByTimeAsync(10_000);
    expect(looks).toBe(11);
    expect(vi.getTimerCount()).toBe(0);
  });

  it("cuts off a try when it stops, and leaves its message due", async () => {
    const hanging = ({ signal }: RequestInit) =>
      new Promise<Response>((_, reject) => {
        signal?.addEventListener("abort", () => reject(signal.reason as Error));
      });
    const { start, rows, tries, reports } = open([hanging]);
    const outbox = start();
    outbox.enqueue({ tags: ["a"] });
    outbox.run();
    await until(() => tries.length === 1);
    await outbox.stop();
    expect(rows[0]).toMatchObject({ state: "waiting", failedTries: 0 });
    expect(reports).toEqual([]);
  });

  it("runs again after a stop", async () => {
    const { start, rows, tries } = open([accepted]);
    const outbox = start();
    outbox.run();
    await outbox.stop();
    await outbox.stop();
    outbox.enqueue({ tags: ["a"] });
    outbox.run();
    await until(() => rows[0]?.state === "delivered");
    await outbox.stop();
    expect(tries).toHaveLength(1);
  });
});
