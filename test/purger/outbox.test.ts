// Tests the outbox, which stores purges in the application's database and delivers them later. A
// crash loses no message, a round keeps the order, and the loop polls once a second.
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { createOutbox, type OutboxReport, type OutboxStore } from "../../src/purger/outbox.ts";
import { accepted, answered, cut, memoryStore, said, scripted } from "./fakes.ts";

type Answers = Parameters<typeof scripted>[0];

function open(
  answers: Answers = [accepted],
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
  return { ...world, rows, reports, start, outbox: start(), tags };
}

describe("the outbox after a crash", () => {
  it("sends a message that was enqueued but not delivered", async () => {
    const { start, outbox, tries, rows } = open();
    outbox.enqueue({ tags: ["a"] });
    expect(tries).toHaveLength(0);
    expect(await start().deliver()).toEqual({ delivered: 1, failed: 0, refused: 0 });
    expect(tries[0]?.headers.get("webhook-id")).toBe(rows[0]?.id);
    expect(tries[0]?.body).toBe(rows[0]?.body);
  });

  it("sends a row of a JSON column, which is an object, as its JSON", async () => {
    const { outbox, tries } = open([accepted], (store) => ({
      async due(atMs, limit) {
        const rows = await store.due(atMs, limit);
        return rows.map(({ id, body, failedTries }) => {
          return { id, failedTries, body: JSON.parse(body) as string };
        });
      },
    }));
    outbox.enqueue({ tags: ["a"] });
    await outbox.deliver();
    expect(tries.map(({ body }) => JSON.parse(body) as unknown)).toEqual([
      expect.objectContaining({ tags: ["a"] }),
    ]);
  });

  it("sends a message again whose acceptance was not recorded, with the same id", async () => {
    let isCrashing = true;
    const { start, outbox, tries, rows } = open([accepted], (store) => ({
      delivered(id, acceptance) {
        if (isCrashing) throw new Error("killed");
        return store.delivered(id, acceptance);
      },
    }));
    outbox.enqueue({ tags: ["a"] });
    await expect(outbox.deliver()).rejects.toThrow("killed");
    isCrashing = false;
    const again = start();
    expect(await again.deliver()).toMatchObject({ delivered: 1 });
    expect(await again.deliver()).toMatchObject({ delivered: 0 });
    expect(tries).toHaveLength(2);
    expect(new Set(tries.map(({ headers }) => headers.get("webhook-id"))).size).toBe(1);
    expect(new Set(tries.map(({ body }) => body)).size).toBe(1);
    expect(rows.map(({ state }) => state)).toEqual(["delivered"]);
  });

  it("sends nothing for a message that was removed by a rollback", async () => {
    const { outbox, tries, rows } = open();
    outbox.enqueue({ tags: ["a"] });
    rows.length = 0;
    await outbox.deliver();
    expect(tries).toHaveLength(0);
  });
});

// The messages share a target, so the outbox keeps their order.
describe("a round of deliveries", () => {
  it("sends more messages than one batch, in the order of enqueueing", async () => {
    const { outbox, tags } = open();
    const wanted = Array.from({ length: 1_200 }, (_, at) => `tag-${at}`);
    for (const tag of wanted) outbox.enqueue({ tags: [tag, "all"] });
    expect(await outbox.deliver()).toEqual({ delivered: 1_200, failed: 0, refused: 0 });
    expect(tags()).toEqual(wanted);
  });

  it.each([302, 400, 401, 403, 404, 405, 421])(
    "keeps a message waiting after %i, which another server or a wrong secret causes",
    async (status) => {
      const { outbox, rows, reports } = open([answered(status), accepted]);
      outbox.enqueue({ tags: ["a"] });
      expect(await outbox.deliver()).toEqual({ delivered: 0, failed: 1, refused: 0 });
      expect([rows[0]?.state, reports[0]?.kind]).toEqual(["waiting", "waits"]);
    },
  );

  it("keeps a refused message with its reason, reports it, and sends the others", async () => {
    const { outbox, tags, rows, reports } = open([accepted, said(400, "malformed"), accepted]);
    for (const tag of ["a", "poison", "c"]) outbox.enqueue({ tags: [tag, "all"] });
    expect(await outbox.deliver()).toEqual({ delivered: 2, failed: 0, refused: 1 });
    const why = "Nothing was purged. Why malformed. Fix malformed.";
    expect(rows.map(({ state }) => state)).toEqual(["delivered", "refused", "delivered"]);
    expect(rows[1]?.why).toBe(why);
    expect(reports).toEqual([{ kind: "refused", id: rows[1]?.id, why }]);
    await outbox.deliver();
    expect(tags()).toEqual(["a", "poison", "c"]);
  });

  it("sends later messages of a target while a failed message waits for its retry", async () => {
    const { outbox, tags, rows, clock } = open([accepted, cut, accepted, cut, accepted]);
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

  it.each([
    { form: "text", of: String },
    { form: "a bigint", of: BigInt },
  ])("counts tries that the database returns as $form", async ({ of }) => {
    const { outbox, rows, clock } = open([cut], (store) => ({
      due: async (atMs, limit) =>
        (await store.due(atMs, limit)).map(({ failedTries, ...row }) =>
          Object.assign(row, { failedTries: of(failedTries) }),
        ),
    }));
    outbox.enqueue({ tags: ["a"] });
    for (const waitMs of [500, 1_000, 2_000]) {
      expect(await outbox.deliver()).toMatchObject({ failed: 1 });
      expect((rows[0]?.nextTryAtMs ?? 0) - clock.atMs).toBe(waitMs);
      clock.atMs += waitMs;
    }
  });

  it("waits for Retry-After, and otherwise at most a minute", async () => {
    const { outbox, rows, clock } = open([answered(429, { "retry-after": "90" }), cut]);
    outbox.enqueue({ tags: ["a"] });
    await outbox.deliver();
    expect(rows[0]?.nextTryAtMs).toBe(clock.atMs + 90_000);
    for (let tries = 2; tries <= 20; tries += 1) {
      clock.atMs = rows[0]?.nextTryAtMs ?? 0;
      await outbox.deliver();
    }
    expect(rows[0]).toMatchObject({ failedTries: 20, nextTryAtMs: clock.atMs + 60_000 });
  });

  it("ends if the store does not record the delivery", async () => {
    const { outbox, tries } = open([accepted], () => ({ delivered: () => undefined }));
    outbox.enqueue({ tags: ["a"] });
    expect(await outbox.deliver()).toMatchObject({ delivered: 1 });
    expect(tries).toHaveLength(1);
  });
});

describe("the outbox's method enqueue", () => {
  it("returns the result of the store, which may be a promise", async () => {
    const { purger } = scripted([accepted]);
    const { store } = memoryStore();
    const numbered = createOutbox({ store: { ...store, add: () => 7 }, purger });
    expect(numbered.enqueue({ tags: ["a"] })).toBe(7);
    const later = createOutbox({ store: { ...store, add: async () => "kept" }, purger });
    expect(await later.enqueue({ tags: ["a"] })).toBe("kept");
  });

  it("throws errors of the store, and throws for an order that names nothing", () => {
    const { outbox, rows } = open([accepted], () => ({
      add() {
        throw new Error("disk full");
      },
    }));
    expect(() => outbox.enqueue({ tags: ["a"] })).toThrow("disk full");
    expect(() => outbox.enqueue({ tags: [] })).toThrow("names nothing");
    expect(rows).toEqual([]);
  });
});

describe("the outbox's loop", () => {
  beforeEach(() => void vi.useFakeTimers());
  afterEach(() => void vi.useRealTimers());
  /** Waits in real time, because signing does. */
  const until = (holds: () => boolean) =>
    vi.waitFor(() => expect(holds()).toBe(true), { interval: 1, timeout: 60_000 });

  it("delivers messages that were enqueued before its start", async () => {
    const { start, outbox, rows, tries } = open();
    outbox.enqueue({ tags: ["a"] });
    const again = start();
    again.run();
    again.run();
    await until(() => rows[0]?.state === "delivered");
    await again.stop();
    expect(tries).toHaveLength(1);
  });

  it("polls soon after a message was enqueued, but not within the caller's transaction", async () => {
    const polls = vi.fn<() => void>();
    const { outbox, rows, tries } = open([accepted], (store) => ({
      due(atMs, limit) {
        polls();
        return store.due(atMs, limit);
      },
    }));
    outbox.run();
    await vi.advanceTimersByTimeAsync(10);
    expect(polls).toHaveBeenCalledTimes(1);
    outbox.enqueue({ tags: ["a"] });
    expect(polls).toHaveBeenCalledTimes(1);
    await vi.advanceTimersByTimeAsync(0);
    expect(polls.mock.calls.length).toBeGreaterThan(1);
    await until(() => rows[0]?.state === "delivered");
    expect(tries).toHaveLength(1);
    await outbox.stop();
  });

  it("polls once a second while the store fails, until it is stopped", async () => {
    let polls = 0;
    const { outbox, reports } = open([accepted], () => ({
      due() {
        polls += 1;
        throw new Error("locked");
      },
    }));
    outbox.run();
    await vi.advanceTimersByTimeAsync(10_500);
    expect(polls).toBe(11);
    expect(reports).toHaveLength(11);
    expect(reports[0]).toMatchObject({ kind: "store-failed", cause: { message: "locked" } });
    await outbox.stop();
    await vi.advanceTimersByTimeAsync(10_000);
    expect(polls).toBe(11);
    expect(vi.getTimerCount()).toBe(0);
  });
});
