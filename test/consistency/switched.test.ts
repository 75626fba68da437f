// What the checker says of answers that do not obey the switch, and where it says nothing.
import { describe, expect, it } from "vitest";
import type { FaultSpan, Read, SwitchTry } from "../../testing/consistency/checker/operations.ts";
import { switchJudged } from "../../testing/consistency/checker/switched.ts";
import { historyOf } from "./hand-made.ts";

const post = (parts: Partial<SwitchTry> = {}): SwitchTry => ({
  colo: "east",
  isBypassed: true,
  invokedAtMs: 10_000,
  returnedAtMs: 10_050,
  isAccepted: true,
  ...parts,
});

const read = (parts: Partial<Read> = {}): Read => ({
  colo: "west",
  askedOf: "west",
  path: "/brief/1",
  variant: "",
  invokedAtMs: 11_051,
  returnedAtMs: 11_060,
  version: 1,
  cacheStatus: "tidemark; hit; ttl=1; detail=memory",
  ...parts,
});

const bypassed = "tidemark; fwd=bypass; fwd-status=200; detail=switch";
const fault = (parts: Partial<FaultSpan>): FaultSpan => ({
  fault: "redis-paused",
  fromMs: 10_500,
  untilMs: 10_600,
  ...parts,
});
const again = post({ isBypassed: false, invokedAtMs: 10_500, returnedAtMs: 10_550 });

describe("an answer", () => {
  const posts = [post()];
  it.each([
    { id: "past the bound", reads: [read()], judged: 1, wrong: 1 },
    { id: "that obeys", reads: [read({ cacheStatus: bypassed })], judged: 1, wrong: 0 },
    { id: "within the bound", reads: [read({ invokedAtMs: 11_049 })], judged: 0, wrong: 0 },
    { id: "of another kind", reads: [read({ path: "/steady/1" })], judged: 1, wrong: 0 },
    {
      id: "of another kind that is bypassed",
      reads: [read({ path: "/steady/1", cacheStatus: bypassed })],
      judged: 1,
      wrong: 1,
    },
    { id: "after a later post", posts: [post(), again], reads: [read()], judged: 0, wrong: 0 },
    {
      id: "after one that may have been made",
      posts: [post(), { ...again, isAccepted: false }],
      reads: [read()],
      judged: 0,
      wrong: 0,
    },
    { id: "of a broken database", faults: [fault({})], reads: [read()], judged: 0, wrong: 0 },
    {
      id: "soon after one",
      faults: [fault({ fromMs: 6_000, untilMs: 7_500 })],
      reads: [read()],
      judged: 0,
      wrong: 0,
    },
    {
      id: "of a colo that was started again",
      faults: [fault({ fault: "colo-restarted" })],
      reads: [read()],
      judged: 1,
      wrong: 1,
    },
    { id: "before any post", posts: [], reads: [read()], judged: 0, wrong: 0 },
  ])("$id: $wrong of $judged are wrong", ({ reads, judged, wrong, ...parts }) => {
    const found = switchJudged(historyOf({ switches: posts, reads, ...pick(parts) }));
    expect([found.judgedCount, found.violations.length]).toEqual([judged, wrong]);
  });

  const pick = (parts: { posts?: SwitchTry[]; faults?: FaultSpan[] }) => ({
    ...(parts.posts && { switches: parts.posts }),
    ...(parts.faults && { faults: parts.faults }),
  });
});
