// (e) From the bound on after a post of the switch, every answer for the pages that it names says that
// it was bypassed, or none does; and no other page's ever. Pure, like the checker.
import { boundMs } from "./bound.ts";
import type { Violation } from "./violation.ts";
import { type FaultSpan, type History, type Read, switchedKind } from "./operations.ts";

/** While these last, a colo may be cut off and keep its last state, or the post may be lost. */
const excusing = /^redis-|^colo-(?:cut-off|unanswered|far-away)$/;
/** Until a journal that was away is asked again. */
const recoveryMs = 3_000;

/** @returns how many answers could be judged, and those that were wrong */
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

/** Is it to be bypassed? `undefined` where nobody can say. */
function expectedOf(
  read: Read,
  history: History,
  faults: readonly FaultSpan[],
): boolean | undefined {
  if (!read.path.startsWith(`/${switchedKind}/`)) return false;
  const posts = history.switches ?? [];
  const before = posts.filter(({ invokedAtMs }) => invokedAtMs <= read.returnedAtMs);
  const last = before.at(-1);
  // A post that was not accepted may have been made all the same.
  if (last === undefined || !last.isAccepted) return undefined;
  const span = { fromMs: last.invokedAtMs, untilMs: read.returnedAtMs };
  if (read.invokedAtMs < last.returnedAtMs + boundMs(history, span)) return undefined;
  const isDisturbed = faults.some(
    ({ fromMs, untilMs }) => fromMs <= span.untilMs && untilMs + recoveryMs >= span.fromMs,
  );
  return isDisturbed ? undefined : last.isBypassed;
}
