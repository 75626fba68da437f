// The steps of data (rules 25, 26 and 28 of docs/internals/purge-protocol-data.md).
import { and, eq, every, implies, int, ite, le, no, not, or, plus, rule, yes } from "./formula.ts";
import { append, isNew, purgesAsMuch, purgesGenerated } from "./journal-steps.ts";
import { derive, isAwaited } from "./response-steps.ts";
import * as s from "./state.ts";
import { earlier, isAppended } from "./state.ts";
import { becomes, set, step, type Step } from "./step.ts";
import { obey } from "./view-steps.ts";
import { isPurged, knowsStamp } from "./verdict.ts";

export const ofData: Readonly<Record<string, Step>> = {
  // 25 c, d: the purge follows the stamp, and no other purge of the key is between. The database
  // wrote the value before.
  writeThrough: step("Response Entry", (r, e) => [
    and(
      s.isGenerated(r),
      not(s.isConditional(r)),
      s.hasStamp(r),
      isNew(e),
      not(s.isMark(e)),
      not(s.isSet(r)),
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
    and(isAwaited(i, r), isNew(e), not(s.isMark(e))),
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
      set(
        s.requester(x),
        ite(le(s.bodyTrue(r), s.bodyTrue(added)), s.requester(r), s.requester(added)),
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
  // 28 d: the value is newer than all entries of the journal, of which its stamp is the last.
  setAlone: step("Isolate Response", (i, r) => [
    and(isAwaited(i, r), s.hasStamp(r), s.isFilled, rule("28 d end", eq(s.stamp(r), s.newest))),
    [set(s.isGenerated(r), yes), set(s.isSet(r), yes), set(s.setTrue(r), s.now)],
  ]),
  // 25 e: the journal does not confirm a purge, and the isolate holds what it covers.
  hold: step("Isolate Entry", (i, e) => [
    and(not(isAppended(e)), not(s.tried(i, e))),
    [set(s.tried(i, e), yes), set(s.holds(i, e), yes), set(s.triedAt(i, e), s.now)],
  ]),
  // 25 e: the journal accepts the isolate's retry, or a later purge of the same.
  release: step("Isolate Entry Entry", (i, e, by) => [
    and(
      s.holds(i, e),
      rule("25 e retry", and(isAppended(by), le(s.triedAt(i, e), s.appendedAt(by)))),
      purgesAsMuch(by, e),
    ),
    [set(s.holds(i, e), no), set(s.heir(i, e), by), ...obey(i, by)],
  ]),
  // 26 d: the isolate sends a script. A script under way counts at its arrival, and is not sent again.
  sendIncrement: step("Increment", (x) => [
    not(s.isBegun(x)),
    [set(s.isBegun(x), yes), set(s.isUnderWay(x), yes)],
  ]),
  increment: step("Increment", (x) => [
    and(s.isBegun(x), rule("26 d arrives", s.isUnderWay(x))),
    [set(s.isUnderWay(x), rule("26 d once", no, yes)), set(s.count(x), plus(s.count(x), int(1)))],
  ]),
};
