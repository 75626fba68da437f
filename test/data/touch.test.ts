// Tests calls for sessions: `touch`, which restarts the lifetime of a stored value, and `delete` in a namespace of
// Redis alone.
import { describe, expect, it, onTestFinished, vi } from "vitest";
import { JournalView } from "../../src/purge/view/journal-view.ts";
import { DataIsolate } from "../../testing/data/data-isolate.ts";
import { idle, until } from "../../testing/site/harness.ts";

const alone = { negative: "1h", tiers: ["shared"] };

/** Opens a namespace in two isolates of two colos. */
function two(options: object = alone) {
  const here = new DataIsolate();
  const there = here.elsewhere();
  return { here, there, mine: here.articles(options), theirs: there.articles(options) };
}

describe("touch", () => {
  it.each([alone, { negative: "1h", tiers: ["memory", "shared"] }])(
    "restarts the lifetime for all isolates, and keeps options and tags: %j",
    async (options) => {
      const { here, mine, theirs } = two(options);
      await mine.set("42", "value", { fresh: "30s", tags: ["user:7"] });
      for (let nth = 0; nth < 4; nth += 1) {
        here.clock.advance(20);
        expect(await mine.touch("42")).toBe("value");
        await idle();
      }
      here.clock.advance(20);
      expect([await mine.get("42"), await theirs.get("42")]).toEqual(["value", "value"]);
      await here.data.purge({ tags: ["user:7"] });
      here.clock.advance(10);
      expect([await mine.get("42"), await theirs.get("42")]).toEqual([undefined, undefined]);
    },
  );

  it("does not undo a set that began before it, and ends later", async () => {
    const { here, mine, theirs } = two();
    await mine.set("42", "value", { tags: [] });
    const { promise: gate, resolve: open } = Promise.withResolvers<void>();
    let isStoring = false;
    here.upstash.beforeStored = () => {
      if (isStoring) return Promise.resolve();
      isStoring = true;
      return gate;
    };
    const ending = mine.set("42", null, { tags: [] });
    await until(() => isStoring);
    await here.data.purge({ tags: ["other"] });
    here.clock.advance(10);
    expect(await theirs.touch("42")).toBe("value");
    await idle();
    open();
    await ending;
    expect([await mine.get("42"), await theirs.get("42")]).toEqual([null, null]);
  });

  const ends = [
    { id: "set(null)", by: "set" },
    { id: "purge", by: "delete" },
  ] as const;

  it.each(ends)("does not undo a $id since its lookup", async ({ by }) => {
    const { here, there, mine, theirs } = two();
    await mine.set("42", "value", { tags: [] });
    const { promise: gate, resolve: open } = Promise.withResolvers<void>();
    let isStoring = false;
    here.upstash.beforeStored = () => {
      isStoring = true;
      return gate;
    };
    expect(await theirs.touch("42")).toBe("value");
    await until(() => isStoring);
    here.upstash.beforeStored = () => Promise.resolve();
    await (by === "set" ? mine.set("42", null, { tags: [] }) : mine.delete("42"));
    open();
    await there.settle();
    here.clock.advance(10);
    const seen = by === "set" ? null : undefined;
    expect([await mine.get("42"), await theirs.get("42")]).toEqual([seen, seen]);
  });

  it("does not undo a purge that its isolate reads after the lookup", async () => {
    const { here, there, mine, theirs } = two({});
    await mine.set("42", "value");
    expect(await theirs.get("42")).toBe("value");
    await mine.delete("42");
    here.clock.advance(2);
    const stamp = Reflect.get(JournalView.prototype, "stamp");
    const stamps = vi.spyOn(JournalView.prototype, "stamp");
    stamps.mockImplementationOnce(function first(this: JournalView, ...given) {
      stamps.mockImplementationOnce(async function second(this: JournalView, ...again) {
        await this.tail.catchUp();
        return stamp.apply(this, again);
      });
      return stamp.apply(this, given);
    });
    onTestFinished(() => stamps.mockRestore());
    expect(await theirs.touch("42")).toBe("value");
    await there.settle();
    here.clock.advance(10);
    const later = await here.elsewhere().articles().get("42");
    expect([await theirs.get("42"), later]).toEqual([undefined, undefined]);
  });

  it("also restarts that of a value whose stamp is later than the isolate's view", async () => {
    const { here, mine, theirs } = two({});
    await theirs.get("warm");
    await mine.set("42", "value");
    here.clock.advance(1);
    expect(await theirs.touch("42")).toBe("value");
    await idle();
    here.clock.advance(59.5);
    expect(await theirs.get("42")).toBe("value");
    expect(await here.elsewhere().articles().get("42")).toBe("value");
  });

  it("stores neither null nor a stale value again", async () => {
    const { here, mine } = two({ ...alone, negative: "30s", stale: "1m" });
    await mine.set("null", null);
    await mine.set("old", "value", { fresh: "10s" });
    here.clock.advance(20);
    expect([await mine.touch("null"), await mine.touch("old")]).toEqual([null, "value"]);
    expect(await mine.touch("none")).toBeUndefined();
    await idle();
    expect(here.upstash.storedCount).toBe(2);
  });
});

it("delete in a namespace of Redis alone ends the value at once for all isolates", async () => {
  const { mine, theirs } = two();
  await mine.set("42", "value", { tags: [] });
  expect(await theirs.get("42")).toBe("value");
  await mine.delete("42");
  expect(await theirs.get("42")).toBeUndefined();
});
