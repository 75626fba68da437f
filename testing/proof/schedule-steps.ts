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
  isLongOver,
  isPostOf,
  isStage,
  keyPost,
  planned,
} from "./schedule.ts";
import * as s from "./state.ts";
import { clock, zero } from "./state.ts";
import { becomes, set, step, type Step } from "./step.ts";

/** 30 h: the purge is planned, or planned again after a loss, before its effect should long have been read. */
const isPlanned = (k: Term) =>
  and(eq(keyPost(k), zero), rule("30 h again", le(s.now, plus(s.time(k), s.settleMax, s.lagMax))));

/** 30 g: a cancel counts by its position. */
const isInTime = (e: Term, k: Term) =>
  and(
    eq(keyPost(k), planned),
    rule("30 g position", lt(plus(s.position(e), s.lagMax), s.time(k))),
    rule("assumed: the journal's time", le(s.now, plus(s.position(e), s.A))),
  );

/** 30 f: the isolate knows the plan, its view is current, and its clock shows that the effect is due. */
const isDue = (i: Term, e: Term, k: Term) =>
  and(
    or(eq(s.knownPost(i, k), planned), eq(s.knownPost(i, k), effective)),
    rule("30 f script", lt(keyPost(k), cancelled)),
    rule("30 f due", le(plus(s.time(k), s.A, s.settleMax), clock(i))),
    rule(
      "30 f view",
      and(s.hasView(i), s.isDated(i), le(minus(clock(i), s.sentAt(i)), minus(s.lagMax, s.A))),
    ),
    rule(
      "30 f names",
      every("Response", (r) => implies(s.names(k, r), s.covers(e, r))),
    ),
  );

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
      eq(s.post(d), s.knownPost(i, k)),
      or(
        and(eq(s.post(d), cancelled), s.upTo(d, s.end(i)), isLongOver(k, clock(i))),
        and(
          eq(s.post(d), effective),
          rule("30 f floor", and(s.upTo(d, s.floor(i)), not(eq(d, s.floor(i))))),
          rule("30 f N", lt(plus(s.time(k), s.A, s.settleMax, s.lagMax), clock(i))),
        ),
      ),
    ),
    [set(s.knownPost(i, k), zero), set(s.past(i, k), d)],
  ]),
};
