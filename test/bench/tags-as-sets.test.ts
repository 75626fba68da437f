// Tests the commands of the design with which the bill is compared. It stores tags as sets.
import { describe, expect, it } from "vitest";
import { commandsOf, tagsAsSets } from "../../bench/cost/designs.ts";
import type { StoreEvent } from "../../bench/cost/ledger.ts";

const nothing = {
  metrics: 0,
  lookUps: 0,
  locks: 0,
  fills: 0,
  freshenings: 0,
  purges: 0,
  purgedOneByOne: 0,
};
const none = { requests: 0, lookUps: 0, originRequests: 0, events: [] as StoreEvent[] };

const fill = (key: string, ...tags: string[]): StoreEvent => ({ kind: "fill", key, tags });
const purge = (...tags: string[]): StoreEvent => ({ kind: "purge", tags, urlCount: 0 });

describe("the design with tags as sets", () => {
  const events = (...all: StoreEvent[]) => ({ events: all });
  const freshening: StoreEvent = { kind: "freshening", key: "a", tags: ["x", "y"] };
  const twice = [fill("a", "x"), fill("a", "x"), fill("b", "x"), purge("x")];
  const again = [fill("a", "x"), purge("x"), fill("b", "x"), purge("x"), purge("x")];
  it.each<[id: string, given: Partial<typeof none>, commands: Partial<typeof nothing>]>([
    ["nothing", {}, {}],
    ["a request: two counters", { requests: 3 }, { metrics: 6 }],
    ["a lookup: GET", { lookUps: 3 }, { lookUps: 3 }],
    ["an origin request: a lock", { originRequests: 3 }, { locks: 6 }],
    ["a fill without tags", events(fill("a")), { fills: 1 }],
    ["a fill with two tags", events(fill("a", "x", "y")), { fills: 5 }],
    ["a 304 with two tags", events(freshening), { freshenings: 3 }],
    ["a purge of URLs", events({ kind: "purge", tags: [], urlCount: 3 }), { purges: 3 }],
    ["a purge of an unused tag", events(purge("x")), { purges: 2 }],
    ["a purge: each key once", events(...twice), { fills: 9, purges: 2, purgedOneByOne: 2 }],
    ["a purge removes the set", events(...again), { fills: 6, purges: 6, purgedOneByOne: 2 }],
  ])("needs the expected commands: %s", (_, given, commands) => {
    expect(tagsAsSets({ ...none, ...given })).toEqual({ ...nothing, ...commands });
  });

  it("has a total that omits keys that are purged one by one", () => {
    const design = tagsAsSets({
      requests: 10,
      lookUps: 5,
      originRequests: 3,
      events: [fill("a", "x"), purge("x")],
    });
    expect(commandsOf(design)).toBe(20 + 5 + 6 + 3 + 2);
  });
});
