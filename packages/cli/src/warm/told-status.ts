// Interprets Tidemark's member of Cache-Status in a response to warming (RFC 9211).
import type { WarmResult } from "../../../../src/protocol/answers.ts";
import { cacheMembers } from "../asking/cache-status.ts";

/** The result of a page at one address. */
export interface Outcome {
  readonly result: WarmResult;
  /** The response's status; absent without a response. */
  readonly status?: number;
  /** The reason if the page was not stored, was not looked up, or failed. */
  readonly why?: string;
  /** Whether the response came from the origin. */
  readonly isFromOrigin: boolean;
}

export const notAsked: Outcome = {
  result: "failed",
  why: "not requested, because that address failed too often",
  isFromOrigin: false,
};

/** Returns `undefined` if the response is not from Tidemark. */
export function outcomeOf({ status, headers }: Response): Outcome | undefined {
  const { ours } = cacheMembers(headers);
  if (ours === undefined) return undefined;
  const { isHit, parameters: answer } = ours;
  const detail = ours.detail === "" ? undefined : ours.detail;
  const forward = answer.get("fwd");
  const given = { status, isFromOrigin: !isHit };
  if (detail?.endsWith("stale-if-error")) {
    return { ...given, result: "failed", why: "the origin failed, and a stale response answered" };
  }
  if (status >= 400) return { ...given, result: "failed", why: `status ${status}` };
  if (isHit) {
    const ttlSeconds = Number(answer.get("ttl") ?? 0);
    // Tidemark refreshes a stale response in the background, so the page is warmed.
    return { ...given, result: ttlSeconds < 0 ? "warmed" : "already" };
  }
  if (answer.get("stored") === true || answer.get("collapsed") === true) {
    return { ...given, result: "warmed" };
  }
  const isPassedBy = forward === "bypass" || forward === "method";
  const why = detail ?? (typeof forward === "string" ? forward : "no reason given");
  return { ...given, result: isPassedBy ? "passed-by" : "not-stored", why };
}
