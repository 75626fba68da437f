// Tests positions of purges: when they are valid, and what an isolate does to reach their entry.
import { describe, expect, it, vi } from "vitest";
import { NameSecret } from "../../../src/cache/record/record-key.ts";
import { Positions } from "../../../src/purge/view/positions.ts";
import type { Reach } from "../../../src/purge/view/view-port.ts";
import { FakeClock } from "../../../testing/fakes/fake-clock.ts";
import { Isolate, newEntry, warmIsolate } from "../../../testing/examples/purges.ts";

const seed = "a text that no client knows";
const place = { position: "1795165507845-0", n: "abc.7.def" };

/** @param source the seed, or how to read it */
function open(source: ConstructorParameters<typeof NameSecret>[1] = seed, namespace = "site") {
  const clock = new FakeClock();
  const reaches = vi.fn<(of: typeof place) => Promise<Reach>>(async () => "lacks");
  const secret = new NameSecret(namespace, source);
  const positions = new Positions({ secret, view: { reaches }, nowAtMs: clock.nowAtMs });
  const asks = (sent: string) =>
    positions.reachOf(sent, { atMs: clock.atMs, afterAnswer: () => undefined });
  const visibleByAtMs = clock.atMs + 10_000;
  const sealed = async () => (await positions.sealed({ ...place, visibleByAtMs })) ?? "";
  return { clock, reaches, positions, asks, sealed };
}

describe("a position", () => {
  it("is valid up to the end of N, in each isolate of the site", async () => {
    const sent = await open().sealed();
    const { clock, reaches, asks } = open();
    clock.advance(9.999);
    expect(await asks(sent)).toBe("lacks");
    expect(reaches.mock.lastCall?.[0]).toEqual(place);
    clock.advance(0.001);
    expect([await asks(sent), reaches.mock.calls.length]).toEqual([undefined, 1]);
  });

  it.each([
    { id: "seed", other: () => open("another text") },
    { id: "namespace", other: () => open(seed, "other") },
  ])("is not valid under another $id", async ({ other }) => {
    const { asks, reaches } = other();
    expect([await asks(await open().sealed()), reaches.mock.calls.length]).toEqual([undefined, 0]);
  });

  it("shows neither the entry, nor by its length the number of purges", async () => {
    const { positions, sealed } = open();
    const sent = await sealed();
    const many = { position: "1795165507845-12", n: "abc.7654321.def", visibleByAtMs: 0 };
    expect((await positions.sealed(many))?.length).toBe(sent.length);
    expect(Buffer.from(sent, "base64url").toString("latin1")).not.toMatch(/1795165507845|abc/);
    expect(await sealed()).not.toBe(sent);
  });

  it("is not made, and changes nothing, while the seed cannot be read; two reads are enough", async () => {
    const read = vi.fn<() => Promise<string | undefined>>(async () => undefined);
    const { positions, asks, reaches } = open(read);
    expect(await positions.sealed({ ...place, visibleByAtMs: 1 })).toBeUndefined();
    read.mockClear();
    const sent = await open().sealed();
    const all = Array.from({ length: 100 }, () => asks(sent));
    expect(new Set(await Promise.all(all))).toEqual(new Set([undefined]));
    expect([read.mock.calls.length, reaches.mock.calls.length]).toEqual([2, 0]);
  });
});

describe("a view that is to reach an entry", () => {
  const write = ({ journal }: Isolate) => ({
    position: journal.write(newEntry({ n: "red", tags: ["tag:red"] })),
    n: "red",
  });

  it("reads nothing if it contains the entry", async () => {
    const isolate = await warmIsolate();
    const entry = write(isolate);
    await isolate.renew();
    isolate.journal.asked.length = 0;
    expect(await isolate.view.reaches(entry, isolate.requester)).toBe("reached");
    expect(isolate.journal.asked).toEqual([]);
  });

  it("reads the journal once, and then once on its primary, for all requests", async () => {
    const isolate = await warmIsolate();
    isolate.journal.replicaLagMs = 3_000;
    const entry = write(isolate);
    const all = Array.from({ length: 100 }, () => isolate.view.reaches(entry, isolate.requester));
    expect(new Set(await Promise.all(all))).toEqual(new Set(["reached"]));
    const { asked } = isolate.journal;
    expect(asked.filter((name) => name === "since")).toHaveLength(1);
    expect(asked.filter((name) => name === "sinceOnPrimary").length).toBeLessThanOrEqual(2);
  });

  it("reads on the primary if the renewal in progress began before the entry", async () => {
    const isolate = await warmIsolate();
    const { promise, resolve } = Promise.withResolvers<void>();
    isolate.journal.beforeAnswer = () => promise;
    isolate.clock.advance(6);
    isolate.view.renewIfDue(isolate.requester);
    const entry = write(isolate);
    const reached = isolate.view.reaches(entry, isolate.requester);
    resolve();
    expect(await reached).toBe("reached");
  });

  it("gives up on an entry that the journal lost, and on a journal that is slow or has an open breaker", async () => {
    const lost = await warmIsolate();
    const entry = { position: "1-0", n: "lost" };
    expect(await lost.view.reaches(entry, lost.requester)).toBe("lacks");
    lost.journal.asked.length = 0;
    expect(await lost.view.reaches(entry, lost.requester)).toBe("lacks");
    expect(lost.journal.asked).toEqual([]);
    const slow = new Isolate({ timeoutMs: 20 });
    slow.journal.beforeAnswer = () => new Promise<never>(() => undefined);
    expect(await slow.view.reaches(entry, slow.requester)).toBe("lacks");
    lost.isBreakerOpen = true;
    lost.journal.beforeAnswer = () => new Promise<never>(() => undefined);
    expect(await lost.view.reaches(entry, lost.requester)).toBe("lacks");
  });
});
