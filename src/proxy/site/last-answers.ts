// Remembers for explain (src/admin/explain/) the last answer for each URL, and the last request for it that
// bypassed the cache. No decision depends on these notes.
import { BoundedMarks } from "../../cache/record/bounded-marks.ts";
import type { RuleAndNames } from "../../rules/cache-status.ts";
import type { TierChange } from "../../observe/decision-parts.ts";
import type { PassRule } from "../request/plan.ts";
import type { StoredMetadata } from "../stored/stored-response.ts";

/** An answer of the origin to GET. */
export interface LastAnswer {
  /** Metadata without tags, selecting values and `askedBy`, and with only the fields that govern caching. */
  readonly metadata: StoredMetadata;
  /** Why it was not stored; `undefined` if it was. */
  readonly refused: RuleAndNames | undefined;
  /** Its `Cache-Status` said `stored`, because it was sent before the body was complete. */
  readonly isReportedStored: boolean;
  /** The client's copy got `private`, which the origin had not sent. */
  readonly isMadePrivate: boolean;
  /** The results of the writes to tiers. */
  readonly changes: readonly TierChange[];
}

/** A request that bypassed the cache. */
export interface LastPass {
  readonly atMs: number;
  readonly method: string;
  readonly rule: PassRule;
  /** The status of the origin's answer. */
  readonly status: number;
  /** The client's copy got `private`, which the origin had not sent. */
  readonly isMadePrivate: boolean;
}

/** Clients can cause both kinds of notes, so each kind has its own bound. */
const bytesMax = 524_288;

/** The notes of one isolate, by keyed URL. */
export class LastAnswers {
  readonly answered = new BoundedMarks<LastAnswer>(bytesMax, ({ metadata, refused }) =>
    [metadata.statusText, ...metadata.fields, refused?.names].join(),
  );
  readonly passed = new BoundedMarks<LastPass>(bytesMax);
}

/** Reads both kinds of notes, and changes nothing. */
export type LastAnswersPeek = {
  readonly [Kind in keyof LastAnswers]: Pick<LastAnswers[Kind], "peek">;
};
