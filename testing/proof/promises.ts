// The promises, which follow from the invariant.
// Numbers in comments and names are rules of docs/internals/purge-protocol.md.
import {
  and,
  eq,
  every,
  implies,
  ite,
  le,
  lt,
  minus,
  not,
  or,
  plus,
  rule,
  yes,
  int,
  type Term,
} from "./formula.ts";
import * as s from "./state.ts";
import { clock, isAppended, isRecent, isUnnoticed, later, zero } from "./state.ts";
import { forbids, inView, mayAnswer, mayValidate, provesByBody, provesByView } from "./verdict.ts";

/** N, and what replicas and `lost` exceed A by. */
const bound = (n: Term, lost: Term): Term => plus(n, later(zero, minus(plus(lost, s.L), s.A)));

/** The moment of an answer: a reading of the clock, and the true time then. */
type Moment = Readonly<Record<"reading" | "at", Term>>;

/**
 * The clock that judges is by at most `lost` less ahead than a clock of its colo was at a date. So `lost` is
 * the difference of two clocks, and what a clock was set back by since.
 */
const loses = (
  i: Term,
  { by, date, dateTrue }: Readonly<Record<"by" | "date" | "dateTrue", Term>>,
  { reading, at, lost }: Moment & { lost: Term },
): Term =>
  rule(
    "assumed: clocks",
    implies(
      eq(s.coloOf(by), s.coloOf(i)),
      le(minus(date, dateTrue), plus(minus(reading, at), lost)),
    ),
  );

const viewLoses = (i: Term, moment: Moment & { lost: Term }) =>
  loses(i, { by: s.sentBy(i), date: s.sentAt(i), dateTrue: s.sentTrue(i) }, moment);

const bodyLoses = (i: Term, r: Term, moment: Moment & { lost: Term }) =>
  loses(i, { by: s.requester(r), date: s.bodyAt(r), dateTrue: s.bodyTrue(r) }, moment);

/** The entry forbids the use, and counts. */
const isBroken = (e: Term, r: Term, isFresh: Term) =>
  and(isAppended(e), s.counts(e), forbids(e, r, isFresh));

/** 28 c: the stored value, which is recent, is not newer than the written one. */
const mayReplace = (
  stored: Term,
  written: Term,
  { isLoaded, isFound }: Readonly<Record<"isLoaded" | "isFound", Term>>,
): Term => {
  const [storedId, writtenId] = [s.id(s.stamp(stored)), s.id(s.stamp(written))];
  return and(
    rule("28 c later", le(storedId, writtenId)),
    implies(and(isLoaded, not(isFound)), not(eq(storedId, writtenId))),
  );
};

export const promises: Readonly<Record<string, Term>> = {
  "no answer later than N after a purge": every(
    "Isolate Response Entry Bool Int Int Int",
    (i, r, e, isFresh, reading, at, lost) =>
      implies(
        and(
          le(at, s.now),
          or(
            and(provesByView(i, r, { isFresh, reading }), viewLoses(i, { reading, at, lost })),
            and(provesByBody(i, r, { isFresh, reading }), bodyLoses(i, r, { reading, at, lost })),
          ),
          isBroken(e, r, isFresh),
        ),
        le(at, plus(s.countsFrom(e), bound(s.N(r), lost))),
      ),
  ),
  "no 304 answers later than N after a hard purge": every(
    "Isolate Response Entry Int Int Int",
    (i, r, e, reading, at, lost) =>
      implies(
        and(
          le(at, s.now),
          s.isGenerated(r),
          rule("23 again", mayValidate(i, r, reading)),
          viewLoses(i, { reading, at, lost }),
          s.isHard(e),
          isBroken(e, r, yes),
        ),
        le(at, plus(s.countsFrom(e), bound(s.N(r), lost))),
      ),
  ),
  "10: with a steady clock, an isolate's own dates lose at most A": every(
    "Isolate Response Entry Bool",
    (i, r, e, isFresh) => {
      const use = { isFresh, reading: clock(i) };
      return implies(
        and(
          s.isSteady(i),
          rule("10 step", isUnnoticed(i)),
          or(
            and(eq(s.sentBy(i), i), provesByView(i, r, use)),
            and(eq(s.requester(r), i), provesByBody(i, r, use)),
          ),
          isBroken(e, r, isFresh),
        ),
        le(s.now, plus(s.countsFrom(e), bound(s.N(r), s.A))),
      );
    },
  ),
  "10: without one, an unnoticed step is at most A longer than the sleep": every("Isolate", (i) =>
    implies(
      and(isUnnoticed(i), lt(s.wokenAt(i), s.now)),
      le(minus(s.wokenOffset(i), s.offset(i)), plus(minus(s.now, s.wokenAt(i)), s.A)),
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
  "17, 18: no mark is appended if nothing was lost": every("Entry Entry", (m, e) =>
    implies(
      and(isAppended(m), s.isMark(m)),
      ite(s.begins(m), implies(s.upTo(e, m), eq(e, m)), not(s.isWhole(s.marks(m)))),
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
  "24: no older state of the switch is used than N after a post": every(
    "Isolate Response Entry Int Int Int",
    (i, r, e, reading, at, lost) =>
      implies(
        and(
          le(at, s.now),
          s.hasView(i),
          s.isDated(i),
          rule("24 d view", isRecent(reading, s.sentAt(i), r)),
          viewLoses(i, { reading, at, lost }),
          s.isKept(e),
          s.isPost(e),
          lt(s.knownPost(i), s.post(e)),
        ),
        le(at, plus(s.countsFrom(e), bound(s.N(r), lost))),
      ),
  ),
  "24: an isolate never returns to an older post, and uses its own": every(
    "Isolate Entry",
    (i, e) =>
      and(
        le(s.usedPost(i), s.knownPost(i)),
        implies(and(s.owes(i, e), s.isPost(e)), le(s.post(e), s.knownPost(i))),
      ),
  ),
  "25 e: after a failed purge, the isolate answers only behind a purge of as much": every(
    "Isolate Response Entry Bool Int",
    (i, r, e, isFresh, reading) =>
      implies(
        and(s.tried(i, e), s.covers(e, r), mayAnswer(i, r, { isFresh, reading })),
        and(
          isAppended(s.heir(i, e)),
          le(s.triedAt(i, e), s.appendedAt(s.heir(i, e))),
          s.covers(s.heir(i, e), r),
        ),
      ),
  ),
  "26 d: no increment counts twice": every("Increment", (x) => le(s.count(x), int(1))),
  "28 c: no purged value replaces a recent one that is not": every(
    "Response Response Entry Bool Bool",
    (stored, written, e, isLoaded, isFound) =>
      not(
        and(
          s.isGenerated(written),
          s.hasStamp(stored),
          s.hasStamp(written),
          mayReplace(stored, written, { isLoaded, isFound }),
          s.isBefore(written, e),
          s.upTo(e, s.stamp(stored)),
          s.upTo(s.stamp(written), s.stamp(stored)),
        ),
      ),
  ),
  "28 d: no purge from before a `set` purges its value": every("Response Entry", (r, e) =>
    implies(and(s.isSet(r), s.isKept(e), lt(s.appendedAt(e), s.setTrue(r))), s.upTo(e, s.stamp(r))),
  ),
};
