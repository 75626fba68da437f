// The codes of explanations. Their sentences are the command's. The package does not export them, because their types
// lead to those of a page's steps.
export type { WriteRefusal } from "../../../cache/tiers/tier.ts";
export type { Decider } from "../../../pages/reuse/may-answer.ts";
export type { PassRule } from "../../../pages/request/plan.ts";
export type { StoreRefusal } from "../../../pages/storing/refusal.ts";

/** The next step of a live request. */
export type NextStep =
  | "answer"
  | "answer stale"
  | "answer stale in the origin's place"
  | "forward"
  | "forward to a fallback origin"
  | "validate"
  | "wait for the origin request that is under way"
  | "refuse: only-if-cached"
  | "refuse: loop"
  | "refuse: the method"
  | "refuse: the URL"
  | "refuse: the origin is down"
  | "answer by a rule"
  | "end here";

/** Why a live request would not read a tier. */
export type SkipReason =
  | "just-fetched"
  /** Each session gets an answer of its own. */
  | "passed-over"
  | "answered"
  | "always-validated"
  | "uncacheable"
  | "stale-if-error";

/** Why a response was not fresh on arrival. */
export type NeverFresh =
  | "no-validator"
  | "no-lifetime"
  | "zero-by-route"
  | "zero-by-origin"
  | "expires-no-date"
  | "expires-before-date"
  | "late-date"
  | "kept-below"
  | "slow-origin";

/** A closer reason of a verdict. */
export type VerdictCase =
  | NeverFresh
  /** This isolate itself invalidated the response, without an entry of the journal. */
  | "invalidated-here"
  /** The client has sent the position of a purge that the view lacks. */
  | "beyond-view"
  | "outside-origin-to"
  | "other-route";

/** A closer reason of a pass: the request meets the conditions of a route that bypasses the cache. */
export type PassCase = "condition";

/** A kind of difference between two keys, and in the place of `query` its closer reasons. */
export type NearestCase =
  | "scheme"
  | "host"
  | "path"
  | "query"
  | "query-order"
  | "key.headers"
  | "key.cookies"
  | "key.cf"
  | "normal form"
  | "vary"
  | "vary-cookie";
