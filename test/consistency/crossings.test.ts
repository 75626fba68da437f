// Tests the count of hits on responses that another version stored. It uses the lifetimes of
// isolates.
import { expect, it } from "vitest";
import { crossings, versionThat } from "../../testing/consistency/crossings.ts";
import { read } from "./hand-made.ts";

const life = { colo: "west", fromMs: 0, untilMs: Infinity };
const before = { ...life, isolate: "west#1", version: "before", untilMs: 5_000 };
const after = { ...life, isolate: "west#2", version: "today", fromMs: 6_000 };
const isolates = [before, after];

const hit = (tier: string) => `tidemark; hit; ttl=500; detail=${tier}`;
const found = (atMs: number, askedOf: string, cacheStatus: string) =>
  read(atMs, 1, { askedOf, cacheStatus });

it.each([
  { id: "from the edge", reads: [found(7_000, "west#1", hit("edge"))], edge: 1, shared: 0 },
  { id: "from Redis", reads: [found(7_000, "west#1", hit("shared"))], edge: 0, shared: 1 },
  { id: "on its own response", reads: [found(7_000, "west#2", hit("shared"))], edge: 0, shared: 0 },
  { id: "before the change", reads: [found(4_000, "west#1", hit("edge"))], edge: 0, shared: 0 },
  { id: "without a storing isolate", reads: [found(7_000, "", hit("edge"))], edge: 0, shared: 0 },
  { id: "no hit", reads: [found(7_000, "west#1", "tidemark; fwd=stale")], edge: 0, shared: 0 },
])("counts hits across versions: $id", ({ reads, edge, shared }) => {
  expect(crossings({ isolates, reads })).toEqual([
    { storedBy: "before", answeredBy: "today", edge, shared },
    { storedBy: "today", answeredBy: "before", edge: 0, shared: 0 },
  ]);
});

it("counts no crossings in a run of one version", () => {
  expect(crossings({ isolates: [after], reads: [] })).toEqual([]);
});

it("attributes a request during a colo's change to no version", () => {
  const asked = { colo: "west", invokedAtMs: 4_900, returnedAtMs: 6_100 };
  expect(versionThat(isolates, asked)).toBeUndefined();
});
