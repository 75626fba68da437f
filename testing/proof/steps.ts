// The steps of the model: the journal, isolates and their colos, the origin, and data.
// Numbers in comments and names are rules of docs/purge-protocol.md.
import {
  and,
  eq,
  every,
  implies,
  int,
  ite,
  le,
  lt,
  minus,
  no,
  not,
  or,
  plus,
  rule,
  type Term,
  yes,
} from "./formula.ts";
import { inView, isPurged, knowsStamp, mayValidate } from "./invariant.ts";
import * as s from "./state.ts";
import { isAppended, isBetween, knowsAllAt, reads } from "./state.ts";
import { becomes, type Change, set, type Step, step } from "./step.ts";

/** The journal appends an entry. Every response that exists and is covered is from before it. */
const append = (e: Term): Change[] => [
  becomes(s.upTo, (x, y) =>
    or(s.upTo(x, y), and(eq(y, e), or(eq(x, e), and(s.isFilled, s.upTo(x, s.newest))))),
  ),
  set(s.number(e), ite(s.isFilled, plus(s.number(s.newest), int(1)), int(1))),
  set(s.appendedAt(e), s.now),
  set(s.isKept(e), yes),
  set(s.isFilled, yes),
  set(s.newest, e),
  set(s.counts(e), yes),
  set(s.countsFrom(e), s.now),
  set(s.witness(e), e),
  purgesGenerated(e),
];

const purgesGenerated = (e: Term, except?: Term) =>
  becomes(s.isBefore, (r, x) =>
    ite(
      eq(x, e),
      and(s.isGenerated(r), s.covers(e, r), ...(except ? [not(eq(r, except))] : [])),
      s.isBefore(r, x),
    ),
  );

/** From now on, the lost entry counts, by its witness. */
const countAgain = (isCounted: (e: Term) => Term, by: Term): Change[] => [
  becomes(s.counts, (e) => or(s.counts(e), isCounted(e))),
  becomes(s.countsFrom, (e) => ite(isCounted(e), s.now, s.countsFrom(e))),
  becomes(s.witness, (e) => ite(isCounted(e), by, s.witness(e))),
];

const purgesAsMuch = (e: Term, lost: Term) =>
  and(
    implies(s.isHard(lost), s.isHard(e)),
    every("Response", (r) => implies(s.covers(lost, r), s.covers(e, r))),
  );

const ofJournal: Readonly<Record<string, Step>> = {
  wait: step("Int", (at) => [lt(s.now, at), [set(s.now, at)]]),
  append: step("Entry", (e) => [and(not(isAppended(e)), not(s.isMark(e))), append(e)]),
  // 21: the sender gets 200, also for a webhook that arrives again.
  accept: step("Entry", (e) => [
    and(not(s.isAccepted(e)), rule("21 own", isAppended(e))),
    [set(s.isAccepted(e), yes), set(s.acceptedAt(e), s.now)],
  ]),
  // 17, 18: somebody appends a mark. A mark that begins a journal names itself.
  mark: step("Entry", (m) => [
    and(
      not(isAppended(m)),
      s.isMark(m),
      rule(
        "17 mark",
        and(
          s.isHard(m),
          every("Response", (r) => s.covers(m, r)),
        ),
      ),
      or(isAppended(s.marks(m)), and(not(s.isFilled), eq(s.marks(m), m))),
    ),
    append(m),
  ]),
  // 22: a lost entry is appended again.
  appendAgain: step("Entry Entry", (lost, e) => {
    const isCounted = (x: Term) => or(eq(x, e), and(eq(x, lost), not(s.counts(x))));
    return [
      and(
        isAppended(lost),
        not(isAppended(e)),
        not(s.isMark(e)),
        rule("22 again", purgesAsMuch(e, lost)),
      ),
      [...append(e), ...countAgain(isCounted, e)],
    ];
  }),
  // The database goes to another state: that of a backup or of another server, or none.
  lose: step("Entry Bool", (last, isEmpty) => {
    const stays = (e: Term) => and(not(isEmpty), s.upTo(e, last));
    return [
      or(isEmpty, isAppended(last)),
      [
        set(s.isFilled, not(isEmpty)),
        set(s.newest, last),
        becomes(s.isKept, (e) => and(s.isKept(e), stays(e))),
        becomes(s.counts, (e) => and(s.counts(e), stays(s.witness(e)))),
      ],
    ];
  }),
};

/** The view becomes as old as a read, unless it is younger. */
function dated(i: Term, { at, trueAt }: Record<"at" | "trueAt", Term>): Change[] {
  const isLater = or(not(s.hasView(i)), lt(s.sentAt(i), at));
  return [
    set(s.sentAt(i), ite(isLater, at, s.sentAt(i))),
    set(s.sentTrue(i), ite(isLater, trueAt, s.sentTrue(i))),
  ];
}

/** 22: the isolate applies an accepted entry beside its view until the view gets it. */
const becomesView = (i: Term, first: Term, last: Term): Change[] => [
  set(s.hasView(i), yes),
  set(s.floor(i), first),
  set(s.end(i), last),
  becomes(s.applies, (j, e) =>
    and(s.applies(j, e), or(not(eq(j, i)), rule("22 read", not(s.upTo(e, last)), no))),
  ),
  becomes(s.owes, (j, e) =>
    and(
      s.owes(j, e),
      or(not(eq(j, i)), isBetween(first, e, last), and(s.applies(i, e), not(s.upTo(e, last)))),
    ),
  ),
];

/** 11: the view is as old as the request of its read, not as its arrival at `reading`. */
const viewOf = (i: Term, q: Term, first: Term, reading: Term) => [
  ...becomesView(i, first, s.readLast(q)),
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

const ofViews: Readonly<Record<string, Step>> = {
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
      [...viewOf(i, q, first, reading), ...countAgain(isLost, m)],
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

/** 1: stamp, time and colo are noted before the request. */
const request = (i: Term, r: Term, reading: Term): Change[] => [
  set(s.isRequested(r), yes),
  set(s.requester(r), i),
  set(s.hasStamp(r), s.hasView(i)),
  set(s.stamp(r), s.end(i)),
  set(s.hasColo(r), yes),
  set(s.bodyColo(r), s.coloOf(i)),
  set(s.bodyAt(r), reading),
  set(s.bodyTrue(r), s.now),
];

const mayRequest = (i: Term, r: Term, reading: Term) =>
  and(not(s.isRequested(r)), reads(i, reading));

/** Another response `x` with the content of `r`. Any isolate may find either. */
const derive = (x: Term, r: Term): Change[] => [
  set(s.isRequested(x), yes),
  set(s.isGenerated(x), yes),
  set(s.isConditional(x), no),
  set(s.requester(x), s.requester(r)),
  set(s.hasStamp(x), s.hasStamp(r)),
  set(s.stamp(x), s.stamp(r)),
  set(s.hasColo(x), s.hasColo(r)),
  set(s.bodyColo(x), s.bodyColo(r)),
  set(s.bodyAt(x), s.bodyAt(r)),
  set(s.bodyTrue(x), s.bodyTrue(r)),
  becomes(s.isBefore, (y, e) => ite(eq(y, x), s.isBefore(r, e), s.isBefore(y, e))),
];

const mayDerive = (x: Term, r: Term) =>
  and(
    s.isGenerated(r),
    not(s.isRequested(x)),
    eq(s.N(x), s.N(r)),
    every("Entry", (e) => eq(s.covers(e, x), s.covers(e, r))),
  );

const isAwaited = (i: Term, r: Term) =>
  and(s.isRequested(r), not(s.isGenerated(r)), not(s.isConditional(r)), eq(s.requester(r), i));

const ofResponses: Readonly<Record<string, Step>> = {
  request: step("Isolate Response Int", (i, r, reading) => [
    mayRequest(i, r, reading),
    [...request(i, r, reading), set(s.isConditional(r), no)],
  ]),
  generate: step("Response", (r) => [
    and(s.isRequested(r), not(s.isGenerated(r)), not(s.isConditional(r))),
    [set(s.isGenerated(r), yes)],
  ]),
  // 1: the isolate stores the response with what it noted before the request.
  store: step("Isolate Response Int", (i, r, reading) => [
    and(s.isGenerated(r), not(s.isConditional(r)), eq(s.requester(r), i), reads(i, reading)),
    [
      set(s.hasStamp(r), rule("1 stamp", s.hasStamp(r), s.hasView(i))),
      set(s.stamp(r), rule("1 stamp", s.stamp(r), s.end(i))),
      set(s.bodyAt(r), rule("1 clock", s.bodyAt(r), reading)),
      set(s.bodyTrue(r), rule("1 clock", s.bodyTrue(r), s.now)),
    ],
  ]),
  // 23: the request has the validator of `r`.
  revalidate: step("Isolate Response Response Int", (i, x, r, reading) => [
    and(mayRequest(i, x, reading), rule("23 sent", mayValidate(i, r, reading))),
    [...request(i, x, reading), set(s.isConditional(x), yes), set(s.validates(x), r)],
  ]),
  // 2, 23: a 304 arrives. After a soft purge, it is right. After a hard one, it may be wrong.
  freshen: step("Isolate Response Response Bool", (i, asked, x, isWrong) => {
    const r = s.validates(asked);
    return [
      and(
        s.isRequested(asked),
        s.isConditional(asked),
        not(s.isGenerated(asked)),
        eq(s.requester(asked), i),
        mayDerive(x, r),
      ),
      [
        ...derive(x, r),
        set(s.hasStamp(x), yes),
        set(s.stamp(x), s.stamp(asked)),
        set(s.hasColo(x), rule("2 body", s.hasColo(r), yes)),
        set(s.bodyColo(x), rule("2 body", s.bodyColo(r), s.bodyColo(asked))),
        set(s.bodyAt(x), rule("2 body", s.bodyAt(r), s.bodyAt(asked))),
        set(s.bodyTrue(x), rule("2 body", s.bodyTrue(r), s.bodyTrue(asked))),
        becomes(s.isBefore, (y, e) =>
          ite(eq(y, x), and(isWrong, s.isHard(e), s.isBefore(r, e)), s.isBefore(y, e)),
        ),
      ],
    ];
  }),
  // 3: the shared tier has the metadata of `r`, and the body of `other`.
  combine: step("Response Response Response", (r, other, x) => [
    and(mayDerive(x, r), s.isGenerated(other), rule("3 body", eq(other, r))),
    [
      ...derive(x, r),
      becomes(s.isBefore, (y, e) =>
        ite(eq(y, x), and(s.isBefore(other, e), s.covers(e, x)), s.isBefore(y, e)),
      ),
    ],
  ]),
  // 4: another tier gets the response.
  backfill: step("Isolate Response Response Int", (i, r, x, reading) => [
    and(mayDerive(x, r), reads(i, reading)),
    [
      ...derive(x, r),
      set(s.hasStamp(x), rule("4 stamp", s.hasStamp(r), s.hasView(i))),
      set(s.stamp(x), rule("4 stamp", s.stamp(r), s.end(i))),
      set(s.bodyColo(x), rule("4 colo", s.bodyColo(r), s.coloOf(i))),
      set(s.bodyAt(x), rule("4 time", s.bodyAt(r), reading)),
      set(s.bodyTrue(x), rule("4 time", s.bodyTrue(r), s.now)),
    ],
  ]),
  // 27: the book proves that no entry after the stamp covers the response.
  restamp: step("Isolate Read Response Response", (i, q, r, x) => {
    const named = (e: Term) => isBetween(s.readNamed(q), e, s.readLast(q));
    return [
      and(
        mayDerive(x, r),
        s.hasStamp(r),
        s.isServed(q),
        s.isBased(q),
        eq(s.reader(q), i),
        rule("27 noted", s.upTo(s.stamp(r), s.readLast(q))),
        rule("27 end", s.upTo(s.base(q), s.readLast(q))),
        rule(
          "27 names",
          implies(s.upTo(s.stamp(r), s.readLast(q)), s.upTo(s.readNamed(q), s.stamp(r))),
        ),
        rule(
          "27 covered",
          every("Entry", (e) => implies(and(named(e), s.covers(e, r)), s.upTo(e, s.stamp(r)))),
        ),
      ),
      [...derive(x, r), set(s.stamp(x), rule("27 question", s.base(q), s.end(i)))],
    ];
  }),
  // 29: a cache before the origin answers with content from `made`, which counts as `counted`. The
  // isolate's clock was then `fast` by so much.
  answerWithAge: step("Isolate Response Int Int Int Int", (i, r, made, counted, fast, reading) => {
    const isOld = (e: Term) => le(s.position(e), minus(counted, s.A));
    const followsPurges = and(
      s.hasView(i),
      s.upTo(s.stamp(r), s.end(i)),
      rule(
        "29 later",
        every("Entry", (e) =>
          implies(and(inView(i, e), s.covers(e, r), not(s.begins(e))), isOld(e)),
        ),
      ),
      rule(
        "29 oldest",
        or(
          isOld(s.floor(i)),
          every("Entry", (e) => implies(s.upTo(e, s.floor(i)), eq(e, s.floor(i)))),
        ),
      ),
      rule(
        "assumed: the journal's clock",
        every("Entry", (e) =>
          implies(isAppended(e), le(plus(s.appendedAt(e), fast), plus(s.position(e), s.A))),
        ),
      ),
    );
    return [
      and(
        isAwaited(i, r),
        reads(i, reading),
        le(made, s.bodyTrue(r)),
        le(fast, plus(s.ahead(s.bodyColo(r)), s.E)),
        rule("29 body", le(counted, plus(made, fast))),
        or(not(s.hasStamp(r)), followsPurges),
      ),
      [
        set(s.isGenerated(r), yes),
        set(s.bodyAt(r), counted),
        set(s.bodyTrue(r), made),
        becomes(s.isBefore, (y, e) =>
          ite(
            eq(y, r),
            and(isAppended(e), s.covers(e, r), lt(made, s.appendedAt(e)), not(s.begins(e))),
            s.isBefore(y, e),
          ),
        ),
      ],
    ];
  }),
};

const earlier = (a: Term, b: Term) => ite(le(a, b), a, b);

const ofData: Readonly<Record<string, Step>> = {
  // 25 c, d: the purge follows the stamp, and no other purge of the key is between. The database
  // wrote the value before.
  writeThrough: step("Response Entry", (r, e) => [
    and(
      s.isGenerated(r),
      not(s.isConditional(r)),
      s.hasStamp(r),
      not(isAppended(e)),
      not(s.isMark(e)),
      s.covers(e, r),
      s.isFilled,
      rule("25 d stamp", s.upTo(s.stamp(r), s.newest)),
      rule(
        "25 d between",
        every("Entry", (x) =>
          implies(and(s.upTo(x, s.newest), s.covers(x, r)), s.upTo(x, s.stamp(r))),
        ),
      ),
    ),
    [...append(e), purgesGenerated(e, r), set(s.stamp(r), e)],
  ]),
  // 25 f: the value is newer than all entries before its purge.
  setWithPurge: step("Isolate Response Entry", (i, r, e) => [
    and(isAwaited(i, r), not(isAppended(e)), not(s.isMark(e))),
    [...append(e), set(s.isGenerated(r), yes), set(s.hasStamp(r), yes), set(s.stamp(r), e)],
  ]),
  // 26 c: the new head of the fields of `r` and `added` has the older stamp and time, and all tags.
  addFields: step("Isolate Response Response Response", (i, r, added, x) => [
    and(
      s.isGenerated(r),
      s.isGenerated(added),
      not(s.isRequested(x)),
      eq(s.N(x), s.N(r)),
      rule("26 c head", knowsStamp(i, r)),
      rule("26 c fields", knowsStamp(i, added)),
      rule("26 c purged", not(isPurged(i, added, yes))),
      every("Entry", (e) => eq(s.covers(e, x), or(s.covers(e, r), s.covers(e, added)))),
    ),
    [
      ...derive(x, r),
      set(
        s.stamp(x),
        rule(
          "26 c stamp",
          ite(s.upTo(s.stamp(r), s.stamp(added)), s.stamp(r), s.stamp(added)),
          s.stamp(added),
        ),
      ),
      set(
        s.hasColo(x),
        and(
          s.hasColo(r),
          s.hasColo(added),
          rule("26 c colo", eq(s.bodyColo(r), s.bodyColo(added))),
        ),
      ),
      set(s.bodyAt(x), rule("26 c time", earlier(s.bodyAt(r), s.bodyAt(added)), s.bodyAt(added))),
      set(
        s.bodyTrue(x),
        rule("26 c time", earlier(s.bodyTrue(r), s.bodyTrue(added)), s.bodyTrue(added)),
      ),
      becomes(s.isBefore, (y, e) =>
        ite(eq(y, x), or(s.isBefore(r, e), s.isBefore(added, e)), s.isBefore(y, e)),
      ),
    ],
  ]),
};

export const steps: Readonly<Record<string, Step>> = {
  ...ofJournal,
  ...ofViews,
  ...ofResponses,
  ...ofData,
};
