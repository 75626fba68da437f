// The verdict on a response, the promises about it, and the inductive invariant that implies them.
// Numbers in comments and names are rules of docs/purge-protocol.md.
import {
  and,
  eq,
  every,
  implies,
  ite,
  le,
  lt,
  minus,
  no,
  not,
  or,
  plus,
  rule,
  some,
  type Term,
} from "./formula.ts";
import * as s from "./state.ts";
import { isAppended, isBetween, isRecent, knowsAllAt, shows, zero } from "./state.ts";

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

/** 5 to 8: the response may answer a request that reads its clock as `reading`. */
export const mayAnswer = (
  i: Term,
  r: Term,
  { isFresh, reading }: Record<"isFresh" | "reading", Term>,
): Term =>
  and(
    s.isGenerated(r),
    rule("5 hard", not(isPurged(i, r, isFresh))),
    or(
      and(
        rule("7 a stamp", knowsStamp(i, r)),
        s.hasView(i),
        rule("7 a view", isRecent(reading, s.sentAt(i), r)),
      ),
      and(
        rule("7 b colo", and(s.hasColo(r), eq(s.bodyColo(r), s.coloOf(i)))),
        rule("7 b body", isRecent(reading, s.bodyAt(r), r)),
      ),
    ),
  );

/** 23: the response's validator may be sent, and its 304 may answer the present request. */
export const mayValidate = (i: Term, r: Term, reading: Term): Term =>
  and(
    s.isGenerated(r),
    rule("23 stamp", knowsStamp(i, r)),
    rule("23 hard", not(isPurged(i, r, no))),
    rule("23 view", isRecent(reading, s.sentAt(i), r)),
  );

/** The entry forbids this use of the response, whatever isolates know. */
const forbids = (e: Term, r: Term, isFresh: Term) =>
  and(s.isBefore(r, e), or(s.isHard(e), isFresh));

/** N, and what clocks and replicas exceed A by. */
export const bound = (r: Term): Term => {
  const excess = minus(plus(s.E, s.L), s.A);
  return plus(s.N(r), ite(lt(excess, zero), zero, excess));
};

export const promises: Readonly<Record<string, Term>> = {
  "no answer later than N after a purge": every(
    "Isolate Response Entry Bool Int Int",
    (i, r, e, isFresh, reading, at) =>
      implies(
        and(
          le(at, s.now),
          shows(s.coloOf(i), reading, at),
          mayAnswer(i, r, { isFresh, reading }),
          isAppended(e),
          s.counts(e),
          forbids(e, r, isFresh),
        ),
        le(at, plus(s.countsFrom(e), bound(r))),
      ),
  ),
  "no 304 answers later than N after a hard purge": every(
    "Isolate Response Entry Int Int",
    (i, r, e, reading, at) =>
      implies(
        and(
          le(at, s.now),
          shows(s.coloOf(i), reading, at),
          mayValidate(i, r, reading),
          isAppended(e),
          s.counts(e),
          forbids(e, r, no),
        ),
        le(at, plus(s.countsFrom(e), bound(r))),
      ),
  ),
  "a purge counts from its acceptance, unless it was lost": every("Entry", (e) =>
    implies(
      s.isAccepted(e),
      and(
        isAppended(e),
        implies(s.isKept(e), and(s.counts(e), le(s.countsFrom(e), s.acceptedAt(e)))),
      ),
    ),
  ),
  "an isolate that knows a purge obeys it": every(
    "Isolate Response Entry Bool Int",
    (i, r, e, isFresh, reading) =>
      not(
        and(
          mayAnswer(i, r, { isFresh, reading }),
          or(inView(i, e), s.owes(i, e)),
          forbids(e, r, isFresh),
        ),
      ),
  ),
};

/** Entries: the rules on places (Terms), 17 to 22. */
const ofEntries: Readonly<Record<string, Term>> = {
  "constants are no less than 0": and(le(zero, s.A), le(zero, s.E), le(zero, s.L)),
  "Terms: a path has appended entries": every("Entry Entry", (x, y) =>
    implies(s.upTo(x, y), and(isAppended(x), isAppended(y))),
  ),
  "Terms: paths continue": every("Entry Entry Entry", (x, y, z) =>
    implies(and(s.upTo(x, y), s.upTo(y, z)), s.upTo(x, z)),
  ),
  "Terms: an entry has one past": every("Entry Entry Entry", (x, y, z) =>
    implies(and(s.upTo(x, z), s.upTo(y, z)), or(s.upTo(x, y), s.upTo(y, x))),
  ),
  "21: an accepted entry was appended before": every("Entry", (e) =>
    implies(s.isAccepted(e), and(isAppended(e), le(s.appendedAt(e), s.acceptedAt(e)))),
  ),
  "20: the journal has all kept entries": and(
    implies(s.isFilled, isAppended(s.newest)),
    every("Entry", (e) => implies(s.isKept(e), and(s.isFilled, s.upTo(e, s.newest)))),
  ),
  "entries are of the past": every("Entry", (e) =>
    implies(isAppended(e), le(s.appendedAt(e), s.now)),
  ),
  "20: entries are appended in the order of their path": every("Entry Entry", (x, y) =>
    implies(s.upTo(x, y), le(s.appendedAt(x), s.appendedAt(y))),
  ),
  "18: a mark that begins a journal has no past": every("Entry Entry", (m, e) =>
    implies(and(s.upTo(e, m), s.begins(m)), eq(e, m)),
  ),
  "17: a mark covers everything": every("Entry", (m) =>
    implies(
      and(isAppended(m), s.isMark(m)),
      and(
        s.isHard(m),
        isAppended(s.marks(m)),
        le(s.appendedAt(s.marks(m)), s.appendedAt(m)),
        every("Response", (r) => s.covers(m, r)),
      ),
    ),
  ),
  "17: a mark purges what the lost entries purged": every("Entry Entry Response", (m, e, r) =>
    implies(
      and(isAppended(m), s.isMark(m), s.upTo(e, s.marks(m)), s.isBefore(r, e)),
      s.isBefore(r, m),
    ),
  ),
  "a kept entry counts from its append": every("Entry", (e) =>
    implies(
      s.isKept(e),
      and(s.counts(e), eq(s.witness(e), e), eq(s.countsFrom(e), s.appendedAt(e))),
    ),
  ),
  "17, 22: the witness of an entry purges as much": every("Entry", (e) =>
    implies(
      and(isAppended(e), s.counts(e)),
      and(
        s.isKept(s.witness(e)),
        le(s.appendedAt(s.witness(e)), s.countsFrom(e)),
        le(s.appendedAt(e), s.appendedAt(s.witness(e))),
        implies(s.isHard(e), s.isHard(s.witness(e))),
        implies(s.begins(s.witness(e)), s.begins(e)),
        every("Response", (r) => implies(s.covers(e, r), s.covers(s.witness(e), r))),
        every("Response", (r) => implies(s.isBefore(r, e), s.isBefore(r, s.witness(e)))),
      ),
    ),
  ),
};

/** Views, reads and copies: rules 11 to 17. */
const ofViews: Readonly<Record<string, Term>> = {
  "11: a view is a path, and dated by the isolate's clock": every("Isolate", (i) =>
    implies(
      s.hasView(i),
      and(
        s.upTo(s.floor(i), s.end(i)),
        le(s.sentTrue(i), s.now),
        shows(s.coloOf(i), s.sentAt(i), s.sentTrue(i)),
      ),
    ),
  ),
  "11, 13: a view lacks no entry from before its read": every("Isolate", (i) =>
    implies(s.hasView(i), knowsAllAt(s.end(i), s.sentTrue(i))),
  ),
  "22: an isolate applies what it owes, or has it in its view": every("Isolate Entry", (i, e) =>
    implies(s.owes(i, e), or(s.applies(i, e), inView(i, e))),
  ),
  "14: a copy is a path, and dated by a clock of its colo": every("Copy", (k) =>
    implies(
      s.isCopied(k),
      and(
        s.upTo(s.copyFloor(k), s.copyEnd(k)),
        le(s.copyTrue(k), s.now),
        shows(s.copyColo(k), s.copyAt(k), s.copyTrue(k)),
      ),
    ),
  ),
  "14: a copy lacks no entry from before its read": every("Copy", (k) =>
    implies(s.isCopied(k), knowsAllAt(s.copyEnd(k), s.copyTrue(k))),
  ),
  "11: a read is dated by the request": every("Read", (q) =>
    implies(
      s.isSent(q),
      and(
        implies(s.isBased(q), isAppended(s.base(q))),
        le(s.readTrue(q), s.now),
        shows(s.coloOf(s.reader(q)), s.readAt(q), s.readTrue(q)),
      ),
    ),
  ),
  "12: a read shows a path": every("Read", (q) =>
    implies(
      s.isServed(q),
      and(
        s.isSent(q),
        s.upTo(s.readFirst(q), s.readLast(q)),
        s.upTo(s.readNamed(q), s.readLast(q)),
      ),
    ),
  ),
  "11: a read lacks no entry from before its request": every("Read", (q) =>
    implies(and(s.isServed(q), s.hasEnded(q)), knowsAllAt(s.readLast(q), s.readTrue(q))),
  ),
  "16: the primary lacks no kept entry that the isolate knew": every("Read Entry", (q, e) =>
    implies(
      and(
        s.isServed(q),
        s.hasEnded(q),
        s.isPrimary(q),
        s.isBased(q),
        s.isKept(e),
        s.upTo(e, s.base(q)),
      ),
      s.upTo(e, s.readLast(q)),
    ),
  ),
};

/** Responses: rules 1, 2, 4, 23 to 27. */
const ofResponses: Readonly<Record<string, Term>> = {
  "1: stamp and body time are of the past": every("Response", (r) =>
    and(
      implies(s.isGenerated(r), s.isRequested(r)),
      implies(
        s.isRequested(r),
        and(
          implies(s.hasStamp(r), isAppended(s.stamp(r))),
          le(s.bodyTrue(r), s.now),
          implies(
            s.hasColo(r),
            le(minus(s.bodyAt(r), s.bodyTrue(r)), plus(s.ahead(s.bodyColo(r)), s.E)),
          ),
        ),
      ),
    ),
  ),
  "1, 2, 4, 27: no entry up to the stamp purges the response": every("Response Entry", (r, e) =>
    implies(and(s.isGenerated(r), s.hasStamp(r), s.upTo(e, s.stamp(r))), not(s.isBefore(r, e))),
  ),
  "1: an entry that purges the response is later than its body time": every(
    "Response Entry",
    (r, e) => implies(s.isBefore(r, e), le(s.bodyTrue(r), s.appendedAt(e))),
  ),
  "5: an entry purges only what it covers": every("Response Entry", (r, e) =>
    implies(s.isBefore(r, e), and(s.isGenerated(r), isAppended(e), s.covers(e, r))),
  ),
  "23: no hard entry up to the stamp of a 304 purges what it validates": every("Response", (r) =>
    implies(
      and(s.isRequested(r), s.isConditional(r)),
      and(
        s.isGenerated(s.validates(r)),
        s.hasStamp(r),
        every("Entry", (e) =>
          implies(and(s.upTo(e, s.stamp(r)), s.isHard(e)), not(s.isBefore(s.validates(r), e))),
        ),
      ),
    ),
  ),
};

export const invariant: Readonly<Record<string, Term>> = {
  ...ofEntries,
  ...ofViews,
  ...ofResponses,
};

/** An empty journal, and isolates that know nothing. */
export const initial: Term = and(
  le(zero, s.A),
  le(zero, s.E),
  le(zero, s.L),
  not(s.isFilled),
  every("Entry", (e) => and(not(s.isAccepted(e)), not(s.isKept(e)), not(s.counts(e)))),
  every("Entry Entry", (x, y) => not(s.upTo(x, y))),
  every("Response Entry", (r, e) => not(s.isBefore(r, e))),
  every("Isolate", (i) => not(s.hasView(i))),
  every("Isolate Entry", (i, e) => not(s.owes(i, e))),
  every("Read", (q) => and(not(s.isSent(q)), not(s.isServed(q)))),
  every("Copy", (k) => not(s.isCopied(k))),
  every("Response", (r) => and(not(s.isRequested(r)), not(s.isGenerated(r)))),
);
