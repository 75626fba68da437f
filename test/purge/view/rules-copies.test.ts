// Rule 14: which copies a view takes, its age afterwards, and which isolate publishes copies.
// view-copies.test.ts tests the form of a copy.
import { describe, expect, it } from "vitest";
import { asked, Colo, host, informed } from "./colo-copies.ts";
import { boundMs, entryAt, maxLagMs, newEntry } from "../../../testing/examples/purges.ts";
import { closedGate } from "../../../testing/fakes/origin-in-process.ts";
import { until } from "../../../testing/site/harness.ts";
import { playTimers } from "../../../testing/site/two-colos.ts";

playTimers();

const red = () => newEntry({ n: "red", tags: ["tag:red"] });

describe("rule 14: a copy", () => {
  it("is taken as a whole by a cold isolate, with the time of its read", async () => {
    const { colo, journal, clock, readAtMs } = await informed();
    clock.advance(3);
    const cold = colo.isolate();
    const stored = await cold.filled();
    expect([cold.view.tail.sentAtMs, cold.view.tail.chain?.end.n]).toEqual([readAtMs, "first"]);
    expect(journal.asked).toEqual([]);
    clock.advance(6);
    expect(cold.judge(stored)).toBe("usable");
    clock.advance(0.001);
    expect(cold.judge(stored)).toBe("unverified");
  });

  it("brings newer entries to an isolate whose last entry it contains", async () => {
    const { journal, clock, reader, other } = await informed();
    const stored = await other.filled();
    clock.advance(6);
    journal.write(red());
    await asked(reader);
    const readAtMs = clock.atMs;
    clock.advance(1);
    await asked(other);
    expect([other.judge(stored), other.view.tail.sentAtMs]).toEqual(["hard", readAtMs]);
    expect(journal.asked).toEqual(["since"]);
  });

  it("ends the separate application of a purge that the isolate has accepted", async () => {
    const { journal, clock, reader, other } = await informed();
    const stored = await other.filled();
    const purge = red();
    other.view.tail.apply([{ ...purge, position: journal.write(purge) }]);
    clock.advance(6);
    await asked(reader);
    await asked(other);
    expect([other.judge(stored), other.judge(await other.filled())]).toEqual(["hard", "usable"]);
    expect(other.view.tail.entries.length).toBe(2);
  });

  it.each([
    { id: "an older read", sentBehindMs: 1 },
    { id: "the same read", sentBehindMs: 0 },
  ])("does not make a view younger if it comes from $id", async ({ sentBehindMs }) => {
    const { colo, clock, other } = await informed();
    clock.advance(6);
    await asked(other);
    const { sentAtMs, chain } = other.view.tail;
    const copy = { entries: chain?.entries ?? [], sentAtMs: sentAtMs - sentBehindMs };
    await colo.copies().publish(host, copy);
    clock.advance(5);
    colo.journal.down = ["since"];
    await asked(other);
    expect(other.view.tail.sentAtMs).toBe(sentAtMs);
  });

  it.each([
    { id: "lacks the view's last entry", entries: ["2-0"], n: "2-0" },
    { id: "has another entry at that position", entries: ["here", "2-0"], n: "another" },
  ])("is not taken by a warm isolate if it $id", async ({ entries, n }) => {
    const { colo, journal, clock, first } = await informed();
    // This isolate renews its view so early that a copy would suffice.
    const eager = colo.isolate({ random: () => 0 });
    await eager.filled();
    clock.advance((0.4 * boundMs) / 1_000);
    const copied = entries.map((position) => ({
      ...newEntry({ n, tags: ["tag:red"] }),
      position: position === "here" ? first : position,
    }));
    await colo.copies().publish(host, { entries: copied, sentAtMs: clock.atMs });
    await asked(eager);
    expect([eager.view.tail.chain?.entries.length, journal.asked]).toEqual([1, ["since"]]);
  });

  it("makes the journal count as readable again after a failed read", async () => {
    const { journal, clock, reader, other } = await informed();
    const isUnreachable = () => other.view.isUnreachable({ atMs: clock.atMs, maxLagMs });
    journal.down = ["since"];
    clock.advance(10);
    await asked(other);
    const before = isUnreachable();
    journal.down = [];
    clock.advance(3);
    await asked(reader);
    clock.advance(1);
    await asked(other);
    expect([before, isUnreachable(), other.view.failedAtMs]).toEqual([true, false, undefined]);
  });

  it("is published by the isolate that read the journal, and by no other", async () => {
    const { colo, cache, clock, reader, other } = await informed();
    clock.advance(6);
    await asked(reader);
    const puts = cache.journalPuts;
    await asked(other);
    await colo.isolate().filled();
    expect([other.view.tail.sentAtMs, cache.journalPuts]).toEqual([clock.atMs, puts]);
  });

  it("is published after a loss, even if the view was read in the same millisecond", async () => {
    const { colo, journal, clock, reader } = await informed();
    journal.stream.loseNewest(1, clock.atMs);
    await reader.view.seek(reader.requester);
    await reader.settle();
    const cold = colo.isolate();
    await cold.filled();
    expect(journal.asked).toEqual(["since", "atPrimary", "appendMark"]);
    expect(cold.view.tail.chain?.end).toEqual(reader.view.tail.chain?.end);
  });

  it("counts for the time until a purge was read", async () => {
    const { journal, clock, reader, other } = await informed();
    clock.advance(6);
    journal.write(red());
    await asked(reader);
    clock.advance(1);
    await asked(other);
    expect(other.view.tail.lag).toEqual({ lastMs: 1_000, worstMs: 1_000, readAtMs: clock.atMs });
  });

  it("is not published after a failed read", async () => {
    const { cache, journal, clock, reader } = await informed();
    journal.down = ["since"];
    clock.advance(6);
    await asked(reader);
    // Only the claim was put.
    expect([cache.journalPuts, journal.asked]).toEqual([3, ["since"]]);
  });

  it("is not replaced by a read of unknown age, sent before the clock was set back", async () => {
    const colo = new Colo();
    const { journal, clock } = colo;
    journal.write(newEntry({ n: "first" }));
    const [early, late, cold] = [colo.isolate(), colo.isolate(), colo.isolate()];
    const gate = closedGate();
    journal.beforeAnswer = () => gate.opened;
    void early.view.renewIfDue(early.requester);
    await until(() => journal.asked.length === 1);
    clock.advance(-60);
    journal.replicaLagMs = -60_000;
    early.view.arrived(clock.atMs);
    journal.beforeAnswer = () => Promise.resolve();
    await late.filled();
    await late.settle();
    gate.open();
    await early.settle();
    expect([early.view.tail.chain?.end.n, early.view.tail.sentAtMs]).toEqual(["first", -Infinity]);
    await cold.filled();
    expect([cold.view.tail.sentAtMs, journal.readCount]).toEqual([clock.atMs, 2]);
  });

  it("does not hide a loss: one isolate appends the mark, and the next reads it", async () => {
    const { journal, clock, reader, other } = await informed();
    clock.advance(6);
    journal.write(red());
    await asked(reader);
    await asked(other);
    journal.stream.loseNewest(1, clock.atMs);
    clock.advance(6);
    journal.asked.length = 0;
    await asked(reader);
    // The reader's claim has expired.
    clock.advance(2);
    await asked(other);
    expect(journal.asked).toEqual(["since", "atPrimary", "appendMark", "since", "atPrimary"]);
    expect(other.view.tail.chain?.end).toEqual(reader.view.tail.chain?.end);
  });
});

describe("rule 24 c: the switch in a copy", () => {
  const on = { post: "1-on", replaces: "", bypass: true };
  const off = { post: "2-off", replaces: "1-on", bypass: false };
  const beyond = "999999999999999-0";

  it.each([
    { id: "has the state of the copy", post: undefined, bypasses: true },
    { id: "has the state of a post among the entries", post: off, bypasses: false },
  ])("$id", async ({ post, bypasses }) => {
    const { colo, clock } = await informed();
    const entries = [entryAt("2-0"), ...(post ? [entryAt("3-0", { switched: post })] : [])];
    const switched = { ...on, position: "1-0", n: "1-0" };
    await colo.copies().publish(host, { entries, sentAtMs: clock.atMs, switched });
    const cold = colo.isolate();
    await cold.filled();
    expect(cold.view.tail.chain?.floor.n).toBe("2-0");
    expect(cold.view.bypasses("articles")).toBe(bypasses);
  });

  it.each([
    { read: "lacks the post beyond the copy's end", position: beyond, entry: {}, isLost: true },
    { read: "has the post", position: beyond, entry: { switched: off }, isLost: false },
    { read: "has a mark of a loss", position: "1-0", entry: { lost: "1-0 gone" }, isLost: true },
    { read: "has another purge", position: "1-0", entry: {}, isLost: false },
  ])("may have been lost if the next read $read: $isLost", async ({ position, entry, isLost }) => {
    const { journal, clock, other } = await informed();
    other.view.tail.learn({ ...off, position, n: "post" });
    clock.advance(6);
    journal.write(newEntry(entry));
    await asked(other);
    expect(other.view.tail.isSwitchLost).toBe(isLost);
  });

  it.each([true, false])("has the duty to post the state again: %s", async (isSwitchLost) => {
    const { colo, clock } = await informed();
    const copy = { entries: [entryAt("2-0")], sentAtMs: clock.atMs, isSwitchLost };
    await colo.copies().publish(host, { ...copy, switched: { ...on, position: "1-0", n: "1-0" } });
    const cold = colo.isolate();
    await cold.filled();
    expect(cold.view.tail.isSwitchLost).toBe(isSwitchLost);
  });
});
