// The contract of a journal's epochs: which records no entry after their stamps covers (rule 27).
import { beforeEach, describe, expect, it } from "vitest";
import type { Stamp } from "../../../../src/cache/record/record.ts";
import type { StoredMetadata } from "../../../../src/pages/stored/stored-response.ts";
import type { EntryId } from "../../../../src/purge/journal/entry.ts";
import type { Journal } from "../../../../src/purge/journal/journal.ts";
import { type EntryChanges, newEntry, responseWith } from "../../../../testing/examples/purges.ts";
import { type Open, type OpenStore, verified, written } from "./open-store.ts";

const nowhere: EntryId = { position: "1-1", n: "nowhere" };

/** Appends one entry. @returns its place */
async function appended(journal: Journal, changes: EntryChanges): Promise<EntryId> {
  const done = await journal.append([newEntry({ n: "purge", ...changes })]);
  return (done.kind === "appended" && done.places[0]) || nowhere;
}

/** Returns a response with the tags `red` and `blue`, at https://www.example.com/a/b?c=1. */
const page = (stamp: Stamp, changes: Partial<StoredMetadata> = {}) =>
  responseWith({ ...changes, stamp });

/** @param open is called before each test, and opens an empty journal */
export function describeEpochs(implementation: string, open: Open): void {
  describe(`epochs (rule 27): ${implementation}`, () => {
    let journal: Journal;

    beforeEach(async () => {
      ({ journal } = await open());
    });

    it.each<{ id: string; purge: EntryChanges }>([
      { id: "a tag", purge: { tags: ["tag:red"] } },
      { id: "one of several tags", purge: { tags: ["tag:green", "tag:blue"] } },
      { id: "the URL", purge: { tags: ["url:https://www.example.com/a/b?c=1"] } },
      { id: "the host", purge: { tags: ["host:www.example.com"] } },
      { id: "the route", purge: { tags: ["route:articles"] } },
      { id: "everything", purge: { tags: ["everything"] } },
      { id: "a prefix of all paths", purge: { prefixes: ["/"] } },
      { id: "its directory", purge: { prefixes: ["/a/"] } },
      { id: "a prefix inside a segment", purge: { prefixes: ["/a"] } },
      { id: "a prefix with a host", purge: { prefixes: ["https://www.example.com/a/b"] } },
      { id: "a tag, as a soft purge", purge: { tags: ["tag:red"], mode: "soft" } },
      { id: "a prefix, as a soft purge", purge: { prefixes: ["/a/"], mode: "soft" } },
    ])("is false after a later purge of $id", async ({ purge }) => {
      const [stamp = nowhere] = await written(journal, 1);
      await appended(journal, purge);
      expect(await verified(journal, [page(stamp)])).toEqual([false]);
    });

    it.each<{ id: string; purge: EntryChanges }>([
      { id: "another tag", purge: { tags: ["tag:green"] } },
      { id: "another URL", purge: { tags: ["url:https://www.example.com/a/b"] } },
      { id: "another host", purge: { tags: ["host:example.com"] } },
      { id: "another directory", purge: { prefixes: ["/b/", "/a/b/"] } },
      { id: "another host's prefix", purge: { prefixes: ["https://example.com/a/"] } },
      { id: "nothing", purge: {} },
    ])("is true after a later purge of $id", async ({ purge }) => {
      const [stamp = nowhere] = await written(journal, 1);
      await appended(journal, purge);
      expect(await verified(journal, [page(stamp)])).toEqual([true]);
    });

    it.each<{ id: string; path: string; purge: EntryChanges }>([
      { id: "a URL", path: "/a(b", purge: { tags: ["url:https://www.example.com/a%28b"] } },
      { id: "a prefix", path: "/(/b", purge: { prefixes: ["/%28/"] } },
      { id: "a prefix of an encoded URL", path: "/%28/b", purge: { prefixes: ["/(/"] } },
    ])("is false after a later purge in another spelling: $id", async ({ path, purge }) => {
      const [stamp = nowhere] = await written(journal, 1);
      await appended(journal, purge);
      const asked = [page(stamp, { url: `https://www.example.com${path}` })];
      expect(await verified(journal, asked)).toEqual([false]);
    });

    it("is false after a later mark", async () => {
      const [stamp = nowhere] = await written(journal, 1);
      const marked = await journal.appendMark("9-9 gone");
      const end = (marked.kind === "read" && marked.entries.at(-1)) || nowhere;
      const answers = await verified(journal, [page(stamp), page(end)]);
      expect(answers).toEqual([false, true]);
    });

    it("is false after a later purge of a write through", async () => {
      const [stamp = nowhere] = await written(journal, 1);
      const own = await journal.appendAndRead(stamp, newEntry({ n: "own", tags: ["tag:red"] }));
      const end = own.kind === "appended" ? own.place : nowhere;
      const answers = await verified(journal, [page(stamp), page(end)]);
      expect(answers).toEqual([false, true]);
    });

    it("is true after a purge at the stamp, or before it", async () => {
      await appended(journal, { tags: ["everything"] });
      const stamp = await appended(journal, { tags: ["tag:red"] });
      const [end = nowhere] = await written(journal, 1);
      expect(await verified(journal, [page(stamp), page(end)])).toEqual([true, true]);
    });

    it("counts the last of several purges that name a target, also of one append", async () => {
      const named = [["tag:red"], ["tag:green"], ["tag:red", "tag:red"]];
      const done = await journal.append(named.map((tags, at) => newEntry({ n: `n${at}`, tags })));
      const [, between = nowhere, end = nowhere] = done.kind === "appended" ? done.places : [];
      expect(await verified(journal, [page(between), page(end)])).toEqual([false, true]);
    });

    it.each<{ id: string; stamp: (known: EntryId) => Stamp }>([
      { id: "empty", stamp: () => "none" },
      { id: "another `n`", stamp: (known) => ({ ...known, n: "another" }) },
      { id: "another number", stamp: ({ position, n }) => ({ position, n: `${n}.2.1` }) },
      { id: "an `n` of another history", stamp: (known) => ({ ...known, n: "n0.1.1" }) },
      { id: "without an `n`", stamp: ({ position }) => ({ position, n: "" }) },
    ])("is false for an unknown stamp: $id", async ({ stamp }) => {
      const [known = nowhere] = await written(journal, 2);
      const asked = [page(stamp(known)), page(known)];
      expect(await verified(journal, asked)).toEqual([false, true]);
    });

    it("answers for several records, in order", async () => {
      const [first = nowhere] = await written(journal, 1);
      const end = await appended(journal, { tags: ["tag:red"], prefixes: ["/news/"] });
      const asked = [
        page(first),
        page(first, { tags: ["green"] }),
        page(first, { tags: [], url: "https://www.example.com/news/1" }),
        page("none"),
        page(end),
      ];
      const answers = [false, true, false, false, true];
      expect(await verified(journal, asked)).toEqual(answers);
      const again = asked.map((record) => page(record.loadStamp ?? record.stamp, record));
      const reversed = await verified(journal, again.toReversed());
      expect(reversed).toEqual(answers.toReversed());
      expect(await verified(journal, [])).toEqual([]);
    });

    it("knows a trimmed stamp, and the purges after it", async () => {
      ({ journal } = await open(100));
      const [stamp = nowhere] = await written(journal, 1);
      await appended(journal, { tags: ["tag:red"] });
      await written(journal, 400);
      const asked = [page(stamp), page(stamp, { tags: ["green"] })];
      expect(await verified(journal, asked)).toEqual([false, true]);
    });
  });
}

/** Describes epochs after the journal has lost its last entry. They still have that entry. */
export function describeLostEnd(implementation: string, open: Open): void {
  describe(`epochs (rule 27), without the last entry: ${implementation}`, () => {
    let store: OpenStore;

    beforeEach(async () => {
      store = await open();
    });

    it("are used for the entries before the loss", async () => {
      const { journal } = store;
      const [first = nowhere, second = nowhere, lost = nowhere] = await written(journal, 3);
      await store.lose(lost.position);
      const asked = [first, second, lost].map((stamp) => page(stamp));
      expect(await verified(journal, asked)).toEqual([true, true, false]);
    });

    it("do not know a lost entry, even after other entries follow", async () => {
      const { journal } = store;
      const [first = nowhere, lost = nowhere] = await written(journal, 2);
      await store.lose(lost.position);
      const again = (await written(journal, 2)).at(-1) ?? nowhere;
      expect(again.n).not.toBe(lost.n);
      const asked = [page(first), page(lost), page(again)];
      expect(await verified(journal, asked)).toEqual([true, false, true]);
      await appended(journal, { tags: ["tag:red"] });
      const later = [first, lost, again].map((stamp) => page(stamp));
      expect(await verified(journal, later)).toEqual([false, false, false]);
    });
  });
}
