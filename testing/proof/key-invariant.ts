// The parts of the invariant about what trimming never removes: the switch and the schedule.
// Numbers in comments and names are rules of docs/purge-protocol.md and its further pages.
import { and, eq, every, implies, le, lt, minus, not, or, plus, type Term } from "./formula.ts";
import {
  cancelled,
  effective,
  heldPost,
  isFromBefore,
  isInformed,
  isLongOver,
  isPostOf,
  isReal,
  isStage,
  noEffectOfCancel,
  noOldStamp,
  planned,
} from "./schedule.ts";
import * as s from "./state.ts";
import { isAppended, isBetween, zero } from "./state.ts";

export const keepTime = implies(
  s.keepsTime,
  every("Isolate", (i) => and(le(minus(zero, s.A), s.offset(i)), le(s.offset(i), s.A))),
);

type Path = (typeof s.paths)[keyof typeof s.paths];

/** 24, 30 a: the newest posts are no older than those of the path's entries. */
const havePosts = ({ sort, is, first, last, post }: Path) =>
  every(`${sort} Entry`, (x, e) =>
    implies(
      and(is(x), s.isPost(e), isBetween(first(x), e, last(x))),
      le(s.post(e), post(x, s.keyOf(e))),
    ),
  );

/** 24, 30 a: nothing up to the path's end is unknown, except as `isInformed` states. */
const areInformed = ({ sort, is, first, last, post }: Path, past: typeof s.past) =>
  every(`${sort} Entry`, (x, e) => {
    const k = s.keyOf(e);
    return implies(
      and(is(x), s.isPost(e), s.upTo(e, last(x))),
      isInformed(e, { known: post(x, k), past: past(x, k), first: first(x) }),
    );
  });

/** The switch and the schedule: rules 24 and 30 a. */
const ofPosts: Readonly<Record<string, Term>> = {
  "24, 30 a: a line is the newest post of its key, or was dropped after its time": every(
    "Entry Entry",
    (e, x) => {
      const k = s.keyOf(e);
      const line = s.line(x, k);
      return implies(
        and(s.isPost(e), s.upTo(e, x)),
        and(
          isPostOf(line, k),
          s.upTo(line, x),
          le(s.post(e), s.post(line)),
          or(
            s.hasLine(x, k),
            and(s.isScheduled(k), le(cancelled, s.post(line)), isLongOver(k, plus(s.now, s.A))),
          ),
        ),
      );
    },
  ),
  "24, 30 a: a line is a post of its key": every("Entry Key", (x, k) =>
    implies(
      and(isAppended(x), s.hasLine(x, k)),
      and(isPostOf(s.line(x, k), k), s.upTo(s.line(x, k), x)),
    ),
  ),
  "24 b, 30 a: a read shows the newest posts of its entries": havePosts(s.paths.read),
  "24 b, 30 a: a read that begins a view shows the lines": every("Read Key", (q, k) =>
    implies(and(s.isServed(q), s.isKeyed(q)), le(heldPost(s.readLast(q), k), s.readPost(q, k))),
  ),
  "24 b, 30 a: a read shows a plan only if it stands": every("Read Key", (q, k) =>
    implies(
      and(s.isServed(q), s.hasEnded(q), s.isScheduled(k), eq(s.readPost(q, k), planned)),
      eq(heldPost(s.readLast(q), k), planned),
    ),
  ),
  "24 b, 30 a: an isolate knows the posts up to the end of its view": areInformed(
    s.paths.view,
    s.past,
  ),
  "24 c, 30 a: a copy has the posts up to its end": areInformed(s.paths.copy, s.copyPast),
  "24 c, 30 a: a copy has the posts of its entries": havePosts(s.paths.copy),
  "24 b: an isolate has used no newer post than it knows": every("Isolate Key", (i, k) =>
    or(s.isScheduled(k), le(s.usedPost(i, k), s.knownPost(i, k))),
  ),
  "24 e: an isolate knows its own posts": every("Isolate Entry", (i, e) =>
    implies(
      and(s.owes(i, e), s.isPost(e), not(s.isScheduled(s.keyOf(e)))),
      le(s.post(e), s.knownPost(i, s.keyOf(e))),
    ),
  ),
};

/** Scheduled purges: rule 30. */
const ofSchedule: Readonly<Record<string, Term>> = {
  "30: each clock differs from the true time by at most A": keepTime,
  "30: no date is more than A ahead": implies(
    s.keepsTime,
    and(
      ...Object.values(s.dates).map(({ sort, is, at, atTrue }) =>
        every(sort, (x) => implies(is(x), le(at(x), plus(atTrue(x), s.A)))),
      ),
    ),
  ),
  "30 a: stages that somebody knows have occurred": and(
    every("Isolate Key", (i, k) => isReal(k, s.knownPost(i, k))),
    every("Read Key", (q, k) =>
      implies(and(s.isServed(q), s.hasEnded(q)), isReal(k, s.readPost(q, k))),
    ),
    every("Copy Key", (c, k) => implies(s.isCopied(c), isReal(k, s.copyPost(c, k)))),
    every("Entry", (e) =>
      implies(
        and(isAppended(e), s.isPost(e), s.isScheduled(s.keyOf(e))),
        and(s.keepsTime, le(planned, s.post(e)), isReal(s.keyOf(e), s.post(e))),
      ),
    ),
  ),
  "30 b: a load takes its times and its stamp before the request": every("Response", (r) =>
    implies(
      and(s.isRequested(r), not(s.isGenerated(r))),
      and(
        eq(s.bodyAt(r), s.validAt(r)),
        eq(s.bodyTrue(r), s.validTrue(r)),
        implies(s.hasStamp(r), le(s.appendedAt(s.stamp(r)), s.bodyTrue(r))),
      ),
    ),
  ),
  "30 b: a response from before a purge's time precedes it": every("Response Key", (r, k) =>
    implies(
      s.isOld(r, k),
      and(
        s.isGenerated(r),
        isFromBefore(r, k, s.bodyTrue(r)),
        or(s.endsHard(k), isFromBefore(r, k, s.validTrue(r))),
      ),
    ),
  ),
  "30 d: no effect up to the stamp of a request with a validator has ended what it validates":
    every("Response Entry", (r, e) => {
      const k = s.keyOf(e);
      const isEnded = and(isStage(e, effective), s.isOld(s.validates(r), k), s.endsHard(k));
      return implies(
        and(s.isRequested(r), s.isConditional(r), isEnded, s.upTo(e, s.stamp(r))),
        s.isCancelled(k),
      );
    }),
  "30 f: no response from before the time has a stamp from after the effect": noOldStamp,
  "30 f: an effect is later than the time, and names the targets": every("Entry", (e) =>
    implies(
      and(isAppended(e), isStage(e, effective)),
      and(
        le(plus(s.time(s.keyOf(e)), s.settleMax), s.appendedAt(e)),
        every("Response", (r) => implies(s.names(s.keyOf(e), r), s.covers(e, r))),
      ),
    ),
  ),
  "30 f: there is no effect before the time": every("Key", (k) =>
    implies(s.hasEffect(k), and(s.keepsTime, le(plus(s.time(k), s.settleMax), s.now))),
  ),
  "30 g: a cancel is N earlier than the time": every("Entry", (e) =>
    implies(
      and(isAppended(e), isStage(e, cancelled)),
      lt(plus(s.appendedAt(e), s.lagMax), plus(s.time(s.keyOf(e)), s.behind)),
    ),
  ),
  "30 g: a purge whose cancel stands takes no effect": noEffectOfCancel,
};

export const ofKeys: Readonly<Record<string, Term>> = { ...ofPosts, ...ofSchedule };
