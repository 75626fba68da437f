// Faults for the histories to find: how a view judges, stamps and is asked.
import type { StoredMetadata } from "../../src/proxy/stored/stored-response.ts";
import { ClockSteps } from "../../src/purge/view/clock-steps.ts";
import { JournalView } from "../../src/purge/view/journal-view.ts";
import type {
  Attention,
  JudgementAsk,
  PurgeJudgement,
  PurgeView,
} from "../../src/purge/view/view.ts";
import { termsOf } from "../../src/proxy/stored/lifetime.ts";
import type { VerdictQuestion } from "../../src/proxy/reuse/verdict.ts";
import type { Parts } from "../../testing/simulation/simulated-isolate.ts";

type Planted = Partial<Parts>;

const withView = (View: typeof JournalView): Planted => ({
  view: (settings) => new View(settings),
});

/** Judges something else than it was asked for. */
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

/** The newest entry alone says whether a response may be used stale. */
export const softHidesHard = withView(
  class extends JournalView {
    override judge(stored: StoredMetadata, ask: JudgementAsk): PurgeJudgement {
      const judged = super.judge(stored, ask);
      const newest = this.chain?.entries.findLast(({ targets }) =>
        targets.tags.includes(`tag:${stored.tags[0]}`),
      );
      const isHidden = judged.kind === "purged" && newest?.mode === "soft";
      return isHidden ? { kind: "purged", mode: "soft", sinceAtMs: ask.atMs } : judged;
    }
  },
);

/** The entry that a response is stamped with covers no more, nor does the one after it. */
export const oneEntryOverlooked = askedAs((stored, ask, { chain }) => {
  const entries = chain?.entries ?? [];
  const at = entries.findIndex(({ n }) => stored.stamp !== "none" && n === stored.stamp.n);
  const stamp = (at >= 0 && entries[at + 1]) || stored.stamp;
  return [{ ...stored, stamp }, ask];
});

/** Takes responses whose stamp it has never heard of for new ones. */
export const unknownIsNew = askedAs((stored, ask, { chain }) => {
  const isKnown = chain?.knows(stored.stamp) ?? false;
  return [isKnown ? stored : { ...stored, stamp: chain?.end ?? "none" }, ask];
});

/** What is older than the view is as old as its oldest entry, which is no purge of it. */
export const floorIsKnown = askedAs((stored, ask, { chain }) => {
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

/** Rule 8 is kept for all uses but one. */
const unboundedFor =
  (isExempt: (question: VerdictQuestion, stored: StoredMetadata) => boolean) =>
  (question: VerdictQuestion): VerdictQuestion => {
    const { view } = question.exchange.site;
    const judge = (stored: StoredMetadata, ask: JudgementAsk): PurgeJudgement => {
      const judged = view.judge(stored, ask);
      const isLetBy = judged.kind === "unverified" && isExempt(question, stored);
      return isLetBy ? { kind: "usable" } : judged;
    };
    // Private members are the view's own, so it is not inherited from.
    const isUnreachable = view.isUnreachable.bind(view);
    const planted = { judge, isUnreachable } as unknown as PurgeView;
    return {
      ...question,
      exchange: { ...question.exchange, site: { ...question.exchange.site, view: planted } },
    };
  };

const isStale = ({ lookup, atMs }: VerdictQuestion, stored: StoredMetadata) =>
  termsOf(stored, lookup.route).lifetimeSeconds * 1_000 <= atMs - stored.respondedAtMs;

export const staleUnbounded: Planted = { asked: unboundedFor(isStale) };
export const errorUnbounded: Planted = { askedOnError: unboundedFor(() => true) };
export const onlyIfCachedUnbounded: Planted = {
  asked: unboundedFor(({ lookup }) => lookup.directives.onlyIfCached),
};

/** The clock of the request before last, as if it were kept between requests. */
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

/** The clock may be set back as it likes: the view is as old as the two instants say. */
export const setBackUnnoticed: Planted = withView(
  class extends JournalView {
    #latestAtMs = -Infinity;

    override attend(attention: Attention) {
      this.#latestAtMs = Math.max(this.#latestAtMs, attention.atMs);
      return super.attend({ ...attention, atMs: this.#latestAtMs });
    }

    override arrived(): void {
      // Whatever arrives.
    }
  },
);

const withClock = (Clock: typeof ClockSteps): Planted => ({
  view: (settings) => new JournalView({ ...settings, clock: new Clock(settings.allowanceMs) }),
});

/** What this colo has asked for before its clock was set back is young again once it has caught up. */
export const trustedAgain = withClock(
  class extends ClockSteps {
    override isInDoubt(): boolean {
      return false;
    }
  },
);
/** A read that was sent before the clock was set back dates the view. */
export const datedBeforeTheStep = withClock(
  class extends ClockSteps {
    override get count(): number {
      return 0;
    }
  },
);
