// The contract of a Switch and its journal, which each implementation must satisfy.
import { beforeEach, describe, expect, it } from "vitest";
import { nothing } from "../../../../src/purge/journal/purge-target.ts";
import type { PostEntry } from "../../../../src/purge/journal/switch.ts";
import type { Bypass } from "../../../../src/purge/journal/switch-state.ts";
import { newEntry, responseWith } from "../../../../testing/examples/purges.ts";
import { type Open, type OpenSwitch, readOf, verified, written } from "./open-store.ts";

const nowhere = { position: "", n: "" };

export const postOf = (post: string, replaces: string, bypass: Bypass): PostEntry => ({
  ...newEntry({ n: `n-of-${post}`, mode: "soft" }),
  targets: nothing,
  switched: { post, replaces, bypass },
});

/** @param open is called before each test, and opens an empty journal without posts */
export function describeSwitch(implementation: string, open: Open<OpenSwitch>): void {
  describe(`switch contract: ${implementation}`, () => {
    let store: OpenSwitch;

    beforeEach(async () => {
      store = await open();
    });

    it("has no state at first", async () => {
      const { switching, journal } = store;
      expect(await switching.read()).toEqual({ kind: "read", state: undefined });
      await written(journal, 1);
      expect(await journal.newest()).toMatchObject({ kind: "read", switched: undefined });
    });

    it.each<Bypass>([true, false, [], ["größe", 'a "b" c']])(
      "stores a post, and an entry that covers nothing: %j",
      async (bypass) => {
        const { switching, journal } = store;
        const [first] = await written(journal, 1);
        const post = postOf("p1", "", bypass);
        const posted = await switching.post(post);
        const place = posted.kind === "posted" ? posted.place : nowhere;
        const state = { post: "p1", ...place, bypass };
        expect(await switching.read()).toEqual({ kind: "read", state });
        const entries = [first, { ...post, ...place }];
        const adopted = { kind: "read", entries, switched: state };
        expect(await journal.newest()).toMatchObject(adopted);
        expect(await journal.atPrimary(place)).toMatchObject(adopted);
        expect(await journal.appendMark("1-0 n")).toMatchObject({ kind: "read", switched: state });
      },
    );

    it("refuses a post that does not replace the last post, and then writes nothing", async () => {
      const { switching, journal } = store;
      const last = { post: "p1", bypass: true };
      expect(await switching.post(postOf("p1", "", true))).toMatchObject({ kind: "posted" });
      for (const replaces of ["", "p", "p11"]) {
        const refused = await switching.post(postOf("p2", replaces, false));
        expect(refused).toMatchObject({ kind: "overtaken", current: last });
      }
      expect(await switching.read()).toMatchObject({ state: last });
      expect(await switching.post(postOf("p2", "p1", false))).toMatchObject({ kind: "posted" });
      expect(await switching.post(postOf("p1", "", true))).toMatchObject({ kind: "overtaken" });
      expect(readOf(await journal.newest())).toHaveLength(2);
    });

    it("accepts one of several posts that replace the same post", async () => {
      const posts = ["a", "b", "c"].map((post) => store.switching.post(postOf(post, "", true)));
      const kinds = (await Promise.all(posts)).map(({ kind }) => kind);
      expect(kinds.toSorted()).toEqual(["overtaken", "overtaken", "posted"]);
      expect(readOf(await store.journal.newest())).toHaveLength(1);
    });

    it("keeps the state if the entry of the post is lost", async () => {
      const { switching, journal, lose } = store;
      const entries = await written(journal, 1);
      const posted = await switching.post(postOf("p1", "", ["a"]));
      const place = posted.kind === "posted" ? posted.place : nowhere;
      await lose(place.position);
      const state = { post: "p1", ...place, bypass: ["a"] };
      expect(await switching.read()).toEqual({ kind: "read", state });
      expect(await journal.newest()).toMatchObject({ entries, switched: state });
    });

    it("notes the entry of a post in its epoch, but no targets (rule 27)", async () => {
      const { switching, journal } = store;
      const [stamp = nowhere] = await written(journal, 1);
      const posted = await switching.post(postOf("p1", "", true));
      const end = posted.kind === "posted" ? posted.place : nowhere;
      const records = [responseWith({ stamp }), responseWith({ stamp: end })];
      expect(await verified(journal, records)).toEqual([true, true]);
    });

    it("is unavailable without its store, and never rejects", async () => {
      await store.goDown();
      expect(await store.switching.read()).toMatchObject({ kind: "unavailable" });
      const posted = await store.switching.post(postOf("p1", "", true));
      expect(posted).toMatchObject({ kind: "unavailable" });
    });
  });
}
