// Tests the options of a namespace, and the errors of invalid options.
import { expect, it } from "vitest";
import { type NamespaceOptions, spaceOf } from "../../../src/data/value/space.ts";

const fresh = "5m";
const load = () => new Map();
const refresh = fresh;
const keys = ["a"];
const nameLength = "Its name must be 1 to 64";

it.each<{ name?: string; options: object; why: string }>([
  { name: "a/b", options: { fresh }, why: nameLength },
  { name: "", options: { fresh }, why: nameLength },
  { name: "a".repeat(65), options: { fresh }, why: nameLength },
  { options: {}, why: "fresh is missing" },
  { options: { fresh: "0s" }, why: "fresh is 0" },
  { options: { fresh: "5 minutes" }, why: 'fresh "5 minutes" is not a duration' },
  { options: { fresh: NaN }, why: "fresh NaN is not a duration" },
  { options: { fresh: 5n as never }, why: "fresh 5 is not a duration" },
  { options: { fresh, ttl: 5 }, why: 'is invalid. "ttl" is not a field of a namespace.' },
  { options: { fresh, schema: 1.5 }, why: "schema must be a whole number" },
  { options: { fresh, tags: [1] }, why: "tags must be a list of tags" },
  { options: { fresh, load: 1 }, why: "load must be a function" },
  { options: { fresh, jitter: 1.1 }, why: "jitter is more than 1" },
  { options: { fresh, hardTimeoutMs: 0 }, why: "hardTimeoutMs is less than 1" },
  { options: { fresh, tiers: ["disk"] }, why: "tiers.0 has a tier" },
  { options: { fresh, tiers: [] }, why: "tiers is empty" },
  { options: { fresh, codec: { name: "x" } }, why: "codec must be { name, encode" },
  { options: { fresh, softTimeoutMs: 9 }, why: "add stale" },
  { options: { fresh, softTimeoutMs: -1, stale: fresh }, why: "softTimeoutMs is less than 0" },
  { options: { fresh, collapse: "global", tiers: ["memory"] }, why: 'add "shared"' },
  { options: { fresh, refresh, keys }, why: "keys needs load" },
  { options: { fresh, load, keys }, why: "keys needs refresh" },
  {
    options: { fresh, refresh, load, keys, tiers: ["memory"] },
    why: 'keys needs "shared" in tiers',
  },
  { options: { fresh, keys: "a" }, why: "must be an array of keys" },
  { options: undefined as never, why: "is invalid. Its options must be an object." },
])("refuses $options of $name: $why", ({ name = "articles", options, why }) => {
  const made = () => spaceOf(name, options as NamespaceOptions<string>);
  expect(made).toThrow(`The namespace ${JSON.stringify(name)} is invalid.`);
  expect(made).toThrow(why);
});

it.each([
  { returned: () => Promise.reject(new Error("late")), says: "It returned a promise, not a list" },
  { returned: () => "abc", says: "a value of type string, not a list" },
  { returned: () => undefined, says: "a value of type undefined, not a list" },
])("a function `tags` must return a list at once: $says", ({ returned, says }) => {
  const { tagsOf } = spaceOf("articles", { fresh, tags: returned as never });
  expect(() => tagsOf("value", "42")).toThrow(says);
  expect(tagsOf(null, "42")).toEqual([]);
});

it("accepts the longest name, and the ends of each range", () => {
  const options = {
    fresh: 250,
    jitter: 1,
    hardTimeoutMs: 1,
    softTimeoutMs: 86_400_000,
    stale: "250ms",
  } as const;
  const accepted = { freshMs: 250, staleMs: 250, jitter: 1 };
  expect(spaceOf("a".repeat(64), options)).toMatchObject(accepted);
  const least = { fresh, stale: "0s", softTimeoutMs: 0 } as const;
  expect(spaceOf("a", least)).toMatchObject({ staleMs: 0, softTimeoutMs: 0 });
});

it("fills in the defaults", () => {
  expect(spaceOf("articles", { fresh })).toMatchObject({
    freshMs: 300_000,
    staleMs: 0,
    negativeMs: undefined,
    schema: 0,
    softTimeoutMs: 0,
    hardTimeoutMs: 30_000,
    waitTimeoutMs: 5_000,
    retryAfterMs: 10_000,
    isGlobal: false,
    tiers: ["memory", "edge", "shared"],
    keys: undefined,
  });
});
