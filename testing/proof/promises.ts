// The promises, which follow from the invariant.
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
  not,
  or,
  plus,
  rule,
  yes,
  int,
  type Term,
} from "./formula.ts";
import {
  cancelled,
  hasAllEffects,
  hasEnded,
  isStage,
  noEffectOfCancel,
  noOldStamp,
  planned,
  requestedAt,
  willEnd,
} from "./schedule.ts";
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

/** After the loss of an effect, the promise begins again with the next effect. */
const isStanding = (e: Term, k: Term) => or(not(isStage(e, planned)), hasAllEffects(k));

/** Returns the promise of a post of a purge for a response, at the present reading of an isolate's clock. */
const scheduled = (
  promise: (
    of: Record<"i" | "r" | "e" | "k" | "isFresh" | "due", Term> & {
      readonly moment: Moment & { lost: Term };
    },
  ) => readonly [premise: Term, conclusion: Term],
): Term =>
  every("Isolate Response Entry Bool Int", (i, r, e, isFresh, lost) => {
    const k = s.keyOf(e);
    const due = plus(s.appendedAt(e), bound(s.N(r), lost));
    const moment = { reading: clock(i), at: s.now, lost };
    const [premise, conclusion] = promise({ i, r, e, k, isFresh, due, moment });
    const isPurge = and(s.isPost(e), s.isScheduled(k), s.isKept(e), isStanding(e, k));
    return implies(and(isPurge, premise), conclusion);
  });

/** A current view, as for rule 7 a. */
const isCurrent = (i: Term, r: Term, { reading, at, lost }: Moment & { lost: Term }) =>
  and(
    s.hasView(i),
    s.isDated(i),
    isRecent(reading, s.sentAt(i), r),
    viewLoses(i, { reading, at, lost }),
  );

/** Scheduled purges, by posts that the journal has. */
const ofSchedule: Readonly<Record<string, Term>> = {
  "30: no answer from before the time, once it is past, and N after the acceptance": scheduled(
    ({ i, r, k, isFresh, due, moment }) => [
      and(
        isCurrent(i, r, moment),
        or(
          provesByView(i, r, { isFresh, reading: moment.reading }),
          and(
            provesByBody(i, r, { isFresh, reading: moment.reading }),
            bodyLoses(i, r, moment),
            le(moment.lost, s.A),
          ),
        ),
        s.isOld(r, k),
        or(s.endsHard(k), isFresh),
      ),
      or(s.isCancelled(k), le(s.now, later(s.time(k), due))),
    ],
  ),
  "30: an old view answers until N + settleSeconds after the time": scheduled(
    ({ i, r, k, isFresh, moment }) => [
      and(
        provesByBody(i, r, { isFresh, reading: moment.reading }),
        bodyLoses(i, r, moment),
        s.isOld(r, k),
      ),
      le(s.now, plus(s.time(k), s.settle(r), minus(plus(s.N(r), moment.lost), s.A))),
    ],
  ),
  "30 c: an isolate returns to no response that it has ended": every(
    "Isolate Response Key Bool",
    (i, r, k, isFresh) => {
      const isKnown = willEnd(i, r, k, requestedAt(r, k));
      const isPast = le(minus(s.time(k), s.A), s.shown(i));
      const isForbidden = or(s.endsHard(k), isFresh);
      return not(
        and(isKnown, isPast, isForbidden, mayAnswer(i, r, { isFresh, reading: clock(i) })),
      );
    },
  ),
  "30 d: no 304 renews a response across the time": scheduled(({ i, r, k, due, moment }) => [
    and(
      rule("23 again", mayValidate(i, r, moment.reading)),
      viewLoses(i, moment),
      s.hasView(i),
      s.isOld(r, k),
      s.endsHard(k),
    ),
    or(s.isCancelled(k), le(s.now, later(s.time(k), due))),
  ]),
  "30 e: lifetimes downstream end by the time": every(
    "Isolate Response Entry Int Int",
    (i, r, e, lost, lifetime) => {
      const [k, reading, at] = [s.keyOf(e), clock(i), s.now];
      const until = plus(reading, lifetime);
      const isKnown = willEnd(i, r, k, requestedAt(r, k));
      return implies(
        and(
          and(s.isPost(e), s.isScheduled(k), s.isKept(e), not(s.isCancelled(k)), isStanding(e, k)),
          isCurrent(i, r, { reading, at, lost }),
          provesByView(i, r, { isFresh: yes, reading }),
          s.isOld(r, k),
          lt(plus(s.appendedAt(e), bound(s.N(r), lost)), s.now),
          rule("30 e", implies(isKnown, le(until, minus(s.time(k), s.A)))),
        ),
        le(plus(s.now, lifetime), s.time(k)),
      );
    },
  ),
  "30 f: no response from before the time has a stamp from after the effect": noOldStamp,
  "30 g: a purge whose cancel stands takes no effect": noEffectOfCancel,
  "30 g: from its time on, a cancelled purge ends nothing": scheduled(({ i, r, e, k, moment }) => [
    and(isCurrent(i, r, moment), isStage(e, cancelled), hasEnded(i, r, k, moment.reading)),
    le(s.now, plus(s.time(k), minus(plus(s.L, moment.lost, s.behind), s.A))),
  ]),
};

export const promises: Readonly<Record<string, Term>> = {
  "no answer later than N after a purge": every(
    "Isolate Response Entry Bool Int Int Int",
    (i, r, e, isFresh, lost, reading, at) =>
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
          not(s.isScheduled(s.keyOf(e))),
          lt(s.knownPost(i, s.keyOf(e)), s.post(e)),
        ),
        le(at, plus(s.countsFrom(e), bound(s.N(r), lost))),
      ),
  ),
  "24: an isolate never returns to an older post, and uses its own": every(
    "Isolate Entry",
    (i, e) => {
      const known = s.knownPost(i, s.keyOf(e));
      return or(
        s.isScheduled(s.keyOf(e)),
        and(
          le(s.usedPost(i, s.keyOf(e)), known),
          implies(and(s.owes(i, e), s.isPost(e)), le(s.post(e), known)),
        ),
      );
    },
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
  ...ofSchedule,
  "28 d: no purge from before a `set` purges its value": every("Response Entry", (r, e) =>
    implies(and(s.isSet(r), s.isKept(e), lt(s.appendedAt(e), s.setTrue(r))), s.upTo(e, s.stamp(r))),
  ),
};
