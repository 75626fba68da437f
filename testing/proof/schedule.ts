// Scheduled purges, as the database and isolates know them: rules 24 and 30.
// Numbers in comments and names are rules of docs/purge-protocol.md and its further pages.
import {
  and,
  eq,
  every,
  implies,
  int,
  ite,
  le,
  lt,
  minus,
  not,
  or,
  plus,
  rule,
  type Term,
} from "./formula.ts";
import * as s from "./state.ts";
import { isAppended, later, zero } from "./state.ts";

// The stages of a scheduled purge.
export const [planned, cancelled, effective] = [int(1), int(2), int(3)] as const;

export const isPostOf = (e: Term, k: Term): Term => and(s.isPost(e), eq(s.keyOf(e), k));

/** The entry has this stage of a scheduled purge. */
export const isStage = (e: Term, stage: Term): Term =>
  and(s.isPost(e), s.isScheduled(s.keyOf(e)), eq(s.post(e), stage));

/** 30 f: an effect is judged by time, so it is no purge for a view. */
export const purges = (e: Term, r: Term): Term => and(s.covers(e, r), not(isStage(e, effective)));

/** The post of a key in the state of the database whose newest entry is `x`; 0 without a line. */
export const heldPost = (x: Term, k: Term): Term =>
  ite(s.hasLine(x, k), s.post(s.line(x, k)), zero);

export const keyPost = (k: Term): Term => ite(s.isFilled, heldPost(s.newest, k), zero);

/** Every post that is shown is no newer than this. */
export const hasPosts = (isShown: (e: Term) => Term, post: (k: Term) => Term): Term =>
  every("Entry", (e) =>
    implies(
      and(isShown(e), s.isPost(e)),
      rule("24 b, 30 a atomic", le(s.post(e), post(s.keyOf(e)))),
    ),
  );

/** A stage that somebody may know: it occurred. */
export const isReal = (k: Term, stage: Term): Term =>
  implies(
    s.isScheduled(k),
    and(
      le(zero, stage),
      le(stage, effective),
      implies(eq(stage, cancelled), s.isCancelled(k)),
      implies(eq(stage, effective), s.hasEffect(k)),
    ),
  );

/** All that the purge names has changed, and N has passed. */
export const isOver = (k: Term): Term => lt(plus(s.time(k), s.settleMax, s.lagMax), s.now);

/** 30 h: by this clock, the schedule need not keep the purge any more. */
export const isLongOver = (k: Term, reading: Term): Term => lt(plus(s.time(k), s.keptFor), reading);

/** The effect `d` is on the path, below `first`, and all is over. So no response from before the time has a known stamp. */
const isBelow = (d: Term, k: Term, first: Term): Term =>
  and(isEffectOf(d, k), s.upTo(d, first), not(eq(d, first)), isOver(k));

/** The journal has lost the effect. */
const isLost = (d: Term, k: Term): Term => and(isEffectOf(d, k), isAppended(d), not(s.isKept(d)));

export const isEffectOf = (d: Term, k: Term): Term => and(isPostOf(d, k), isStage(d, effective));

/** The journal has lost no effect of the purge. */
export const hasAllEffects = (k: Term): Term => every("Entry", (d) => not(isLost(d, k)));

/** Returns that an isolate knows the post or a later one, or that the purge is over, cancelled or lost. */
export const isInformed = (
  e: Term,
  { known, past, first }: Record<"known" | "past" | "first", Term>,
): Term => {
  const k = s.keyOf(e);
  const isUnneeded = or(not(eq(known, zero)), s.isCancelled(k), isBelow(past, k, first));
  return or(
    le(s.post(e), known),
    and(
      s.isScheduled(k),
      implies(eq(s.post(e), planned), or(isUnneeded, isLost(past, k))),
      implies(
        eq(s.post(e), cancelled),
        or(s.hasEffect(k), and(eq(known, zero), isLongOver(k, plus(s.now, s.A)))),
      ),
      implies(eq(s.post(e), effective), isUnneeded),
    ),
  );
};

/** 30 b: a request at this time precedes the purge, as far as clocks show. */
export const precedes = (from: Term, r: Term, k: Term): Term =>
  lt(from, plus(s.time(k), rule("30 b A", s.A, zero), rule("30 b settle", s.settle(r), zero)));

/** 30 b: the time of the response's request, which decides. */
export const requestedAt = (r: Term, k: Term): Term =>
  rule("30 b body", ite(s.endsHard(k), s.bodyAt(r), s.validAt(r)), s.validAt(r));

/** The isolate knows a scheduled purge that ends the response, now or later. */
export const willEnd = (i: Term, r: Term, k: Term, from: Term): Term =>
  and(
    s.isScheduled(k),
    or(eq(s.knownPost(i, k), planned), eq(s.knownPost(i, k), effective)),
    s.names(k, r),
    precedes(from, r, k),
  );

/** 30 c: the isolate knows that a scheduled purge has ended a response, by the time of its request. */
export const hasEndedBy = (
  i: Term,
  r: Term,
  k: Term,
  { from, by }: Record<"from" | "by", Term>,
): Term =>
  and(
    willEnd(i, r, k, from),
    le(
      rule("30 c A", minus(s.time(k), s.A), s.time(k)),
      rule("30 c highest", later(by, s.shown(i)), by),
    ),
  );

export const hasEnded = (i: Term, r: Term, k: Term, reading: Term): Term =>
  hasEndedBy(i, r, k, { from: requestedAt(r, k), by: reading });

/** The content of a response that is from `made` has not changed before the purge's time. */
export const isFromBefore = (r: Term, k: Term, made: Term): Term =>
  and(s.isScheduled(k), s.names(k, r), lt(made, plus(s.time(k), s.settle(r))));

/** 30 f: no response from before the time has a stamp from after the effect. */
export const noOldStamp = every("Response Entry", (r, e) =>
  implies(
    and(s.hasStamp(r), isStage(e, effective), s.upTo(e, s.stamp(r)), s.isOld(r, s.keyOf(e))),
    s.isCancelled(s.keyOf(e)),
  ),
);

/** 30 g: a purge whose cancel stands takes no effect. */
export const noEffectOfCancel = every("Entry", (c) =>
  implies(and(s.isKept(c), isStage(c, cancelled)), not(s.hasEffect(s.keyOf(c)))),
);
