// The inductive invariant that implies the promises of promises.ts.
// Numbers in comments and names are rules of docs/internals/purge-protocol.md.
import {
  and,
  eq,
  every,
  implies,
  int,
  le,
  lt,
  minus,
  not,
  or,
  plus,
  type Term,
} from "./formula.ts";
import * as s from "./state.ts";
import { isAppended, isBetween, knowsAllAt, zero } from "./state.ts";
import { inView } from "./verdict.ts";

type Dated = (typeof s.dates)[keyof typeof s.dates];
type Place = typeof s.end;

/** Entries: the rules on places (Terms), 17 to 22. */
const ofEntries: Readonly<Record<string, Term>> = {
  "constants are no less than 0": and(le(zero, s.A), le(zero, s.L)),
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
    every("Entry", (e) => implies(s.isWhole(e), s.isKept(e))),
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
  "17, 18: a mark that begins no journal names a lost entry": every("Entry", (m) =>
    implies(and(isAppended(m), s.isMark(m), not(s.begins(m))), not(s.isWhole(s.marks(m)))),
  ),
  "27: numbers rise along a path": every("Entry Entry", (x, y) =>
    implies(s.upTo(x, y), or(eq(x, y), lt(s.number(x), s.number(y)))),
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

const arePaths = ({ sort, is, first, last }: (typeof s.paths)[keyof typeof s.paths]) =>
  every(sort, (x) => implies(is(x), s.upTo(first(x), last(x))));

const areOfColo = ({ sort, is, by, atTrue }: Dated, colo: Place) =>
  every(sort, (x) => implies(is(x), and(le(atTrue(x), s.now), eq(s.coloOf(by(x)), colo(x)))));

const lackNone = ({ sort, is, atTrue }: Dated, end: Place) =>
  every(sort, (x) => implies(is(x), knowsAllAt(end(x), atTrue(x))));

/** Views, reads and copies: rules 11 to 17. */
const ofViews: Readonly<Record<string, Term>> = {
  "11: a view is a path": arePaths(s.paths.view),
  "11, 14: a view is dated by a clock of its colo": areOfColo(s.dates.view, s.coloOf),
  "11, 13: a view lacks no entry from before its read": lackNone(s.dates.view, s.end),
  "22: an isolate applies what it owes, or has it in its view": every("Isolate Entry", (i, e) =>
    implies(s.owes(i, e), or(s.applies(i, e), inView(i, e))),
  ),
  "14: a copy is a path": arePaths(s.paths.copy),
  "14: a copy is dated by a clock of its colo": areOfColo(s.dates.copy, s.copyColo),
  "14: a copy lacks no entry from before its read": lackNone(s.dates.copy, s.copyEnd),
  "11: a read is of the past": every("Read", (q) =>
    implies(
      s.isSent(q),
      and(implies(s.isBased(q), isAppended(s.base(q))), le(s.readTrue(q), s.now)),
    ),
  ),
  "12: a read shows a path": every("Read", (q) =>
    implies(s.isServed(q), and(s.isSent(q), s.upTo(s.readFirst(q), s.readLast(q)))),
  ),
  "11: a read lacks no entry from before its request": every("Read", (q) =>
    implies(and(s.isServed(q), s.hasEnded(q)), knowsAllAt(s.readLast(q), s.readTrue(q))),
  ),
  "17: an empty journal has lost the isolate's last entry": every("Read", (q) =>
    implies(s.showsNone(q), and(s.isSent(q), implies(s.isBased(q), not(s.isKept(s.base(q)))))),
  ),
  "19, 27: without a loss, the primary has an entry, or has trimmed it": every(
    "Read Entry",
    (q, e) =>
      implies(
        and(s.isServed(q), s.hasEnded(q), s.isPrimary(q), s.isWhole(e), s.upTo(e, s.readLast(q))),
        and(
          or(isBetween(s.readFirst(q), e, s.readLast(q)), s.isLong(s.readFirst(q), s.readLast(q))),
          s.upTo(s.readLined(q), s.readLast(q)),
        ),
      ),
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
          implies(s.hasColo(r), eq(s.bodyColo(r), s.coloOf(s.requester(r)))),
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

/** The isolate's clock was at no date further ahead than the isolate has noted, if it shows steps. */
const isNoted = (i: Term, date: Term, dateTrue: Term) =>
  implies(s.isSteady(i), le(minus(date, dateTrue), s.fast(i)));

const areNotedOrDoubted = ({ sort, is, by, at, atTrue }: Dated) =>
  every(sort, (x) =>
    implies(is(x), or(le(at(x), s.doubt(by(x))), isNoted(by(x), at(x), atTrue(x)))),
  );

/** Steps of clocks: rule 10. */
const ofClocks: Readonly<Record<string, Term>> = {
  "10: the last reading is not above the highest": every("Isolate", (i) =>
    le(plus(s.wokenAt(i), s.wokenOffset(i)), s.highest(i)),
  ),
  "10: the isolate has noted how far ahead the date of its own view was": every("Isolate", (i) =>
    implies(
      and(s.hasView(i), s.isDated(i), eq(s.sentBy(i), i)),
      isNoted(i, s.sentAt(i), s.sentTrue(i)),
    ),
  ),
  "10: ... or another isolate has its view, or doubts the date": areNotedOrDoubted(s.dates.view),
  "10: ... of its reads, unless a step came since": every("Read", (q) =>
    implies(
      and(s.isSent(q), s.isReadDated(q)),
      and(le(s.readTrue(q), s.now), isNoted(s.reader(q), s.readAt(q), s.readTrue(q))),
    ),
  ),
  "10: ... of copies of its view": areNotedOrDoubted(s.dates.copy),
  "10: ... of the bodies that it requested": areNotedOrDoubted(s.dates.body),
};

const isOlderPost = (e: Term, post: Term) => implies(s.isPost(e), le(s.post(e), post));

/** The switch: rule 24. */
const ofSwitch: Readonly<Record<string, Term>> = {
  "24: the key has no older post than the journal": every("Entry", (e) =>
    implies(and(s.isFilled, s.upTo(e, s.newest)), isOlderPost(e, s.keyPost)),
  ),
  "24 b: a read shows the newest post of its entries, or of the journal": every(
    "Read Entry",
    (q, e) =>
      implies(
        and(s.isServed(q), s.upTo(e, s.readLast(q)), or(s.isKeyed(q), s.upTo(s.readFirst(q), e))),
        isOlderPost(e, s.readPost(q)),
      ),
  ),
  "24 b: an isolate knows the newest post up to the end of its view": every(
    "Isolate Entry",
    (i, e) => implies(and(s.hasView(i), s.upTo(e, s.end(i))), isOlderPost(e, s.knownPost(i))),
  ),
  "24 c: a copy has the newest post up to its end": every("Copy Entry", (k, e) =>
    implies(and(s.isCopied(k), s.upTo(e, s.copyEnd(k))), isOlderPost(e, s.copyPost(k))),
  ),
  "24 b: an isolate has used no newer post than it knows": every("Isolate", (i) =>
    le(s.usedPost(i), s.knownPost(i)),
  ),
  "24 e: an isolate knows its own posts": every("Isolate Entry", (i, e) =>
    implies(s.owes(i, e), isOlderPost(e, s.knownPost(i))),
  ),
};

/** Data, and IDs: rules 25 to 28. */
const ofData: Readonly<Record<string, Term>> = {
  "25 e: a hold ends with a later purge of as much": every("Isolate Entry", (i, e) =>
    implies(
      and(s.tried(i, e), not(s.holds(i, e))),
      and(
        isAppended(s.heir(i, e)),
        le(s.triedAt(i, e), s.appendedAt(s.heir(i, e))),
        every("Response", (r) => implies(s.covers(e, r), s.covers(s.heir(i, e), r))),
      ),
    ),
  ),
  "26 d: an increment under way has not counted": every("Increment", (x) =>
    and(
      le(s.count(x), int(1)),
      implies(or(s.isUnderWay(x), not(s.isBegun(x))), le(s.count(x), zero)),
    ),
  ),
  "27 e: the window is a path whose names the isolate has": every("Isolate", (i) =>
    implies(
      s.hasWindow(i),
      and(
        s.upTo(s.windowFirst(i), s.windowLast(i)),
        every("Entry", (e) =>
          implies(isBetween(s.windowFirst(i), e, s.windowLast(i)), s.lists(i, e)),
        ),
      ),
    ),
  ),
  "28 c: IDs rise along a path": every("Entry Entry", (x, y) =>
    implies(s.upTo(x, y), or(eq(x, y), lt(s.id(x), s.id(y)))),
  ),
  "28 d: the stamp of a value is not before the purges before its `set`": every(
    "Response Entry",
    (r, e) =>
      implies(
        s.isSet(r),
        and(
          s.isGenerated(r),
          not(s.isConditional(r)),
          s.hasStamp(r),
          le(s.setTrue(r), s.now),
          implies(and(s.isKept(e), lt(s.appendedAt(e), s.setTrue(r))), s.upTo(e, s.stamp(r))),
        ),
      ),
  ),
};

export const invariant: Readonly<Record<string, Term>> = {
  ...ofEntries,
  ...ofViews,
  ...ofResponses,
  ...ofClocks,
  ...ofSwitch,
  ...ofData,
};

/** An empty journal, and isolates that know nothing. */
export const initial: Term = and(
  le(zero, s.A),
  le(zero, s.L),
  not(s.isFilled),
  every("Entry", (e) =>
    and(not(s.isAccepted(e)), not(s.isKept(e)), not(s.isWhole(e)), not(s.counts(e))),
  ),
  every("Entry Entry", (x, y) => not(s.upTo(x, y))),
  every("Response Entry", (r, e) => not(s.isBefore(r, e))),
  every("Isolate", (i) =>
    and(
      not(s.hasView(i)),
      not(s.hasWindow(i)),
      le(plus(s.wokenAt(i), s.wokenOffset(i)), s.highest(i)),
      le(s.usedPost(i), s.knownPost(i)),
    ),
  ),
  every("Isolate Entry", (i, e) => and(not(s.owes(i, e)), not(s.tried(i, e)))),
  every("Read", (q) => and(not(s.isSent(q)), not(s.isServed(q)), not(s.showsNone(q)))),
  every("Copy", (k) => not(s.isCopied(k))),
  every("Response", (r) => and(not(s.isRequested(r)), not(s.isGenerated(r)), not(s.isSet(r)))),
  every("Increment", (x) => and(not(s.isBegun(x)), eq(s.count(x), zero))),
);
