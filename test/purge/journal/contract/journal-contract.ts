// The contract of a Journal, which each implementation must satisfy.
import { beforeEach, describe, expect, it } from "vitest";
import { placedAt } from "../../../../src/purge/acceptance/read-backs.ts";
import { comparePositions, type EntryId } from "../../../../src/purge/journal/entry.ts";
import { type Journal, newestCount, pageCount } from "../../../../src/purge/journal/journal.ts";
import { everything, releaseTags } from "../../../../src/purge/journal/purge-target.ts";
import { newEntry } from "../../../../testing/examples/purges.ts";
import { type Open, type OpenStore, placesOf, readOf, written } from "./open-store.ts";

const nowhere: EntryId = { position: "1-1", n: "nowhere" };

/** @param open is called before each test, and opens an empty journal */
export function describeJournal(implementation: string, open: Open): void {
  describe(`journal contract: ${implementation}`, () => {
    let store: OpenStore;
    let journal: Journal;

    beforeEach(async () => {
      store = await open();
      journal = store.journal;
    });

    describe("append (rules 12, 19 and 21)", () => {
      it("returns the appended entries in order, with their positions", async () => {
        const entries = [
          newEntry({ n: "a", tags: ['tag:größe "1"'], prefixes: ["/a/"], reason: "\u0000\n" }),
          newEntry({ n: "b", mode: "soft", id: "msg_1", bodyDigest: "d", lost: "1-0 x" }),
        ];
        const appended = await journal.append(entries);
        const places = appended.kind === "appended" ? appended.places : [];
        const placed = placedAt(places, entries);
        expect(await journal.newest()).toMatchObject({ kind: "read", entries: placed });
        expect(places).toHaveLength(2);
      });

      it("gives each entry a position after all others", async () => {
        const places = [...(await written(journal, 30)), ...(await written(journal, 3))];
        const positions = places.map(({ position }) => position);
        expect(positions).toEqual([...new Set(positions)].toSorted(comparePositions));
      });

      it("appends nothing for an empty list", async () => {
        expect(await journal.append([])).toEqual({ kind: "appended", places: [] });
        expect(readOf(await journal.newest())).toEqual([]);
      });

      it("keeps the newest entries, and does not count trimmed ones as lost", async () => {
        const keptCount = 100;
        ({ journal } = await open(keptCount));
        const places = await written(journal, 400);
        const read = await journal.standing(places);
        const states = read.kind === "read" ? read.states : [];
        expect(new Set(states.slice(-keptCount))).toEqual(new Set(["standing"]));
        expect(states).not.toContain("gone");
        const [oldest = nowhere] = places;
        const checked = await journal.atPrimary(oldest);
        expect(checked).toMatchObject({ kind: "read", isLost: false });
      });
    });

    describe("newest (rule 12)", () => {
      it.each([0, 1, 127, 128, 129, 1_100])("reads the newest of %i entries", async (count) => {
        const places = await written(journal, count);
        const read = await journal.newest();
        const entries = read.kind === "read" ? placesOf(read.entries) : [];
        expect(entries).toEqual(places.slice(count - entries.length));
        const least = journal.before === undefined ? newestCount : pageCount;
        expect(entries.length).toBeGreaterThanOrEqual(Math.min(count, least));
      });
    });

    describe("before (rule 12)", () => {
      it("reads the entries before an entry, unless another one has its position", async () => {
        const places = await written(journal, 300);
        const read = (place: EntryId) => journal.before?.(place, 200);
        const [first, last] = [places[0]!, places.at(-1)!];
        if (journal.before === undefined) return;
        expect(await read(last)).toMatchObject({ kind: "read", entries: places.slice(99, 299) });
        expect(await read(first)).toMatchObject({ kind: "read", entries: [] });
        expect(await read({ ...last, n: "other" })).toEqual({ kind: "not-joined" });
      });
    });

    describe("since (rule 11)", () => {
      it.each([0, 1, 126, 127, 128, 300])("reads the %i entries after an entry", async (count) => {
        const [first = nowhere, ...later] = await written(journal, count + 1);
        expect(readOf(await journal.since(first))).toEqual(later);
      });

      it("is not joined at another `n`, or at a lost entry", async () => {
        const [, second = nowhere] = await written(journal, 3);
        expect(await journal.since({ ...second, n: "another" })).toEqual({ kind: "not-joined" });
        await store.lose(second.position);
        expect(await journal.since(second)).toEqual({ kind: "not-joined" });
      });
    });

    describe("sinceOnPrimary (rule 28)", () => {
      it.each([0, 1, 126])("reads the %i entries after an entry", async (count) => {
        const [first = nowhere, ...later] = await written(journal, count + 1);
        expect(readOf(await journal.sinceOnPrimary(first))).toEqual(later);
        expect(readOf(await journal.newest())).toEqual([first, ...later]);
      });

      it("is not joined if the page is full, at another `n`, or at a lost entry", async () => {
        const [first = nowhere, second = nowhere] = await written(journal, 128);
        const notJoined = { kind: "not-joined" };
        expect(await journal.sinceOnPrimary(first)).toEqual(notJoined);
        expect(await journal.sinceOnPrimary({ ...second, n: "another" })).toEqual(notJoined);
        await store.lose(second.position);
        expect(await journal.sinceOnPrimary(second)).toEqual(notJoined);
      });
    });

    describe("atPrimary (rules 16 and 17)", () => {
      it("reports whether the entry, an older entry or none remains", async () => {
        const [first = nowhere, second = nowhere, third = nowhere] = await written(journal, 3);
        const upTo = async (place: EntryId) => {
          const read = await journal.atPrimary(place);
          return read.kind === "read" ? [read.upTo?.n, read.isLost] : read.kind;
        };
        expect(await upTo(second)).toEqual([second.n, false]);
        await store.lose(second.position);
        expect(await upTo(second)).toEqual([first.n, true]);
        await store.lose(first.position);
        expect(await upTo(second)).toEqual([undefined, true]);
        expect(readOf(await journal.atPrimary(first))).toEqual([third]);
      });

      it("also reads the newest entries, whatever the position", async () => {
        const places = await written(journal, 5);
        for (const place of places) expect(readOf(await journal.atPrimary(place))).toEqual(places);
      });
    });

    describe("standing (rule 22)", () => {
      it("returns the state of each entry, in order", async () => {
        const [first = nowhere, second = nowhere, third = nowhere] = await written(journal, 3);
        const all = { kind: "read", states: ["standing", "standing"] };
        expect(await journal.standing([third, first])).toEqual(all);
        await store.lose(second.position);
        const asked = [third, second, { ...first, n: "another" }, first];
        const states = ["standing", "gone", "gone", "standing"];
        expect(await journal.standing(asked)).toEqual({ kind: "read", states });
        await store.lose(first.position);
        const oldestGone = { kind: "read", states: ["gone", "standing"] };
        expect(await journal.standing([first, third])).toEqual(oldestGone);
      });
    });

    describe("appendMark (rules 17 and 18)", () => {
      it("appends a mark that covers everything, and reads it", async () => {
        const [first = nowhere] = await written(journal, 1);
        const marked = await journal.appendMark("9-9 gone");
        const mark = { mode: "hard", lost: "9-9 gone", targets: everything, by: "tidemark" };
        expect(marked).toMatchObject({ kind: "read", entries: [first, mark] });
        expect(readOf(await journal.newest())).toEqual(readOf(marked));
      });

      it("appends a single mark to an empty journal, and all callers read that mark", async () => {
        const marked = await Promise.all([1, 2, 3].map(() => journal.appendMark("")));
        const mark = { mode: "hard", lost: "", targets: everything, by: "tidemark" };
        expect(marked[0]).toMatchObject({ kind: "read", entries: [mark] });
        expect(marked.map(readOf)).toEqual(marked.map(() => readOf(marked[0] ?? { kind: "" })));
      });

      it("appends no mark to a journal with entries if nothing is lost", async () => {
        const places = await written(journal, 2);
        expect(readOf(await journal.appendMark(""))).toEqual(places);
      });
    });

    describe("appendAndRead (rule 25 c)", () => {
      const own = newEntry({ n: "own" });

      it.each([0, 1, pageCount - 3])("reads %i entries of others before its own", async (count) => {
        const [place = nowhere, ...others] = await written(journal, count + 1);
        const appended = await journal.appendAndRead(place, own);
        const placed = appended.kind === "appended" ? appended.place : nowhere;
        const since = appended.kind === "appended" ? placesOf(appended.since ?? []) : [];
        expect(since).toEqual([...others, placed]);
        expect(readOf(await journal.newest())).toEqual([place, ...since]);
      });

      it.each([pageCount - 2, 200])(
        "returns no entries if %i entries came between",
        async (count) => {
          const [place = nowhere] = await written(journal, count + 1);
          const appended = await journal.appendAndRead(place, own);
          expect(appended).toMatchObject({ kind: "appended", since: undefined });
        },
      );

      it("returns no entries if the position has another entry, or none", async () => {
        const [first = nowhere] = await written(journal, 2);
        const unknown = { kind: "appended", since: undefined };
        expect(await journal.appendAndRead({ ...first, n: "other" }, own)).toMatchObject(unknown);
        await store.lose(first.position);
        expect(await journal.appendAndRead(first, own)).toMatchObject(unknown);
        expect(readOf(await journal.newest())).toHaveLength(3);
      });
    });

    it("is unavailable without its store, and never rejects", async () => {
      const [first = nowhere] = await written(journal, 1);
      await store.goDown();
      const answers = await Promise.all([
        journal.newest(),
        journal.since(first),
        journal.sinceOnPrimary(first),
        journal.atPrimary(first),
        journal.standing([first]),
        journal.appendMark("9-9 gone"),
        journal.append([newEntry()]),
        journal.appendAndRead(first, newEntry()),
        journal.epochs({ first: 0, last: 0 }),
      ]);
      expect(answers).toMatchObject(answers.map(() => ({ kind: "unavailable" })));
    });
  });
}

/** Describes the newest release, which trimming never removes (rule 12). */
export function describeRelease(implementation: string, open: Open): void {
  describe(`contract of the newest release: ${implementation}`, () => {
    it("is returned with the newest entries, also after trimming", async () => {
      const { journal } = await open(100);
      expect(await journal.newest()).toMatchObject({ released: undefined });
      let told = { id: "", position: "" };
      for (const id of ["b", "a"]) {
        const appended = await journal.append([newEntry({ n: id, tags: [...releaseTags(id)] })]);
        const places = appended.kind === "appended" ? appended.places : [];
        told = { id, position: places[0]?.position ?? "" };
        await written(journal, 1);
      }
      expect(await journal.newest()).toMatchObject({ released: told });
      const [, ...later] = await written(journal, 400);
      expect(await journal.newest()).toMatchObject({ released: told });
      const [place = nowhere] = later;
      expect(await journal.atPrimary(place)).toMatchObject({ released: told });
      expect(await journal.appendMark("1-0 gone")).toMatchObject({ released: told });
    });
  });
}

/** Describes the reads for operators, which the purge protocol does not use. */
export function describeShownJournal(implementation: string, open: Open): void {
  describe(`journal contract, for operators: ${implementation}`, () => {
    it("reads entries after a position, the newest, one entry, and the extent", async () => {
      const { journal } = await open();
      expect(await journal.extent()).toEqual({ count: 0, oldest: null });
      const places = await written(journal, 5);
      const [first = nowhere, second = nowhere, third = nowhere] = places;
      expect(await journal.after("0", 2)).toMatchObject([first, second]);
      expect(await journal.after(first.position, 2)).toMatchObject([second, third]);
      expect(await journal.after(places[4]?.position ?? "", 2)).toEqual([]);
      expect(await journal.newestFirst(2)).toMatchObject([places[4], places[3]]);
      expect(await journal.extent()).toEqual({ count: 5, oldest: first.position });
    });

    it("is unavailable without its store, and never rejects", async () => {
      const { journal, goDown } = await open();
      await goDown();
      const answers = await Promise.all([
        journal.after("0", 1),
        journal.newestFirst(1),
        journal.extent(),
      ]);
      expect(answers).toMatchObject(answers.map(() => ({ kind: "unavailable" })));
    });
  });
}
