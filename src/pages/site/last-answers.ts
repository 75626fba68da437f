// Remembers, for each URL, the origin's last answer and the last request that bypassed the cache.
// Only explain (src/operate/explain/) reads these notes. No decision depends on them.
import { BoundedMarks } from "../../cache/record/bounded-marks.ts";
import type { RuleAndNames } from "../../rules/cache-status.ts";
import type { TierChange } from "../../observe/decision.ts";
import type { PassRule } from "../request/plan.ts";
import type { StoredMetadata } from "../stored/stored-response.ts";

/** An answer of the origin to GET. */
export interface LastAnswer {
  /** Metadata with only the caching fields, and without tags and selecting values. */
  readonly metadata: StoredMetadata;
  /** The reason why the answer was not stored; `undefined` if it was stored. */
  readonly refused: RuleAndNames | undefined;
  /**
   * Whether `Cache-Status` reported `stored`. The field is sent before the body is complete, so the
   * write may still have failed.
   */
  readonly isReportedStored: boolean;
  /** Whether the client's copy got `private`, which the origin had not sent. */
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
  /** Whether the client's copy got `private`, which the origin had not sent. */
  readonly isMadePrivate: boolean;
}

/** The size limit of each kind of notes, because clients can cause notes of both kinds. */
const bytesMax = 524_288;

/** The notes of one isolate, by named URL. */
export class LastAnswers {
  readonly answered = new BoundedMarks<LastAnswer>(bytesMax, ({ metadata, refused }) =>
    [metadata.statusText, ...metadata.fields, refused?.names].join(),
  );
  readonly passed = new BoundedMarks<LastPass>(bytesMax);
}
