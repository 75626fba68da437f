// The steps of isolates and their colos: reads, views and copies (rules 11 to 17, and 22).
// Numbers in comments and names are rules of docs/purge-protocol.md.
import { and, eq, every, implies, ite, lt, no, not, or, rule, yes, type Term } from "./formula.ts";
import { inView } from "./invariant.ts";
import { countAgain, purgesAsMuch } from "./journal-steps.ts";
import * as s from "./state.ts";
import { isAppended, isBetween, knowsAllAt, reads } from "./state.ts";
import { becomes, type Change, set, step, type Step } from "./step.ts";

/** The view becomes as old as a read, unless it is younger. */
function dated(i: Term, { at, trueAt }: Record<"at" | "trueAt", Term>): Change[] {
  const isLater = or(not(s.hasView(i)), lt(s.sentAt(i), at));
  return [
    set(s.sentAt(i), ite(isLater, at, s.sentAt(i))),
    set(s.sentTrue(i), ite(isLater, trueAt, s.sentTrue(i))),
  ];
}

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

/** 11: the view is as old as the request of its read, not as its arrival at `reading`. */
const viewOf = (i: Term, q: Term, first: Term, reading: Term, isMarked = no) => [
  ...becomesView(i, first, s.readLast(q), isMarked),
  ...dated(i, {
    at: rule("11 date", s.readAt(q), reading),
    trueAt: rule("11 date", s.readTrue(q), s.now),
  }),
];

/** A page of a server: every path that has what it must. The primary also lacks no kept entry. */
const showsAll = (isPrimary: Term, last: Term, hasEnded: Term): Term =>
  implies(
    hasEnded,
    and(
      rule("assumed: lag", knowsAllAt(last, s.now)),
      implies(
        isPrimary,
        every("Entry", (e) => implies(s.isKept(e), s.upTo(e, last))),
      ),
    ),
  );

const hasArrived = (i: Term, q: Term, reading: Term) =>
  and(s.isServed(q), eq(s.reader(q), i), rule("11 ended", s.hasEnded(q)), reads(i, reading));

/** 13: the view still ends where it ended when the read was sent. */
const isStill = (i: Term, q: Term) =>
  and(s.hasView(i), s.isBased(q), rule("13 end", eq(s.base(q), s.end(i))));

export const ofViews: Readonly<Record<string, Step>> = {
  send: step("Isolate Read Int", (i, q, reading) => [
    and(not(s.isSent(q)), reads(i, reading)),
    [
      set(s.isSent(q), yes),
      set(s.reader(q), i),
      set(s.isBased(q), s.hasView(i)),
      set(s.base(q), s.end(i)),
      set(s.readAt(q), reading),
      set(s.readTrue(q), s.now),
    ],
  ]),
  // 12: the first page, and for rules 17 and 27 the names of a whole book and the lineages.
  serve: step(
    "Read Entry Entry Entry Entry Bool Bool",
    (q, first, last, named, lined, isPrimary, hasEnded) => [
      and(
        s.isSent(q),
        not(s.isServed(q)),
        s.upTo(first, last),
        s.upTo(named, last),
        showsAll(isPrimary, last, hasEnded),
      ),
      [
        set(s.isServed(q), yes),
        set(s.isPrimary(q), isPrimary),
        set(s.hasEnded(q), hasEnded),
        set(s.readFirst(q), first),
        set(s.readLast(q), last),
        set(s.readNamed(q), named),
        set(s.readLined(q), lined),
      ],
    ],
  ),
  // 12: the next page begins with the last entry of the page before.
  nextPage: step("Read Entry Bool", (q, last, hasEnded) => [
    and(
      s.isServed(q),
      not(s.hasEnded(q)),
      rule("12 pages", s.upTo(s.readLast(q), last)),
      showsAll(s.isPrimary(q), last, hasEnded),
    ),
    [set(s.readLast(q), last), set(s.hasEnded(q), hasEnded)],
  ]),
  // 12: a cold isolate. Every view may drop its oldest entries.
  begin: step("Isolate Read Entry Int", (i, q, first, reading) => [
    and(
      hasArrived(i, q, reading),
      not(s.hasView(i)),
      isBetween(s.readFirst(q), first, s.readLast(q)),
    ),
    viewOf(i, q, first, reading),
  ]),
  // 11: a read that begins with the view's last entry extends the view.
  extend: step("Isolate Read Entry Int", (i, q, first, reading) => [
    and(
      hasArrived(i, q, reading),
      isStill(i, q),
      rule("11 joint", isBetween(s.readFirst(q), s.base(q), s.readLast(q))),
      isBetween(s.floor(i), first, s.readLast(q)),
    ),
    viewOf(i, q, first, reading),
  ]),
  // 16, 17: the view begins again. The primary or the lineages have its last entry, or a mark names
  // it, or its lineage was dropped. From then on, the promise holds for the lost entries of the view,
  // by the mark. If the lineage was dropped, nobody notices the loss.
  restart: step("Isolate Read Entry Entry Int", (i, q, first, m, reading) => {
    const isMarked = and(
      s.isMark(m),
      eq(s.marks(m), s.end(i)),
      isBetween(s.readFirst(q), m, s.readLast(q)),
    );
    const isDropped = lt(s.number(s.end(i)), s.number(s.readLined(q)));
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
        hasArrived(i, q, reading),
        isStill(i, q),
        rule("16 primary", s.isPrimary(q)),
        rule("17 marked", or(s.upTo(s.end(i), s.readLast(q)), isMarked, isDropped)),
        isBetween(s.readFirst(q), first, s.readLast(q)),
      ),
      [...viewOf(i, q, first, reading, isMarked), ...countAgain(isLost, m)],
    ];
  }),
  // 14: an isolate stores a copy of its view in its colo.
  copy: step("Isolate Copy Entry Int", (i, k, first, reading) => [
    and(not(s.isCopied(k)), inView(i, first), reads(i, reading)),
    [
      set(s.isCopied(k), yes),
      set(s.copyColo(k), s.coloOf(i)),
      set(s.copyFloor(k), first),
      set(s.copyEnd(k), s.end(i)),
      set(s.copyAt(k), rule("14 date", s.sentAt(i), reading)),
      set(s.copyTrue(k), rule("14 date", s.sentTrue(i), s.now)),
    ],
  ]),
  // 14: a copy extends a view whose last entry it has, and becomes that of a cold isolate.
  take: step("Isolate Copy Entry", (i, k, first) => [
    and(
      s.isCopied(k),
      rule("14 colo", eq(s.copyColo(k), s.coloOf(i))),
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
      ...dated(i, { at: s.copyAt(k), trueAt: s.copyTrue(k) }),
    ],
  ]),
  // 21: the journal has confirmed an entry of the isolate.
  apply: step("Isolate Entry", (i, e) => [
    rule("21 own", isAppended(e)),
    [set(s.applies(i, e), not(inView(i, e))), set(s.owes(i, e), yes)],
  ]),
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
    ],
  ]),
  replace: step("Isolate", (i) => [
    yes,
    [
      set(s.hasView(i), no),
      becomes(s.applies, (j, e) => and(s.applies(j, e), not(eq(j, i)))),
      becomes(s.owes, (j, e) => and(s.owes(j, e), not(eq(j, i)))),
    ],
  ]),
};
