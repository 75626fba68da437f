// What Cache-Status tells of an answer to a warming (RFC 9211): Tidemark's own member of it.
import { parseList, Token } from "structured-headers";
import type { WarmResult } from "../../../../src/admin/protocol.ts";

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
export function outcomeOf(status: number, field: string | null): Outcome | undefined {
  const told = ownMember(field);
  if (told === undefined) return undefined;
  const text = (name: string) => {
    const value = told.get(name);
    if (value instanceof Token) return value.toString();
    return typeof value === "string" ? value : undefined;
  };
  const detail = text("detail");
  const forward = text("fwd");
  const isHit = told.get("hit") === true;
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
  const why = detail ?? forward ?? "no reason told";
  return { ...given, result: isPassedBy ? "passed-by" : "not-stored", why };
}

function ownMember(field: string | null): ReadonlyMap<string, unknown> | undefined {
  if (field === null) return undefined;
  try {
    const own = parseList(field).findLast(([name]) => nameOf(name) === "tidemark");
    return own?.[1];
  } catch {
    return undefined;
  }
}

function nameOf(item: unknown): string {
  return item instanceof Token ? item.toString() : typeof item === "string" ? item : "";
}
