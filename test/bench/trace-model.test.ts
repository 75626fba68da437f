// Tests the origin requests of the caches that the bench of costs compares with Tidemark.
import { expect, it } from "vitest";
import { compute } from "../../bench/trace/model.ts";

const page = { path: "/a", query: "", tag: "t", lifetimeSeconds: 10, bodyBytes: 5 };
const visits = [
  { atMs: 0, colo: 0, target: "/a" },
  { atMs: 1_000, colo: 0, target: "/a?gclid=1" },
  { atMs: 2_000, colo: 1, target: "/a" },
  { atMs: 11_000, colo: 1, target: "/a" },
].map((visit) => ({ kind: "visit" as const, page: 0, ...visit }));
const trace = { pages: [page], events: visits };

it.each([
  ["each colo stores each target", {}, 3],
  ["tracking parameters are stripped", { strips: true }, 2],
  // The colo's copy is as old as that of the upper tier.
  ["a colo asks the upper tier", { isTiered: true }, 3],
  ["both", { strips: true, isTiered: true }, 2],
])("%s", (_id, kind, originRequests) => {
  expect(compute(trace, kind).originRequests).toBe(originRequests);
});
