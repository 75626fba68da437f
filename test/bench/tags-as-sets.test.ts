// The design that the bill stands beside: what it is charged for each event, and not more.
import { describe, expect, it } from "vitest";
import { commandsOf, type StoreEvent, tagsAsSets } from "../../bench/cost/tags-as-sets.ts";

const nothing = {
  metrics: 0,
  lookUps: 0,
  locks: 0,
  fills: 0,
  freshenings: 0,
  purges: 0,
  purgedOneByOne: 0,
};
const none = { requests: 0, lookUps: 0, originRequests: 0, events: [] };

const fill = (key: string, ...tags: string[]): StoreEvent => ({ kind: "fill", key, tags });
const purge = (...tags: string[]): StoreEvent => ({ kind: "purge", tags, urlCount: 0 });

describe("tags as sets", () => {
  it.each([
    { id: "nothing", given: {}, commands: {} },
    { id: "a request: two counters", given: { requests: 3 }, commands: { metrics: 6 } },
    { id: "a lookup: GET", given: { lookUps: 3 }, commands: { lookUps: 3 } },
    { id: "an origin request: a lock", given: { originRequests: 3 }, commands: { locks: 6 } },
    { id: "a fill without a tag", given: { events: [fill("a")] }, commands: { fills: 1 } },
    { id: "a fill with two", given: { events: [fill("a", "x", "y")] }, commands: { fills: 5 } },
    {
      id: "a 304 with two",
      given: { events: [{ kind: "freshening", key: "a", tags: ["x", "y"] } as const] },
      commands: { freshenings: 3 },
    },
    {
      id: "a purge of three URLs",
      given: { events: [{ kind: "purge", tags: [], urlCount: 3 } as const] },
      commands: { purges: 3 },
    },
    {
      id: "a purge of a tag that nothing has",
      given: { events: [purge("x")] },
      commands: { purges: 2 },
    },
    {
      id: "a purge of what was filled, each key once",
      given: { events: [fill("a", "x"), fill("a", "x"), fill("b", "x"), purge("x")] },
      commands: { fills: 9, purges: 2, purgedOneByOne: 2 },
    },
    {
      id: "a set is gone once it is purged",
      given: { events: [fill("a", "x"), purge("x"), fill("b", "x"), purge("x"), purge("x")] },
      commands: { fills: 6, purges: 6, purgedOneByOne: 2 },
    },
  ])("$id", ({ given, commands }) => {
    expect(tagsAsSets({ ...none, ...given })).toEqual({ ...nothing, ...commands });
  });

  it("sums up all but what is only told besides", () => {
    const design = tagsAsSets({
      requests: 10,
      lookUps: 5,
      originRequests: 3,
      events: [fill("a", "x"), purge("x")],
    });
    expect(commandsOf(design)).toBe(20 + 5 + 6 + 3 + 2);
  });
});
