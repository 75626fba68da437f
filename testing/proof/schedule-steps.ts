// The steps of scheduled purges (rule 30 of docs/purge-protocol-special.md).
import {
  and,
  eq,
  every,
  implies,
  le,
  lt,
  minus,
  not,
  or,
  plus,
  rule,
  type Term,
} from "./formula.ts";
import { append, mayFollow } from "./journal-steps.ts";
import {
  cancelled,
  effective,
  isEffectOf,
  isLongOver,
  isPostOf,
  isStage,
  keyPost,
  planned,
} from "./schedule.ts";
import * as s from "./state.ts";
import { clock, isAppended, zero } from "./state.ts";
import { becomes, set, step, type Step } from "./step.ts";

/** 30 h: the purge is planned, or planned again after a loss, before the schedule may have dropped it. */
const isPlanned = (k: Term) => rule("30 h again", not(isLongOver(k, plus(s.now, s.A))));

/** 30 g: a cancel counts by its position. */
const isInTime = (e: Term, k: Term) =>
  and(
    le(keyPost(k), cancelled),
    rule("30 g position", lt(plus(s.position(e), s.lagMax), s.time(k))),
    rule("assumed: the journal's time", le(s.now, plus(s.position(e), s.behind))),
  );

/** 30 f: the isolate knows the plan, and its clock shows that the effect is due. The script arrives within N. */
const isDue = (i: Term, e: Term, k: Term) =>
  and(
    or(eq(s.knownPost(i, k), planned), eq(s.knownPost(i, k), effective)),
    rule("30 f script", not(eq(keyPost(k), cancelled))),
    rule("30 f due", le(plus(s.time(k), s.A, s.settleMax), clock(i))),
    rule(
      "30 f view",
      and(s.hasView(i), s.isDated(i), le(minus(clock(i), s.sentAt(i)), plus(s.lagMax, s.lagMax))),
    ),
    rule(
      "30 f names",
      every("Response", (r) => implies(s.names(k, r), s.covers(e, r))),
    ),
  );

/** No effect of the purge precedes an entry. */
const hasNoEffect = (k: Term, last: Term) =>
  every("Entry", (e) => not(and(isEffectOf(e, k), s.upTo(e, last))));

export const ofSchedule: Readonly<Record<string, Step>> = {
  // 30 a, f, g: the script takes a plan, a cancel or an effect into the schedule, and drops other lines.
  schedule: step("Isolate Entry", (i, e) => {
    const k = s.keyOf(e);
    return [
      and(
        s.keepsTime,
        mayFollow(e),
        not(s.isMark(e)),
        s.isPost(e),
        s.isScheduled(k),
        or(
          and(eq(s.post(e), planned), isPlanned(k)),
          and(eq(s.post(e), cancelled), isInTime(e, k)),
          and(eq(s.post(e), effective), isDue(i, e, k)),
        ),
        every("Key", (x) =>
          implies(
            s.drops(e, x),
            and(
              s.isScheduled(x),
              le(cancelled, keyPost(x)),
              rule("30 h kept", isLongOver(x, clock(i))),
            ),
          ),
        ),
      ),
      [
        ...append(e, { isPurge: false }),
        becomes(s.isCancelled, (x) => or(s.isCancelled(x), and(eq(x, k), isStage(e, cancelled)))),
        becomes(s.hasEffect, (x) => or(s.hasEffect(x), and(eq(x, k), isStage(e, effective)))),
      ],
    ];
  }),
  // 30 f, h: the isolate forgets an effect that its chain has dropped, or a cancel.
  forget: step("Isolate Key Entry", (i, k, d) => [
    and(
      s.isScheduled(k),
      s.hasView(i),
      isPostOf(d, k),
      isAppended(d),
      eq(s.post(d), s.knownPost(i, k)),
      or(
        and(eq(s.post(d), cancelled), isLongOver(k, clock(i))),
        and(
          eq(s.post(d), effective),
          rule(
            "30 f floor",
            or(
              and(s.upTo(d, s.floor(i)), not(eq(d, s.floor(i)))),
              and(not(s.isKept(d)), hasNoEffect(k, s.end(i))),
            ),
          ),
          rule("30 f N", lt(plus(s.time(k), s.A, s.settleMax, s.lagMax), clock(i))),
        ),
      ),
    ),
    [set(s.knownPost(i, k), zero), set(s.past(i, k), d)],
  ]),
};
