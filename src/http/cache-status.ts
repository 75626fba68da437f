// The one place that writes Cache-Status (RFC 9211).

/** Why a request went forward, in the tokens of RFC 9211 §2.2. */
export type ForwardReason = "bypass" | "method" | "uri-miss" | "vary-miss" | "request" | "stale";

/** A rule, and what it is about in this case: names that clients and origins have chosen. */
export interface RuleAndNames {
  readonly rule: string;
  readonly names: readonly string[];
}

/** What this cache did with one request. */
export type Handling =
  | { kind: "hit"; ttlSeconds: number; detail: string; unverified?: boolean }
  | {
      kind: "forwarded";
      reason: ForwardReason;
      /** The origin's status, where it answered (§2.3). */
      forwardStatus?: number;
      collapsed?: boolean;
      stored?: boolean;
      /** A rule that refused, or why an old response answers (§2.8). */
      detail?: string | RuleAndNames;
      unverified?: boolean;
    };

/** Ours (§2 leaves room for it): nobody could tell whether a purge covers what answers. */
const unverified = "unverified";

/**
 * @param upstream value of a cache nearer to the origin, kept in front of ours (RFC 9211 §2)
 */
export function cacheStatus(handling: Handling, upstream: string | null = null): string {
  const ours = `tidemark; ${parameters(handling)}`;
  return upstream === null || upstream.trim() === "" ? ours : `${upstream}, ${ours}`;
}

function parameters(handling: Handling): string {
  if (handling.kind === "hit") {
    const { ttlSeconds, detail } = handling;
    const told = `hit; ttl=${Math.floor(ttlSeconds)}; detail=${detail}`;
    return handling.unverified === true ? `${told}; ${unverified}` : told;
  }
  return [
    `fwd=${handling.reason}`,
    ...(handling.forwardStatus === undefined ? [] : [`fwd-status=${handling.forwardStatus}`]),
    ...(handling.collapsed === true ? ["collapsed"] : []),
    ...(handling.stored === true ? ["stored"] : []),
    ...(handling.detail === undefined ? [] : [`detail=${detailText(handling.detail)}`]),
    ...(handling.unverified === true ? [unverified] : []),
  ].join("; ");
}

const detailCharactersMax = 64;

/** A Token, or a String where there are names (RFC 9651 §3.3.3: printable ASCII alone). */
function detailText(detail: string | RuleAndNames): string {
  if (typeof detail === "string") return detail;
  if (detail.names.length === 0) return detail.rule;
  const told = `${detail.rule}: ${detail.names.join(", ")}`.replaceAll(/[^ -~]/g, "?");
  const cut =
    told.length > detailCharactersMax ? `${told.slice(0, detailCharactersMax - 3)}...` : told;
  return `"${cut.replaceAll(/["\\]/g, "\\$&")}"`;
}
