// Remembers for explain (src/admin/explain/) the last answer for each URL, and the last request for it that
// was passed by. No decision depends on these notes.
import { BoundedMarks } from "../../cache/record/bounded-marks.ts";
import type { RuleAndNames } from "../../rules/cache-status.ts";
import type { TierChange } from "../../observe/decision-parts.ts";
import type { PassRule } from "../request/plan.ts";
import type { StoredMetadata } from "../stored/stored-response.ts";

/** An answer of the origin to GET. */
export interface LastAnswer {
  /** Without tags, selecting values and what kind of client asked; of its fields, those alone that say for whom and for how long it is. */
  readonly metadata: StoredMetadata;
  /** Why it was not stored; `undefined` where it was. */
  readonly refused: RuleAndNames | undefined;
  /** Its `Cache-Status` said `stored`: it was sent before all of the body had come. */
  readonly isSaidStored: boolean;
  /** Its client got it with `private`, which the origin had not said. */
  readonly isMadePrivate: boolean;
  /** What the writes to its tiers came to, as far as they were made. */
  readonly changes: readonly TierChange[];
}

/** A request that went past the cache. */
export interface LastPassed {
  readonly atMs: number;
  readonly method: string;
  readonly rule: PassRule;
  /** Of the origin's answer. */
  readonly status: number;
  /** Its client got the answer with `private`, which the origin had not said. */
  readonly isMadePrivate: boolean;
}

/** Clients can cause both kinds of notes, so each kind has its own bound. */
const bytesMax = 524_288;

/** Of one isolate, by the URLs that a purge names. */
export class LastAnswers {
  readonly answered = new BoundedMarks<LastAnswer>(bytesMax, ({ metadata, refused }) =>
    [metadata.statusText, ...metadata.fields, refused?.names].join(),
  );
  readonly passed = new BoundedMarks<LastPassed>(bytesMax);
}

/** Reads both kinds of notes, and changes nothing. */
export type LastAnswersPeek = {
  readonly [Kind in keyof LastAnswers]: Pick<LastAnswers[Kind], "peek">;
};
