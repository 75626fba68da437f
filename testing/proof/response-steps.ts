// The steps of responses: the origin and the tiers (rules 1 to 4, 23, 27 and 29).
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
  no,
  not,
  or,
  plus,
  rule,
  yes,
  type Term,
} from "./formula.ts";
import { inView, knowsStamp, mayValidate } from "./verdict.ts";
import { noteClock } from "./view-steps.ts";
import * as s from "./state.ts";
import { clock, isAppended, isBetween } from "./state.ts";
import { becomes, type Change, set, step, type Step } from "./step.ts";

/** 1: stamp, time and colo are noted before the request. */
const request = (i: Term, r: Term): Change[] => [
  noteClock(i),
  set(s.isRequested(r), yes),
  set(s.isSet(r), no),
  set(s.requester(r), i),
  set(s.hasStamp(r), s.hasView(i)),
  set(s.stamp(r), s.end(i)),
  set(s.hasColo(r), yes),
  set(s.bodyColo(r), s.coloOf(i)),
  set(s.bodyAt(r), clock(i)),
  set(s.bodyTrue(r), s.now),
];

/** Another response `x` with the content of `r`. Any isolate may find either. */
export const derive = (x: Term, r: Term): Change[] => [
  set(s.isRequested(x), yes),
  set(s.isGenerated(x), yes),
  set(s.isSet(x), no),
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

export const isAwaited = (i: Term, r: Term) =>
  and(s.isRequested(r), not(s.isGenerated(r)), not(s.isConditional(r)), eq(s.requester(r), i));

export const ofResponses: Readonly<Record<string, Step>> = {
  request: step("Isolate Response", (i, r) => [
    not(s.isRequested(r)),
    [...request(i, r), set(s.isConditional(r), no)],
  ]),
  generate: step("Response", (r) => [
    and(s.isRequested(r), not(s.isGenerated(r)), not(s.isConditional(r))),
    [set(s.isGenerated(r), yes)],
  ]),
  // 1: the isolate stores the response with what it noted before the request.
  store: step("Isolate Response", (i, r) => [
    and(s.isGenerated(r), not(s.isConditional(r)), eq(s.requester(r), i)),
    [
      set(s.hasStamp(r), rule("1 stamp", s.hasStamp(r), s.hasView(i))),
      set(s.stamp(r), rule("1 stamp", s.stamp(r), s.end(i))),
      set(s.bodyAt(r), rule("1 clock", s.bodyAt(r), clock(i))),
      set(s.bodyTrue(r), rule("1 clock", s.bodyTrue(r), s.now)),
    ],
  ]),
  // 23: the request has the validator of `r`.
  revalidate: step("Isolate Response Response", (i, x, r) => [
    and(not(s.isRequested(x)), rule("23 sent", mayValidate(i, r, clock(i)))),
    [...request(i, x), set(s.isConditional(x), yes), set(s.validates(x), r)],
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
  backfill: step("Isolate Response Response", (i, r, x) => [
    mayDerive(x, r),
    [
      ...derive(x, r),
      set(s.hasStamp(x), rule("4 stamp", s.hasStamp(r), s.hasView(i))),
      set(s.stamp(x), rule("4 stamp", s.stamp(r), s.end(i))),
      set(s.bodyColo(x), rule("4 colo", s.bodyColo(r), s.coloOf(i))),
      set(s.bodyAt(x), rule("4 time", s.bodyAt(r), clock(i))),
      set(s.bodyTrue(x), rule("4 time", s.bodyTrue(r), s.now)),
    ],
  ]),
  // 27 b: the view has the stamp, and no later entry that covers the response.
  restampByView: step("Isolate Response Response", (i, r, x) => [
    and(
      mayDerive(x, r),
      rule("27 b known", knowsStamp(i, r)),
      rule(
        "27 b covered",
        every("Entry", (e) => implies(and(inView(i, e), s.covers(e, r)), s.upTo(e, s.stamp(r)))),
      ),
    ),
    [...derive(x, r), set(s.stamp(x), s.end(i))],
  ]),
  // 27 e: the isolate reads the names of whole epochs. They extend its window at either end, or replace it.
  readEpochs: step("Isolate Read Entry Entry Bool", (i, q, first, both, isContinued) => {
    const isShown = (e: Term) => isBetween(s.readListed(q), e, s.readLast(q));
    const isIn = (e: Term) => isBetween(first, e, s.readLast(q));
    const isOlder = and(isContinued, s.upTo(s.windowFirst(i), first));
    const isNewer = and(isContinued, s.upTo(s.readLast(q), s.windowLast(i)));
    return [
      and(
        s.isServed(q),
        eq(s.reader(q), i),
        s.upTo(first, s.readLast(q)),
        rule("27 e gap", isShown(first)),
        implies(
          isContinued,
          and(
            s.hasWindow(i),
            rule(
              "27 e lineage",
              and(isBetween(s.windowFirst(i), both, s.windowLast(i)), isIn(both)),
            ),
          ),
        ),
      ),
      [
        set(s.hasWindow(i), yes),
        set(s.windowFirst(i), ite(isOlder, s.windowFirst(i), first)),
        set(s.windowLast(i), ite(isNewer, s.windowLast(i), s.readLast(q))),
        becomes(s.lists, (j, e) =>
          ite(
            eq(j, i),
            or(and(isShown(e), isIn(e)), and(isContinued, s.lists(i, e))),
            s.lists(j, e),
          ),
        ),
      ],
    ];
  }),
  // 27 f: the window proves that no entry between the stamp and the joint covers the response.
  restampByEpochs: step("Isolate Response Response Entry", (i, r, x, joint) => [
    and(
      mayDerive(x, r),
      s.hasStamp(r),
      s.hasWindow(i),
      rule("27 f stamp", isBetween(s.windowFirst(i), s.stamp(r), s.windowLast(i))),
      rule("27 f joint", isBetween(s.windowFirst(i), joint, s.windowLast(i))),
      rule(
        "27 f names",
        every("Entry", (e) => implies(and(s.lists(i, e), s.covers(e, r)), s.upTo(e, s.stamp(r)))),
      ),
    ),
    [...derive(x, r), set(s.stamp(x), joint)],
  ]),
  // 29: a cache before the origin answers with content from `made`, which counts as `counted`. The
  // isolate's clock was then ahead by `fast`.
  answerWithAge: step("Isolate Response Int Int", (i, r, made, counted) => {
    const fast = minus(s.bodyAt(r), s.bodyTrue(r));
    const isOld = (e: Term) => le(s.position(e), minus(counted, s.A));
    const followsPurges = and(
      rule("29 stamp", knowsStamp(i, r)),
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
        le(made, s.bodyTrue(r)),
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
