// What a namespace's options may be, and what is said of those that are refused.
import { describe, expect, it } from "vitest";
import { type NamespaceOptions, spaceOf } from "../../../src/data/value/space.ts";

const fresh = "5m";

describe("what is refused, and why", () => {
  const rows: { id: string; name?: string; options: object; why: string }[] = [
    { id: "a name with a slash", name: "a/b", options: { fresh }, why: "Its name must be 1 to 64" },
    { id: "no name", name: "", options: { fresh }, why: "Its name must be 1 to 64" },
    {
      id: "a long name",
      name: "a".repeat(65),
      options: { fresh },
      why: "Its name must be 1 to 64",
    },
    { id: "no lifetime", options: {}, why: "fresh is missing" },
    { id: "no time", options: { fresh: "0s" }, why: "fresh is 0" },
    {
      id: "another unit",
      options: { fresh: "5 minutes" },
      why: 'fresh "5 minutes" is not a duration',
    },
    {
      id: "an unknown option",
      options: { fresh, ttl: 5 },
      why: '"ttl" is not a field of a namespace',
    },
    {
      id: "a schema in parts",
      options: { fresh, schema: 1.5 },
      why: "schema must be a whole number",
    },
    { id: "tags of numbers", options: { fresh, tags: [1] }, why: "tags must be a list of tags" },
    { id: "a load that is none", options: { fresh, load: 1 }, why: "load must be a function" },
    { id: "too much jitter", options: { fresh, jitter: 1.1 }, why: "jitter is more than 1" },
    {
      id: "a timer of nothing",
      options: { fresh, hardTimeoutMs: 0 },
      why: "hardTimeoutMs is less than 1",
    },
    { id: "an unknown tier", options: { fresh, tiers: ["disk"] }, why: "tiers.0 has a tier" },
    { id: "no tiers", options: { fresh, tiers: [] }, why: "tiers is empty" },
    {
      id: "half a codec",
      options: { fresh, codec: { name: "x" } },
      why: "codec must be { name, encode",
    },
    { id: "a soft time-out alone", options: { fresh, softTimeoutMs: 9 }, why: "add stale" },
    {
      id: "the world without Redis",
      options: { fresh, collapse: "global", tiers: ["memory"] },
      why: 'add "shared"',
    },
    {
      id: "keys without a load",
      options: { fresh, refresh: fresh, keys: ["a"] },
      why: "keys needs load",
    },
    {
      id: "keys without an age",
      options: { fresh, load: () => new Map(), keys: ["a"] },
      why: "keys needs refresh",
    },
    {
      id: "keys without Redis",
      options: { fresh, refresh: fresh, load: () => new Map(), keys: ["a"], tiers: ["memory"] },
      why: 'keys needs "shared" in tiers',
    },
    { id: "keys that are none", options: { fresh, keys: "a" }, why: "must be an array of keys" },
    { id: "no options", options: undefined as never, why: "Its options must be an object" },
  ];
  it.each(rows)("$id", ({ name = "articles", options, why }) => {
    const made = () => spaceOf(name, options as NamespaceOptions<string>);
    expect(made).toThrow(`The namespace ${JSON.stringify(name)} is invalid.`);
    expect(made).toThrow(why);
  });
});

it("takes the longest name, and the ends of each range", () => {
  const options = {
    fresh: "1s",
    jitter: 1,
    hardTimeoutMs: 1,
    softTimeoutMs: 86_400_000,
    stale: "0s",
  } as const;
  expect(spaceOf("a".repeat(64), options)).toMatchObject({
    freshMs: 1_000,
    staleMs: 0,
    jitter: 1,
  });
});

it("has its defaults", () => {
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
