// The contract of the schedule of a journal (rule 30), which each implementation must satisfy.
import { describe, expect, it } from "vitest";
import { acceptedAtMs, scheduledIn } from "../../../../src/purge/journal/entry.ts";
import type { Journal, ScheduleOrder } from "../../../../src/purge/journal/journal.ts";
import { nothing } from "../../../../src/purge/journal/purge-target.ts";
import {
  cancelledMax,
  type ScheduleChange,
  scheduledBytesMax,
  scheduledKeptMs,
  scheduledMax,
} from "../../../../src/purge/journal/scheduled.ts";
import { newEntry, responseWith } from "../../../../testing/examples/purges.ts";
import { type Open, written } from "./open-store.ts";

const tagged = (tag: string) => ({ tags: [`tag:${tag}`], prefixes: [] });
const hourMs = 3_600_000;

function order(
  change: Partial<ScheduleChange> & { readonly atMs: number },
  n = "n",
): ScheduleOrder {
  const { atMs } = change;
  const planned = { id: "a", state: "planned", cancelBeforeMs: atMs - 10_000 } as const;
  const scheduled: ScheduleChange = { ...planned, targets: tagged("embargo"), ...change };
  return { ...newEntry({ n }), targets: nothing, scheduled };
}

/** @param open is called before each test, and opens an empty journal */
export function describeSchedule(implementation: string, open: Open): void {
  describe(`contract of the schedule: ${implementation}`, () => {
    /** Returns a journal with an entry, and its clock. */
    async function opened(keptCount?: number) {
      const { journal } = await open(keptCount);
      const [place] = await written(journal, 1);
      return { journal, nowMs: acceptedAtMs(place?.position ?? "") };
    }

    /** Returns the states of the purges in the schedule that a new view reads. */
    async function statesIn(journal: Journal) {
      const read = await journal.newest();
      const { entries = [], ids = [] } = (read.kind === "read" && read.scheduled) || {};
      return {
        ids: ids.toSorted(),
        states: scheduledIn(entries).map((one) => one.scheduled.state),
      };
    }

    it("keeps a plan outside trimming, and returns it with each first read", async () => {
      const { journal, nowMs } = await opened(100);
      const plan = order({ atMs: nowMs + hourMs });
      const planned = await journal.schedule(plan);
      expect(planned).toMatchObject({ kind: "appended" });
      const place = planned.kind === "appended" ? planned.place : undefined;
      const [, end] = await written(journal, 400);
      const held = { scheduled: { ids: ["a"], entries: [{ ...plan, ...place }] } };
      expect(await journal.newest()).toMatchObject(held);
      expect(await journal.atPrimary(end ?? { position: "", n: "" })).toMatchObject(held);
      expect(await journal.appendMark("1-0 gone")).toMatchObject(held);
    });

    it("returns the known plans that the schedule lacks, if it may lose the schedule alone", async () => {
      const { journal, nowMs } = await opened();
      const planned = await journal.schedule(order({ atMs: nowMs + hourMs }));
      const place = planned.kind === "appended" ? planned.place : { position: "", n: "" };
      const read = await journal.since(place, ["b", "a", "c"]);
      const { entries = [], lackedPlans = ["b", "c"] } = read.kind === "read" ? read : {};
      expect([entries, lackedPlans]).toEqual([[], ["b", "c"]]);
    });

    it("takes each plan once, whoever sends it again", async () => {
      const { journal, nowMs } = await opened();
      const plan = order({ atMs: nowMs + hourMs });
      await journal.schedule(plan);
      expect(await journal.schedule({ ...plan, n: "again" })).toEqual({
        kind: "refused",
        why: "held",
      });
      // A read-back appends a lost entry again.
      await journal.append([{ ...plan, n: "read back" }]);
      expect(await statesIn(journal)).toEqual({ ids: ["a"], states: ["planned"] });
    });

    it("takes a cancel in time, and no effect after it", async () => {
      const { journal, nowMs } = await opened();
      const given = { atMs: nowMs + hourMs };
      const cancel = order({ ...given, state: "cancelled", targets: nothing }, "cancel");
      expect(await journal.schedule(cancel)).toEqual({ kind: "refused", why: "unknown" });
      await journal.schedule(order(given));
      expect(await journal.schedule(cancel)).toMatchObject({ kind: "appended" });
      expect(await statesIn(journal)).toEqual({ ids: ["a"], states: ["cancelled"] });
      const effect = await journal.schedule(order({ ...given, state: "effective" }, "effect"));
      expect(effect).toEqual({ kind: "refused", why: "held" });
    });

    it("refuses a cancel that comes late", async () => {
      const { journal, nowMs } = await opened();
      const given = { atMs: nowMs + hourMs, cancelBeforeMs: nowMs - 1 };
      await journal.schedule(order(given));
      const cancel = order({ ...given, state: "cancelled", targets: nothing }, "cancel");
      expect(await journal.schedule(cancel)).toEqual({ kind: "refused", why: "late" });
      await journal.append([{ ...cancel, n: "read back" }]);
      expect(await statesIn(journal)).toEqual({ ids: ["a"], states: ["planned"] });
    });

    it("notes the names of an effect in the book, and refuses a cancel after it", async () => {
      const { journal, nowMs } = await opened();
      const given = { atMs: nowMs - 1 };
      await journal.schedule(order(given));
      const [stamp = { position: "", n: "" }] = await written(journal, 1);
      const record = { ...responseWith({ tags: ["embargo"] }), stamp };
      expect(await journal.unpurged(stamp, [record])).toMatchObject({ answers: [true] });
      const effect = await journal.schedule(order({ ...given, state: "effective" }, "effect"));
      const end = effect.kind === "appended" ? effect.place : stamp;
      expect(await journal.unpurged(end, [record])).toMatchObject({ answers: [false] });
      expect(await statesIn(journal)).toEqual({ ids: ["a"], states: ["effective"] });
      const cancel = order({ ...given, state: "cancelled", targets: nothing }, "cancel");
      expect(await journal.schedule(cancel)).toEqual({ kind: "refused", why: "late" });
    });

    it("has room for a number of plans, and drops what is over", async () => {
      const { journal, nowMs } = await opened();
      const over = { atMs: nowMs - scheduledKeptMs - hourMs };
      await journal.schedule(order({ ...over, id: "over" }));
      await journal.schedule(order({ ...over, id: "over", state: "effective" }));
      for (let nth = 0; nth < scheduledMax; nth += 1) {
        const plan = order({ id: `plan-${nth}`, atMs: nowMs + hourMs }, `n${nth}`);
        expect(await journal.schedule(plan)).toMatchObject({ kind: "appended" });
      }
      const more = order({ id: "more", atMs: nowMs + hourMs }, "more");
      expect(await journal.schedule(more)).toEqual({ kind: "refused", why: "full" });
      expect((await statesIn(journal)).ids).not.toContain("over");
    });

    it("has room for a number of bytes, in which what is over does not count", async () => {
      const { journal, nowMs } = await opened();
      const targets = { tags: [`tag:${"ü".repeat(scheduledBytesMax / 16)}`], prefixes: [] };
      const schedule = async (id: string, changes: Partial<ScheduleChange>, atMs: number) =>
        (await journal.schedule(order({ id, atMs, targets, ...changes }, id))).kind;
      const plans = async (name: string, atMs: number) => {
        const kinds: string[] = [];
        for (let nth = 0; nth < 9; nth += 1) kinds.push(await schedule(`${name}${nth}`, {}, atMs));
        return kinds;
      };
      const sevenOfNine = [...Array<string>(7).fill("appended"), "refused", "refused"];
      const pastMs = nowMs - scheduledKeptMs - hourMs;
      // The simulated clock begins so near to 0 that nothing is over.
      if (pastMs < 0) return;
      expect(await plans("over", pastMs)).toEqual(sevenOfNine);
      for (let nth = 0; nth < 7; nth += 1)
        expect(await schedule(`over${nth}`, { state: "effective" }, pastMs)).toBe("appended");
      expect(await plans("plan", nowMs + hourMs)).toEqual(sevenOfNine);
    });

    it("has room for a number of cancels besides", async () => {
      const { journal, nowMs } = await opened();
      const atMs = nowMs + hourMs;
      const cancelled = (from: number, to: number) =>
        Array.from({ length: to - from }, (_, nth) => `p${from + nth}`).flatMap((id) => [
          order({ id, atMs }, id),
          order({ id, atMs, state: "cancelled", targets: nothing }, `${id}-cancelled`),
        ]);
      for (let from = 0; from < cancelledMax; from += 64)
        await journal.append(cancelled(from, Math.min(from + 64, cancelledMax - 1)));
      const plan = async (id: string) => (await journal.schedule(order({ id, atMs }, id))).kind;
      expect(await plan("one")).toBe("appended");
      await journal.append(cancelled(cancelledMax, cancelledMax + 1));
      expect(await plan("more")).toBe("refused");
    });
  });
}
