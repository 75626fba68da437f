// What Cache-Status tells of an answer to a warming (RFC 9211): Tidemark's own member of it.
import type { WarmResult } from "../../../../src/protocol/answers.ts";
import { cacheMembers } from "../asking/cache-status.ts";

/** What became of a page at one address. */
export interface Outcome {
  readonly result: WarmResult;
  /** Absent where no answer came. */
  readonly status?: number;
  /** Why it was not stored, not looked up, or failed. */
  readonly why?: string;
  /** Did the origin make the answer? */
  readonly isFromOrigin: boolean;
}

export const notAsked: Outcome = {
  result: "failed",
  why: "not asked, since that address was given up",
  isFromOrigin: false,
};

/** @returns `undefined` where the answer is none of Tidemark's */
export function outcomeOf({ status, headers }: Response): Outcome | undefined {
  const { ours } = cacheMembers(headers);
  if (ours === undefined) return undefined;
  const { isHit, parameters: told } = ours;
  const detail = ours.detail === "" ? undefined : ours.detail;
  const forward = told.get("fwd");
  const given = { status, isFromOrigin: !isHit };
  if (detail?.endsWith("stale-if-error")) {
    return { ...given, result: "failed", why: "the origin failed, and an old copy answered" };
  }
  if (status >= 400) return { ...given, result: "failed", why: `status ${status}` };
  if (isHit) {
    const ttlSeconds = Number(told.get("ttl") ?? 0);
    // A stale one is refreshed behind its answer.
    return { ...given, result: ttlSeconds < 0 ? "warmed" : "already" };
  }
  if (told.get("stored") === true || told.get("collapsed") === true) {
    return { ...given, result: "warmed" };
  }
  const isPassedBy = forward === "bypass" || forward === "method";
  const why = detail ?? (typeof forward === "string" ? forward : "no reason told");
  return { ...given, result: isPassedBy ? "passed-by" : "not-stored", why };
}
