// The contract of the states of subscribers, which each store of a journal must satisfy.
import { beforeEach, describe, expect, it } from "vitest";
import type { Subscribers } from "../../../../src/purge/journal/subscribers.ts";

export interface OpenSubscribers {
  readonly subscribers: Subscribers;
  readonly goDown: () => unknown;
}

const text = (id: string) => JSON.stringify({ id, größe: 'a "b"\n' });

/** @param open is called before each test, and opens a store without states */
export function describeSubscribers(
  implementation: string,
  open: () => Promise<OpenSubscribers>,
): void {
  describe(`subscribers contract: ${implementation}`, () => {
    let store: OpenSubscribers;
    /** Writes a state, and returns its version. */
    const written = async (name: string, version: string, id: string) => {
      const replaced = await store.subscribers.replace(name, version, text(id));
      return replaced.kind === "replaced" ? replaced.version : replaced.kind;
    };

    beforeEach(async () => {
      store = await open();
    });

    it("has no state at first", async () => {
      const none = { version: "", text: undefined };
      expect(await store.subscribers.read(["a", "b"])).toEqual({
        kind: "read",
        states: [none, none],
        atMs: expect.any(Number) as number,
      });
    });

    it("returns each state under its name, in the given order", async () => {
      const a = await written("a", "", "1");
      const b = await written("b", "", "2");
      const read = await store.subscribers.read(["b", "none", "a"]);
      const states = read.kind === "read" ? read.states : [];
      expect(states.map(({ version }) => version)).toEqual([b, "", a]);
      const ids = states.map((one) =>
        one.text ? (JSON.parse(one.text) as { id: string }).id : "",
      );
      expect(ids).toEqual(["2", "", "1"]);
    });

    it("replaces only the stored version", async () => {
      const first = await written("a", "", "1");
      expect(await written("a", "", "2")).toBe("overtaken");
      expect(await written("a", "x", "2")).toBe("overtaken");
      const second = await written("a", first, "2");
      expect(await written("a", first, "3")).toBe("overtaken");
      const read = await store.subscribers.read(["a"]);
      expect(read).toMatchObject({ states: [{ version: second }] });
    });

    it("accepts the stored text again, because the first reply may be lost", async () => {
      const first = await written("a", "", "1");
      expect(await written("a", "", "1")).toBe(first);
    });

    it("lets one of several writers succeed", async () => {
      const first = await written("a", "", "0");
      const results = await Promise.all(["1", "2", "3"].map((id) => written("a", first, id)));
      expect(results.filter((one) => one === "overtaken")).toHaveLength(2);
    });

    it("is unavailable without its store, and never rejects", async () => {
      await store.goDown();
      expect(await store.subscribers.read(["a"])).toMatchObject({ kind: "unavailable" });
      expect(await written("a", "", "1")).toBe("unavailable");
    });
  });
}
