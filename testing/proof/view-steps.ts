// The steps of isolates and their colos: reads, views and copies (rules 11 to 17, and 22).
// Numbers in comments and names are rules of docs/internals/purge-protocol.md.
import {
  and,
  eq,
  every,
  implies,
  ite,
  le,
  lt,
  no,
  not,
  or,
  plus,
  rule,
  yes,
  type Application,
  type Term,
} from "./formula.ts";
import { inView } from "./verdict.ts";
import { countAgain, purgesAsMuch } from "./journal-steps.ts";
import * as s from "./state.ts";
import { clock, isAppended, isBetween, isUnnoticed, knowsAllAt, later } from "./state.ts";
import { becomes, type Change, set, step, type Step } from "./step.ts";

/** The view becomes as old as a read, unless it is younger. */
function dated(i: Term, { is = yes, ...given }: DateOfView & { is?: Term }): Change[] {
  const isLater = and(is, or(not(s.hasView(i)), not(s.isDated(i)), lt(s.sentAt(i), given.sentAt)));
  const isDated = or(is, and(s.hasView(i), s.isDated(i)));
  const become = (symbol: Application, value: Term) => set(symbol, ite(isLater, value, symbol));
  return [
    set(s.isDated(i), isDated),
    become(s.sentAt(i), given.sentAt),
    become(s.sentTrue(i), given.sentTrue),
    become(s.sentBy(i), given.sentBy),
  ];
}

type DateOfView = Readonly<Record<"sentAt" | "sentTrue" | "sentBy", Term>>;

/** 22: the isolate applies an accepted entry beside its view until the view gets it, or a mark. */
const becomesView = (i: Term, first: Term, last: Term, isMarked = no): Change[] => [
  set(s.hasView(i), yes),
  set(s.floor(i), first),
  set(s.end(i), last),
  becomes(s.applies, (j, e) =>
    and(
      s.applies(j, e),
      or(not(eq(j, i)), and(rule("22 read", not(s.upTo(e, last)), no), not(isMarked))),
    ),
  ),
  becomes(s.owes, (j, e) =>
    and(
      s.owes(j, e),
      or(
        not(eq(j, i)),
        isBetween(first, e, last),
        and(s.applies(i, e), not(s.upTo(e, last)), not(isMarked)),
      ),
    ),
  ),
];

/** 11: the view is as old as the request of its read, not as its arrival. */
const viewOf = (i: Term, q: Term, first: Term, isMarked = no) => [
  ...becomesView(i, first, s.readLast(q), isMarked),
  ...dated(i, {
    is: rule("10 read", s.isReadDated(q)),
    sentAt: rule("11 date", s.readAt(q), clock(i)),
    sentTrue: rule("11 date", s.readTrue(q), s.now),
    sentBy: i,
  }),
  noteReading(i, ite(s.isReadDated(q), s.readAt(q), s.highest(i))),
  learn(i, rule("24 b read", s.readPost(q), s.knownPost(i))),
];

/** 10: of all times that a clock of the colo has shown to the isolate. */
const noteReading = (i: Term, at: Term) => set(s.highest(i), later(s.highest(i), at));

/** 10: the isolate notes what its clock shows, for a time that it will use. */
export const noteClock = (i: Term) =>
  set(s.fast(i), rule("10 noted", later(s.fast(i), s.offset(i)), s.fast(i)));

/** 24 b: the isolate learns of a post. */
const learn = (i: Term, post: Term) =>
  set(s.knownPost(i), rule("24 b newest", later(s.knownPost(i), post), post));

type Shown = Readonly<Record<"isPrimary" | "first" | "lined" | "last" | "hasEnded", Term>>;

/**
 * A page of a server: every path that has what it must. The primary also lacks no kept entry. If it has lost
 * nothing since an entry, that one is in the stream or was trimmed, and the lineages are a path to the last one.
 */
const showsAll = ({ isPrimary, first, lined, last, hasEnded }: Shown): Term =>
  implies(
    hasEnded,
    and(
      rule("assumed: lag", knowsAllAt(last, s.now)),
      implies(
        isPrimary,
        every("Entry", (e) =>
          and(
            implies(s.isKept(e), s.upTo(e, last)),
            implies(
              and(s.isWhole(e), s.upTo(e, last)),
              and(
                or(isBetween(first, e, last), rule("19 leaves", s.isLong(first, last))),
                rule("27 lined", s.upTo(lined, last)),
              ),
            ),
          ),
        ),
      ),
    ),
  );

/** 24 b: one state of the database has these entries and the post, which is that of the key or theirs. */
const showsPosts = (isShown: (e: Term) => Term, post: Term) =>
  every("Entry", (e) =>
    implies(and(isShown(e), s.isPost(e)), rule("24 b atomic", le(s.post(e), post))),
  );

const hasArrived = (i: Term, q: Term) =>
  and(s.isServed(q), eq(s.reader(q), i), rule("11 ended", s.hasEnded(q)));

/** 13: the view still ends where it ended when the read was sent. */
const isStill = (i: Term, q: Term) => and(s.hasView(i), s.isBased(q), eq(s.base(q), s.end(i)));

/** 21, 24 e: the isolate applies its own entry. */
export const obey = (i: Term, e: Term): Change[] => [
  set(s.applies(i, e), not(inView(i, e))),
  set(s.owes(i, e), yes),
  learnOwn(i, e),
];

const learnOwn = (i: Term, e: Term) =>
  learn(i, ite(s.isPost(e), rule("24 e", s.post(e), s.knownPost(i)), s.knownPost(i)));

export const ofViews: Readonly<Record<string, Step>> = {
  send: step("Isolate Read", (i, q) => [
    not(s.isSent(q)),
    [
      noteClock(i),
      set(s.isSent(q), yes),
      set(s.isReadDated(q), yes),
      set(s.reader(q), i),
      set(s.isBased(q), s.hasView(i)),
      set(s.base(q), s.end(i)),
      set(s.readAt(q), clock(i)),
      set(s.readTrue(q), s.now),
    ],
  ]),
  // 17: the primary has no entry.
  serveNone: step("Read", (q) => [
    and(s.isSent(q), not(s.isServed(q)), not(s.isFilled)),
    [set(s.showsNone(q), yes)],
  ]),
  // 11, 12: entries, and for rules 17 and 27 lineages and epochs.
  serve: step(
    "Read Entry Entry Entry Entry Bool Bool Bool Int",
    (q, first, last, lined, listed, isPrimary, hasEnded, isKeyed, post) => [
      and(
        s.isSent(q),
        not(s.isServed(q)),
        s.upTo(first, last),
        showsPosts(
          (e) => and(s.upTo(e, last), or(s.upTo(first, e), and(isKeyed, not(isPrimary)))),
          post,
        ),
        implies(
          and(isKeyed, isPrimary),
          and(s.isFilled, s.upTo(last, s.newest), rule("24 b atomic", le(s.keyPost, post))),
        ),
        showsAll({ isPrimary, first, lined, last, hasEnded }),
      ),
      [
        set(s.isServed(q), yes),
        set(s.isPrimary(q), isPrimary),
        set(s.hasEnded(q), hasEnded),
        set(s.readFirst(q), first),
        set(s.readLast(q), last),
        set(s.readLined(q), lined),
        set(s.readListed(q), listed),
        set(s.isKeyed(q), isKeyed),
        set(s.readPost(q), post),
      ],
    ],
  ),
  // 12: a cold isolate. Every view may drop its oldest entries.
  begin: step("Isolate Read Entry", (i, q, first) => [
    and(
      hasArrived(i, q),
      not(s.hasView(i)),
      rule("24 b key", s.isKeyed(q)),
      isBetween(s.readFirst(q), first, s.readLast(q)),
    ),
    viewOf(i, q, first),
  ]),
  // 11, 13: a read that has the view's last entry extends the view.
  extend: step("Isolate Read Entry", (i, q, first) => [
    and(
      hasArrived(i, q),
      s.hasView(i),
      rule("11 joint", isBetween(s.readFirst(q), s.end(i), s.readLast(q))),
      isBetween(s.floor(i), first, s.readLast(q)),
    ),
    viewOf(i, q, first),
  ]),
  // 12: a read that has the view's oldest entry adds entries before it.
  readBack: step("Isolate Read Entry", (i, q, first) => [
    and(
      hasArrived(i, q),
      s.hasView(i),
      isBetween(s.readFirst(q), first, s.readLast(q)),
      rule("12 back", isBetween(first, s.floor(i), s.readLast(q))),
    ),
    becomesView(i, first, s.end(i)),
  ]),
  // 16, 17: the view begins again. The primary or the lineages have its last entry, or a mark names
  // it, or its lineage was dropped. From then on, the promise holds for the lost entries of the view,
  // by the mark. If the lineage was dropped, nobody notices the loss.
  restart: step("Isolate Read Entry Entry", (i, q, first, m) => {
    const isMarked = and(
      s.isMark(m),
      eq(s.marks(m), s.end(i)),
      isBetween(s.readFirst(q), m, s.readLast(q)),
    );
    const isDropped = s.isDropped(s.end(i), s.readLined(q));
    const isLost = (e: Term) =>
      and(
        not(isDropped),
        s.isKept(m),
        inView(i, e),
        not(s.upTo(e, s.readLast(q))),
        not(s.counts(e)),
      );
    return [
      and(
        hasArrived(i, q),
        isStill(i, q),
        rule("16 primary", s.isPrimary(q)),
        rule("24 b key", s.isKeyed(q)),
        rule("17 marked", or(s.upTo(s.end(i), s.readLast(q)), isMarked, isDropped)),
        isBetween(s.readFirst(q), first, s.readLast(q)),
      ),
      [...viewOf(i, q, first, isMarked), ...countAgain(isLost, m)],
    ];
  }),
  // 14: an isolate stores a copy of its view in its colo.
  copy: step("Isolate Copy Entry", (i, k, first) => [
    and(not(s.isCopied(k)), inView(i, first), s.isDated(i)),
    [
      set(s.isCopied(k), yes),
      set(s.copyColo(k), s.coloOf(i)),
      set(s.copyFloor(k), first),
      set(s.copyEnd(k), s.end(i)),
      set(s.copyBy(k), s.sentBy(i)),
      set(s.copyPost(k), s.knownPost(i)),
      set(s.copyAt(k), rule("14 date", s.sentAt(i), clock(i))),
      set(s.copyTrue(k), rule("14 date", s.sentTrue(i), s.now)),
    ],
  ]),
  // 14: a copy extends a view whose last entry it has, and becomes that of a cold isolate.
  take: step("Isolate Copy Entry", (i, k, first) => [
    and(
      s.isCopied(k),
      rule("14 colo", eq(s.copyColo(k), s.coloOf(i))),
      rule("10 copy", lt(s.doubt(i), s.copyAt(k))),
      ite(
        s.hasView(i),
        and(
          rule("14 joint", isBetween(s.copyFloor(k), s.end(i), s.copyEnd(k))),
          isBetween(s.floor(i), first, s.copyEnd(k)),
        ),
        isBetween(s.copyFloor(k), first, s.copyEnd(k)),
      ),
    ),
    [
      ...becomesView(i, first, s.copyEnd(k)),
      ...dated(i, { sentAt: s.copyAt(k), sentTrue: s.copyTrue(k), sentBy: s.copyBy(k) }),
      noteReading(i, s.copyAt(k)),
      learn(i, rule("24 c", s.copyPost(k), s.knownPost(i))),
    ],
  ]),
  // 21: the journal has confirmed an entry of the isolate.
  apply: step("Isolate Entry", (i, e) => [rule("21 own", isAppended(e)), obey(i, e)]),
  // 22: the isolate has appended its lost entry again.
  applyAgain: step("Isolate Entry Entry", (i, lost, e) => [
    and(isAppended(e), purgesAsMuch(e, lost)),
    [
      becomes(s.applies, (j, x) =>
        or(
          and(s.applies(j, x), not(and(eq(j, i), eq(x, lost)))),
          and(eq(j, i), eq(x, e), not(inView(i, e))),
        ),
      ),
      becomes(s.owes, (j, x) =>
        or(and(s.owes(j, x), not(and(eq(j, i), eq(x, lost)))), and(eq(j, i), eq(x, e))),
      ),
      learnOwn(i, e),
    ],
  ]),
  // 10: a clock is set, forward or back.
  setClock: step("Isolate Int", (i, to) => [yes, [set(s.offset(i), to)]]),
  // 10: a request reads the clock, and may notice that it was set back.
  arrive: step("Isolate", (i) => {
    const shown = ite(s.isSteady(i), later(s.highest(i), plus(s.now, s.fast(i))), s.highest(i));
    const isOfStep = (is: Term, of: Term) => and(is, or(not(eq(of, i)), isUnnoticed(i)));
    return [
      yes,
      [
        set(s.wokenAt(i), s.now),
        set(s.wokenOffset(i), s.offset(i)),
        set(s.highest(i), ite(isUnnoticed(i), later(s.highest(i), clock(i)), clock(i))),
        set(s.fast(i), ite(isUnnoticed(i), later(s.fast(i), s.offset(i)), s.offset(i))),
        set(s.doubt(i), ite(isUnnoticed(i), s.doubt(i), later(s.doubt(i), shown))),
        set(s.usedPost(i), later(s.usedPost(i), s.knownPost(i))),
        set(s.isDated(i), rule("10 view", and(s.isDated(i), isUnnoticed(i)), s.isDated(i))),
        becomes(s.isReadDated, (q) => isOfStep(s.isReadDated(q), s.reader(q))),
      ],
    ];
  }),
};
