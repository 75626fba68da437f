// All steps of the model, and here those of data (rules 25 and 26 of docs/purge-protocol-data.md).
import { and, eq, every, implies, ite, le, not, or, rule, yes, type Term } from "./formula.ts";
import { isPurged, knowsStamp } from "./invariant.ts";
import { append, ofJournal, purgesGenerated } from "./journal-steps.ts";
import { derive, isAwaited, ofResponses } from "./response-steps.ts";
import { ofViews } from "./view-steps.ts";
import * as s from "./state.ts";
import { isAppended } from "./state.ts";
import { becomes, set, step, type Step } from "./step.ts";

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
