// Tests the checker of the switch: which answers it judges, and which of those do not obey the
// switch.
import { expect, it } from "vitest";
import type {
  FaultSpan,
  History,
  Read,
  SwitchTry,
} from "../../testing/consistency/checker/operations.ts";
import { switchJudged } from "../../testing/consistency/checker/switched.ts";
import { historyOf, read } from "./hand-made.ts";

const post: SwitchTry = {
  colo: "east",
  isBypassed: true,
  invokedAtMs: 10_000,
  returnedAtMs: 10_050,
  isAccepted: true,
};
const back = { ...post, isBypassed: false, invokedAtMs: 10_500, returnedAtMs: 10_550 };

const bypassed = { cacheStatus: "tidemark; fwd=bypass; fwd-status=200; detail=switch" };
const answer = (parts: Partial<Read> = {}) => read(11_051, 1, { path: "/brief/1", ...parts });
const fault = (parts: Partial<FaultSpan> = {}) => ({
  faults: [{ fault: "redis-paused", fromMs: 10_500, untilMs: 10_600, ...parts }],
});

type Row = [id: string, judged: number, wrong: number, of: Read, parts?: Partial<History>];

it.each<Row>([
  ["past the bound", 1, 1, answer()],
  ["that obeys", 1, 0, answer(bypassed)],
  ["within the bound", 0, 0, answer({ invokedAtMs: 11_049 })],
  ["for another kind of page", 1, 0, answer({ path: "/steady/1" })],
  ["for another kind of page that is bypassed", 1, 1, answer({ ...bypassed, path: "/steady/1" })],
  ["after a later post", 0, 0, answer(), { switches: [post, back] }],
  [
    "after an unaccepted post",
    0,
    0,
    answer(),
    { switches: [post, { ...back, isAccepted: false }] },
  ],
  ["during a fault of the database", 0, 0, answer(), fault()],
  ["soon after a fault of the database", 0, 0, answer(), fault({ fromMs: 6_000, untilMs: 7_500 })],
  [
    "three times N after a fault of the database",
    0,
    0,
    answer({ invokedAtMs: 20_051, returnedAtMs: 20_052 }),
    { maxLagMs: 10_000, ...fault({ fromMs: 1_000, untilMs: 6_500 }) },
  ],
  ["of a restarted colo", 1, 1, answer(), fault({ fault: "colo-restarted" })],
  ["before any post", 0, 0, answer(), { switches: [] }],
])("judges an answer %s: %i judged, %i wrong", (_, judged, wrong, of, parts) => {
  const found = switchJudged(historyOf({ switches: [post], reads: [of], ...parts }));
  expect([found.judgedCount, found.violations.length]).toEqual([judged, wrong]);
});
