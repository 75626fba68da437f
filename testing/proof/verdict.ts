// The verdict on a response: rules 5 to 8, 10 and 23.
// Numbers in comments and names are rules of docs/internals/purge-protocol.md.
import { and, eq, lt, no, not, or, rule, some, type Term } from "./formula.ts";
import * as s from "./state.ts";
import { isBetween, isRecent } from "./state.ts";

export const inView = (i: Term, e: Term): Term =>
  and(s.hasView(i), isBetween(s.floor(i), e, s.end(i)));

/** The view's chain has the entry of the response's stamp. */
export const knowsStamp = (i: Term, r: Term): Term =>
  and(
    s.hasStamp(r),
    s.hasView(i),
    s.upTo(s.stamp(r), s.end(i)),
    rule("7 a trimmed", s.upTo(s.floor(i), s.stamp(r))),
  );

/** 5, 6, 22: an entry that the isolate knows purges the response. A soft purge only forbids its use as fresh. */
export const isPurged = (i: Term, r: Term, isFresh: Term): Term =>
  some("Entry", (e) =>
    and(
      or(inView(i, e), rule("22 applied", s.applies(i, e), no)),
      s.covers(e, r),
      or(rule("6 older", not(knowsStamp(i, r)), no), not(s.upTo(e, s.stamp(r)))),
      or(s.isHard(e), rule("5 soft", isFresh, no)),
    ),
  );

/** A use of a response, by a reading of the clock. */
export type Use = Readonly<Record<"isFresh" | "reading", Term>>;

const isUsable = (i: Term, r: Term, isFresh: Term): Term =>
  and(
    s.isGenerated(r),
    rule("5 hard", not(isPurged(i, r, isFresh))),
    rule("25 e hold", not(some("Entry", (e) => and(s.holds(i, e), s.covers(e, r))))),
  );

/** 7 a: the view proves that no older purge covers the response. */
export const provesByView = (i: Term, r: Term, { isFresh, reading }: Use): Term =>
  and(
    isUsable(i, r, isFresh),
    rule("7 a stamp", knowsStamp(i, r)),
    s.hasView(i),
    rule("10 view", s.isDated(i)),
    rule("7 a view", isRecent(reading, s.sentAt(i), r)),
  );

/** 7 b: the body time proves it. */
export const provesByBody = (i: Term, r: Term, { isFresh, reading }: Use): Term =>
  and(
    isUsable(i, r, isFresh),
    rule("7 b colo", and(s.hasColo(r), eq(s.bodyColo(r), s.coloOf(i)))),
    rule("7 b body", isRecent(reading, s.bodyAt(r), r)),
    rule("10 body", lt(s.doubt(i), s.bodyAt(r))),
  );

/** 5 to 8: the response may answer a request. */
export const mayAnswer = (i: Term, r: Term, use: Use): Term =>
  or(provesByView(i, r, use), provesByBody(i, r, use));

/** 23: the response's validator may be sent, and its 304 may answer the present request. */
export const mayValidate = (i: Term, r: Term, reading: Term): Term =>
  and(
    s.isGenerated(r),
    rule("23 stamp", knowsStamp(i, r)),
    rule("23 hard", not(isPurged(i, r, no))),
    rule("10 view", s.isDated(i)),
    rule("23 view", isRecent(reading, s.sentAt(i), r)),
  );

/** The entry forbids this use of the response, whatever isolates know. */
export const forbids = (e: Term, r: Term, isFresh: Term) =>
  and(s.isBefore(r, e), or(s.isHard(e), isFresh));
