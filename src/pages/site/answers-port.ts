// The port of the part that observes the answers of the origin, to explain them and for findings.
import type { Decision } from "../../observe/decision.ts";
import type { RuleAndNames } from "../../rules/cache-status.ts";
import type { LookupRequest, PassRule } from "../request/plan.ts";
import type { StoredMetadata } from "../stored/stored-response.ts";

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

/** A `PagePlace`, whose file imports the site. */
interface Place {
  readonly request: LookupRequest;
  readonly exchange: { readonly decision: Decision };
}

/** An observer of the answers in one isolate. No decision about a request depends on it. */
export interface AnswersPort {
  /**
   * Sees an answer with the decision so far. Callers repeat the call when more of the decision is known.
   *
   * @param metadata the metadata as stored, or of the refused answer
   * @param place a `PendingRequest`
   * @param additions values that the decision does not contain
   */
  answered(
    metadata: StoredMetadata,
    place: Place,
    additions?: { refused?: RuleAndNames; cookies?: readonly string[]; isMadePrivate?: boolean },
  ): void;
  passed(url: string, pass: LastPass): void;
}
