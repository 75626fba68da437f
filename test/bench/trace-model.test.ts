// Tests the origin requests of the caches that the bench of costs compares with Tidemark.
import { expect, it } from "vitest";
import { compute } from "../../bench/trace/model.ts";

const page = { path: "/a", query: "", tag: "t", lifetimeSeconds: 10, bodyBytes: 5 };
const visit = (atMs: number, colo: number, target: string) =>
  ({ kind: "visit", page: 0, atMs, colo, target }) as const;
const events = [
  visit(0, 0, "/a"),
  visit(1_000, 0, "/a?gclid=1"),
  visit(2_000, 1, "/a"),
  visit(11_000, 1, "/a"),
];
const trace = { pages: [page], events };

it.each([
  ["each colo stores each target", {}, 3],
  ["tracking parameters are stripped", { strips: true }, 2],
  // The colo's copy is as old as that of the upper tier.
  ["a colo asks the upper tier", { isTiered: true }, 3],
  ["both", { strips: true, isTiered: true }, 2],
])("%s", (_id, kind, originRequests) => {
  expect(compute(trace, kind).originRequests).toBe(originRequests);
});
