// (e) Checks the switch. Past the bound after a post, all answers for pages of `switchedKind` are
// bypassed, or none is, as the post orders. No other page is ever bypassed. Has no clock and no
// I/O.
import { boundMs } from "./bound.ts";
import type { Violation } from "./violation.ts";
import { type FaultSpan, type History, type Read, switchedKind } from "./operations.ts";

/** Faults during which a colo may keep its last state, or the post may be lost. */
const excusing = /^(?:redis|object)-|^colo-(?:cut-off|unanswered|far-away)$/;
/** The time until a colo again reads a journal that was unreachable, as a multiple of N, like the outage. */
const recoveryLags = 3;

/** @returns the number of checked answers, and the violations among them */
export function switchJudged(history: History): {
  readonly judgedCount: number;
  readonly violations: readonly Violation[];
} {
  const posts = history.switches ?? [];
  const faults = history.faults.filter(({ fault }) => excusing.test(fault));
  const violations: Violation[] = [];
  let judgedCount = 0;
  for (const read of history.reads) {
    const expected = expectedOf(read, history, faults);
    if (expected === undefined || posts.length === 0) continue;
    judgedCount += 1;
    const isBypassed = read.cacheStatus.includes("detail=switch");
    if (isBypassed === expected) continue;
    const what = `${read.colo} ${isBypassed ? "bypassed" : "did not bypass"} ${read.path}: ${read.cacheStatus}`;
    violations.push({ rule: "not-switched", what, read });
  }
  return { judgedCount, violations };
}

/** Returns whether an answer must be bypassed; `undefined` if that is unknown. */
function expectedOf(
  read: Read,
  history: History,
  faults: readonly FaultSpan[],
): boolean | undefined {
  if (!read.path.startsWith(`/${switchedKind}/`)) return false;
  const posts = history.switches ?? [];
  const before = posts.filter(({ invokedAtMs }) => invokedAtMs <= read.returnedAtMs);
  const last = before.at(-1);
  // An unaccepted post may have taken effect.
  if (last === undefined || !last.isAccepted) return undefined;
  const span = { fromMs: last.invokedAtMs, untilMs: read.returnedAtMs };
  if (read.invokedAtMs < last.returnedAtMs + boundMs(history, span)) return undefined;
  const recoveryMs = recoveryLags * history.maxLagMs;
  const isDisturbed = faults.some(
    ({ fromMs, untilMs }) => fromMs <= span.untilMs && untilMs + recoveryMs >= span.fromMs,
  );
  return isDisturbed ? undefined : last.isBypassed;
}
