// A judgement names the deciding purge, or the reason why a response is unverified. It applies the
// exemption of rule 8.
import { describe, expect, it, vi } from "vitest";
import { judgedOnRoute } from "../../../src/pages/reuse/may-answer.ts";
import { noJournal, type PurgeJudgement, usable } from "../../../src/purge/view/view-port.ts";
import {
  boundMs,
  type EntryChanges,
  Isolate,
  maxLagMs,
  newEntry,
  responseWith,
  stampAt,
  warmIsolate,
} from "../../../testing/examples/purges.ts";

const ask = ({ clock }: Isolate) => ({ atMs: clock.atMs, maxLagMs, colo: () => "" });

async function warm() {
  const isolate = await warmIsolate();
  return { isolate, stored: await isolate.filled() };
}

const red = (n: string, changes: EntryChanges = {}) =>
  newEntry({ n, tags: ["tag:red"], by: "admin", reason: `because of ${n}`, ...changes });
const soft = (n: string) => red(n, { mode: "soft" });

describe("the judgement of a purged response names", () => {
  it.each([
    { id: "the hard purge", written: [red("a")], by: "a" },
    { id: "the newest hard purge", written: [red("a"), red("b")], by: "b" },
    { id: "the hard purge before a soft one", written: [red("a"), soft("b")], by: "a" },
    { id: "the first soft purge", written: [soft("a"), soft("b")], by: "a" },
    { id: "a covering purge", written: [red("a"), red("b", { tags: ["tag:green"] })], by: "a" },
  ])("$id", async ({ written, by }) => {
    const { isolate, stored } = await warm();
    const places = written.map((entry) => isolate.journal.write(entry));
    await isolate.renew();
    const position = places[written.findIndex(({ n }) => n === by)];
    expect(isolate.view.judge(stored, ask(isolate))).toMatchObject({
      kind: "purged",
      by: { n: by, position, by: "admin", reason: `because of ${by}` },
    });
  });

  it.each([
    { id: "the accepted hard purge", accepted: red("here"), read: soft("a"), by: "here" },
    { id: "the hard purge that was read", accepted: soft("here"), read: red("a"), by: "a" },
    { id: "the older of two soft purges", accepted: soft("here"), read: soft("a"), by: "a" },
  ])("$id", async ({ accepted, read, by }) => {
    const { isolate, stored } = await warm();
    const { journal, view, clock } = isolate;
    journal.write(read);
    await isolate.renew();
    view.tail.apply([{ ...accepted, position: `${clock.atMs + 1}-0` }]);
    expect(view.judge(stored, ask(isolate))).toMatchObject({ kind: "purged", by: { n: by } });
  });

  it("the time of a soft purge", async () => {
    const { isolate, stored } = await warm();
    isolate.journal.write(soft("a"));
    const sinceAtMs = isolate.clock.atMs;
    await isolate.renew();
    const judged = isolate.view.judge(stored, ask(isolate));
    expect(judged).toMatchObject({ mode: "soft", sinceAtMs, by: { n: "a" } });
  });
});

describe("the judgement of an unverified response names the reason", () => {
  const unknown = { position: "9-9", n: "n" };

  it("no-view", () => {
    const isolate = new Isolate();
    const judged = isolate.view.judge(responseWith(), ask(isolate));
    expect(judged).toMatchObject({ kind: "unverified", why: "no-view" });
    const stamped = responseWith({ stamp: unknown });
    expect(noJournal.judge(stamped, ask(isolate))).toMatchObject({ why: "no-view" });
  });

  it.each([unknown, "none"] as const)("stamp-unknown: %j", async (stamp) => {
    const { isolate, stored } = await warm();
    const judged = isolate.view.judge({ ...stored, stamp }, ask(isolate));
    expect(judged).toMatchObject({ why: "stamp-unknown" });
  });

  it("view-too-old, with the known soft purge", async () => {
    const { isolate, stored } = await warm();
    isolate.clock.advance((boundMs + 1) / 1_000);
    expect(isolate.view.judge(stored, ask(isolate))).toMatchObject({ why: "view-too-old" });
    isolate.view.tail.apply([{ ...soft("soft"), position: "2-0" }]);
    const judged = isolate.view.judge(stored, ask(isolate));
    expect(judged).toMatchObject({ why: "view-too-old", covering: { by: { n: "soft" } } });
  });

  it("purge-in-doubt, with the purge", async () => {
    const { isolate, stored } = await warm();
    isolate.journal.write(red("a"));
    await isolate.renew();
    const judged = isolate.view.judge({ ...stored, stamp: unknown }, ask(isolate));
    expect(judged).toMatchObject({ why: "purge-in-doubt", covering: { by: { n: "a" } } });
  });
});

it("allocates no judgement for a usable response", async () => {
  const { isolate, stored } = await warm();
  expect(isolate.view.judge(stored, ask(isolate))).toBe(usable);
  expect(noJournal.judge(responseWith(), ask(isolate))).toBe(usable);
});

describe("without a journal", () => {
  it("no purge covers a response, no route is bypassed, and no request waits", () => {
    expect(noJournal.purgedSince(responseWith(), 0)).toBe(false);
    expect(noJournal.mayPredatePurge(responseWith(), 0)).toBe(false);
    expect(noJournal.bypasses("articles")).toBe(false);
    expect(noJournal.isRenewedFirst(0)).toBe(false);
    expect(noJournal.isUnreachable({ atMs: 0, maxLagMs })).toBe(false);
  });

  it.each([
    { id: "without a stamp", stamp: "none", isValidated: true },
    { id: "with the stamp of an earlier journal", stamp: stampAt("1-0"), isValidated: false },
  ] as const)("a response $id is validated: $isValidated", ({ stamp, isValidated }) => {
    const asked = { atMs: 0, maxLagMs };
    expect(noJournal.mayBeValidated(responseWith({ stamp }), asked)).toBe(isValidated);
  });
});

describe("rule 8: the exemption of a route", () => {
  const hard = { kind: "purged", mode: "hard" } as const;
  const softly = { kind: "purged", mode: "soft", sinceAtMs: 7 } as const;
  const why = "view-too-old" as const;
  const refused = { kind: "unverified", why, covering: undefined };

  it.each([
    { id: "no purge", told: { kind: "usable", unverified: why } },
    { id: "soft purge", covering: softly, told: { ...softly, unverified: why } },
    { id: "hard purge", covering: hard, told: { ...refused, covering: hard } },
    { id: "another route", servesUnverified: false, told: refused },
    { id: "reachable journal", isUnreachable: false, told: refused },
  ])("$id", ({ covering, servesUnverified = true, isUnreachable = true, told }) => {
    const judge = vi.fn<() => PurgeJudgement>(() => ({ kind: "unverified", why, covering }));
    const view = { judge, isUnreachable: () => isUnreachable };
    const asked = { atMs: 0, maxLagMs, colo: () => "", servesUnverified };
    expect(judgedOnRoute(view, responseWith(), asked)).toEqual(told);
    expect(judge).toHaveBeenCalledTimes(1);
  });

  it("is not checked for a usable response", () => {
    const isUnreachable = vi.fn<() => boolean>(() => true);
    const view = { judge: () => usable, isUnreachable };
    const asked = { atMs: 0, maxLagMs, colo: () => "", servesUnverified: true };
    expect(judgedOnRoute(view, responseWith(), asked)).toBe(usable);
    expect(isUnreachable).not.toHaveBeenCalled();
  });
});
