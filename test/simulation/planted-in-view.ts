// Faults of a view, for planted-faults.test.ts: in stamps, judgements and verdicts.
import type { StoredMetadata } from "../../src/pages/stored/stored-response.ts";
import { ClockSteps } from "../../src/purge/view/clock-steps.ts";
import { JournalView } from "../../src/purge/view/journal-view.ts";
import type {
  Requester,
  JudgementAsk,
  PurgeJudgement,
  PurgeView,
} from "../../src/purge/view/view-port.ts";
import { termsOf } from "../../src/pages/stored/lifetime.ts";
import type { VerdictQuestion } from "../../src/pages/reuse/may-answer.ts";
import type { Parts } from "../../testing/simulation/simulated-isolate.ts";

type Planted = Partial<Parts>;

const withView = (View: typeof JournalView): Planted => ({
  view: (settings) => new View(settings),
});

/** Changes the arguments of each judgement. */
const askedAs = (
  change: (
    stored: StoredMetadata,
    ask: JudgementAsk,
    view: JournalView,
  ) => [StoredMetadata, JudgementAsk],
): Planted =>
  withView(
    class extends JournalView {
      override judge(stored: StoredMetadata, ask: JudgementAsk): PurgeJudgement {
        return super.judge(...change(stored, ask, this));
      }
    },
  );

export const stampedLate: Planted = {
  noted: ({ requestedAtMs }, { stamp }) => ({ requestedAtMs, stamp }),
};
export const clockNotedLate: Planted = {
  noted: ({ stamp }, { requestedAtMs }) => ({ stamp, requestedAtMs }),
};

/** Applies the mode of the newest purge, even if an earlier one is hard. */
export const softHidesHard = withView(
  class extends JournalView {
    override judge(stored: StoredMetadata, ask: JudgementAsk): PurgeJudgement {
      const judged = super.judge(stored, ask);
      const newest = this.tail.chain?.entries.findLast(({ targets }) =>
        targets.tags.includes(`tag:${stored.tags[0]}`),
      );
      const isHidden = judged.kind === "purged" && newest?.mode === "soft";
      return isHidden ? { kind: "purged", mode: "soft", sinceAtMs: ask.atMs } : judged;
    }
  },
);

/** Skips the entry after the stamp. */
export const oneEntryOverlooked = askedAs((stored, ask, { tail: { chain } }) => {
  const entries = chain?.entries ?? [];
  const at = entries.findIndex(({ n }) => stored.stamp !== "none" && n === stored.stamp.n);
  const stamp = (at >= 0 && entries[at + 1]) || stored.stamp;
  return [{ ...stored, stamp }, ask];
});

/** Treats an unknown stamp as the view's last entry. */
export const unknownIsNew = askedAs((stored, ask, { tail: { chain } }) => {
  const isKnown = chain?.knows(stored.stamp) ?? false;
  return [isKnown ? stored : { ...stored, stamp: chain?.end ?? "none" }, ask];
});

/** Treats a stamp before the view's oldest entry as that entry. */
export const floorIsKnown = askedAs((stored, ask, { tail: { chain } }) => {
  const floor = chain?.entries[0];
  const isBelow =
    stored.stamp !== "none" &&
    floor !== undefined &&
    parseInt(stored.stamp.position, 10) < parseInt(floor.position, 10);
  return [isBelow ? { ...stored, stamp: floor } : stored, ask];
});

export const unbounded = askedAs((stored, ask) => [stored, { ...ask, maxLagMs: Infinity }]);
export const withoutAllowance = askedAs((stored, ask) => [
  stored,
  { ...ask, maxLagMs: ask.maxLagMs + 3_000 },
]);
export const anyColoIsOwn = askedAs((stored, ask) => [{ ...stored, colo: ask.colo() }, ask]);
export const boundFromAnswer = askedAs((stored, ask) => [
  { ...stored, requestedAtMs: stored.respondedAtMs },
  ask,
]);
export const largestLagForAll = askedAs((stored, ask) => [stored, { ...ask, maxLagMs: 10_000 }]);

/** Exempts some uses from the bound (rule 8). */
const unboundedFor =
  (isExempt: (question: VerdictQuestion, stored: StoredMetadata) => boolean) =>
  (question: VerdictQuestion): VerdictQuestion => {
    const { view } = question.exchange.site;
    const judge = (stored: StoredMetadata, ask: JudgementAsk): PurgeJudgement => {
      const judged = view.judge(stored, ask);
      const isLetBy = judged.kind === "unverified" && isExempt(question, stored);
      return isLetBy ? { kind: "usable" } : judged;
    };
    // Bind the method: only the view itself has its private members.
    const isUnreachable = view.isUnreachable.bind(view);
    const planted = { judge, isUnreachable } as unknown as PurgeView;
    return {
      ...question,
      exchange: { ...question.exchange, site: { ...question.exchange.site, view: planted } },
    };
  };

const isStale = ({ request, atMs }: VerdictQuestion, stored: StoredMetadata) =>
  termsOf(stored, request.route).lifetimeSeconds * 1_000 <= atMs - stored.respondedAtMs;

export const staleUnbounded: Planted = { asked: unboundedFor(isStale) };
export const errorUnbounded: Planted = { askedOnError: unboundedFor(() => true) };
export const onlyIfCachedUnbounded: Planted = {
  asked: unboundedFor(({ request }) => request.directives.onlyIfCached),
};

/** Judges by the time of three judgements before, as if the clock were kept between requests. */
export const clockKept: Planted = withView(
  class extends JournalView {
    readonly #keptAtMs: number[] = [];

    override judge(stored: StoredMetadata, ask: JudgementAsk): PurgeJudgement {
      const atMs = this.#keptAtMs.length < 3 ? ask.atMs : (this.#keptAtMs.shift() ?? ask.atMs);
      this.#keptAtMs.push(ask.atMs);
      return super.judge(stored, { ...ask, atMs });
    }
  },
);

/** Does not detect that the clock was set back. */
export const setBackUnnoticed: Planted = withView(
  class extends JournalView {
    #latestAtMs = -Infinity;

    override renewIfDue(requester: Requester) {
      this.#latestAtMs = Math.max(this.#latestAtMs, requester.atMs);
      return super.renewIfDue({ ...requester, atMs: this.#latestAtMs });
    }

    override arrived(): void {
      // Do not check the clock.
    }
  },
);

/** Detects a step back only if the clock still reads less than before. */
export const setBackWhileIdle: Planted = {
  view: (settings) => new JournalView({ ...settings, clock: new ClockSteps(settings.allowanceMs) }),
};

const withClock = (Clock: typeof ClockSteps): Planted => ({
  view: (settings) => new JournalView({ ...settings, clock: new Clock(settings.allowanceMs) }),
});

/** After the clock was set back, trusts bodies that this colo requested before. */
export const trustedAgain = withClock(
  class extends ClockSteps {
    override isInDoubt(): boolean {
      return false;
    }
  },
);
/** Dates the view by a read that was sent before the clock was set back. */
export const datedBeforeTheStep = withClock(
  class extends ClockSteps {
    override get count(): number {
      return 0;
    }
  },
);
