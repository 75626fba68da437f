// The steps of the journal: purges, marks and losses (rules 17 to 22).
// Numbers in comments and names are rules of docs/internals/purge-protocol.md.
import {
  and,
  eq,
  every,
  implies,
  int,
  ite,
  le,
  lt,
  no,
  not,
  or,
  plus,
  rule,
  some,
  yes,
  type Term,
} from "./formula.ts";
import * as s from "./state.ts";
import { isAppended, isBetween } from "./state.ts";
import { becomes, type Change, set, step, type Step } from "./step.ts";

/** The journal appends an entry. Every response that exists and is covered is from before it. */
export const append = (e: Term): Change[] => [
  becomes(s.upTo, (x, y) =>
    or(s.upTo(x, y), and(eq(y, e), or(eq(x, e), and(s.isFilled, s.upTo(x, s.newest))))),
  ),
  set(s.keyPost, ite(s.isPost(e), s.post(e), s.keyPost)),
  set(s.number(e), ite(s.isFilled, plus(s.number(s.newest), int(1)), int(1))),
  set(s.appendedAt(e), s.now),
  set(s.isKept(e), yes),
  set(s.isWhole(e), yes),
  set(s.isFilled, yes),
  set(s.newest, e),
  set(s.counts(e), yes),
  set(s.countsFrom(e), s.now),
  set(s.witness(e), e),
  purgesGenerated(e),
];

/** The entry is new, and no post. Redis gives an entry a later ID than to those that it has. */
export const isNew = (e: Term): Term => and(mayFollow(e), not(s.isPost(e)));

const mayFollow = (e: Term) =>
  and(not(isAppended(e)), rule("assumed: IDs", implies(s.isFilled, lt(s.id(s.newest), s.id(e)))));

export const purgesGenerated = (e: Term, except?: Term) =>
  becomes(s.isBefore, (r, x) =>
    ite(
      eq(x, e),
      and(s.isGenerated(r), s.covers(e, r), ...(except ? [not(eq(r, except))] : [])),
      s.isBefore(r, x),
    ),
  );

/** From now on, the lost entry counts, by its witness. */
export const countAgain = (isCounted: (e: Term) => Term, by: Term): Change[] => [
  becomes(s.counts, (e) => or(s.counts(e), isCounted(e))),
  becomes(s.countsFrom, (e) => ite(isCounted(e), s.now, s.countsFrom(e))),
  becomes(s.witness, (e) => ite(isCounted(e), by, s.witness(e))),
];

export const purgesAsMuch = (e: Term, lost: Term) =>
  and(
    implies(s.isHard(lost), s.isHard(e)),
    every("Response", (r) => implies(s.covers(lost, r), s.covers(e, r))),
  );

/** 17: the primary lacks the view's last entry, and was not only trimmed. */
const showsLoss = (q: Term, lost: Term) => {
  const isIn = (first: Term, e: Term) => isBetween(first, e, s.readLast(q));
  const isTrimmed = (isProved: Term) => and(s.isLong(s.readFirst(q), s.readLast(q)), isProved);
  return and(
    s.isBased(q),
    rule("17 base", eq(s.base(q), lost)),
    or(
      s.showsNone(q),
      and(
        s.isServed(q),
        s.hasEnded(q),
        rule("17 primary", s.isPrimary(q)),
        rule("17 checked", not(isIn(s.readFirst(q), lost))),
        rule("17 noted", not(isTrimmed(isIn(s.readLined(q), lost)))),
        rule("17 dropped", not(isTrimmed(and(s.isWhole(lost), s.isDropped(lost, s.readLined(q)))))),
        rule(
          "17 once",
          not(
            some("Entry", (m) => and(isIn(s.readFirst(q), m), s.isMark(m), eq(s.marks(m), lost))),
          ),
        ),
      ),
    ),
  );
};

export const ofJournal: Readonly<Record<string, Step>> = {
  wait: step("Int", (at) => [lt(s.now, at), [set(s.now, at)]]),
  // 24: a post is newer than that of the key.
  append: step("Entry", (e) => [
    and(
      mayFollow(e),
      not(s.isMark(e)),
      implies(s.isPost(e), rule("24 script", lt(s.keyPost, s.post(e)))),
    ),
    append(e),
  ]),
  // 21: the sender gets 200, also for a webhook that arrives again.
  accept: step("Entry", (e) => [
    and(not(s.isAccepted(e)), rule("21 own", isAppended(e))),
    [set(s.isAccepted(e), yes), set(s.acceptedAt(e), s.now)],
  ]),
  // 17, 18: an isolate appends a mark. A mark that begins a journal names itself.
  mark: step("Read Entry", (q, m) => [
    and(
      isNew(m),
      s.isMark(m),
      rule(
        "17 mark",
        and(
          s.isHard(m),
          every("Response", (r) => s.covers(m, r)),
        ),
      ),
      ite(
        eq(s.marks(m), m),
        rule("18 still", not(s.isFilled)),
        and(isAppended(s.marks(m)), showsLoss(q, s.marks(m))),
      ),
    ),
    append(m),
  ]),
  // 22: a lost entry is appended again.
  appendAgain: step("Entry Entry", (lost, e) => {
    const isCounted = (x: Term) => or(eq(x, e), and(eq(x, lost), not(s.counts(x))));
    return [
      and(isAppended(lost), isNew(e), not(s.isMark(e)), rule("22 again", purgesAsMuch(e, lost))),
      [...append(e), ...countAgain(isCounted, e)],
    ];
  }),
  // The database goes to another state: that of a backup or of another server, or none. It may also lose lineages.
  lose: step("Entry Bool Int", (last, isEmpty, post) => {
    const stays = (e: Term) => and(not(isEmpty), s.upTo(e, last));
    return [
      and(
        or(isEmpty, isAppended(last)),
        every("Entry", (e) =>
          implies(and(stays(e), s.isPost(e)), rule("assumed: one state", le(s.post(e), post))),
        ),
      ),
      [
        set(s.keyPost, post),
        set(s.isFilled, not(isEmpty)),
        set(s.newest, last),
        becomes(s.isKept, (e) => and(s.isKept(e), stays(e))),
        becomes(s.isWhole, () => no),
        becomes(s.counts, (e) => and(s.counts(e), stays(s.witness(e)))),
      ],
    ];
  }),
};
