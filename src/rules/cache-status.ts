// The one place that writes Cache-Status (RFC 9211).

/** Why a request went forward, in the tokens of RFC 9211 §2.2. */
export type ForwardReason = "bypass" | "method" | "uri-miss" | "vary-miss" | "request" | "stale";

/** Why a copy that was found did not answer, which RFC 9211 §2.2 calls stale like an old one. */
export type ForwardCause = "purged" | "unverified";

/** A rule, and what it is about in this case: names that clients and origins have chosen. */
export interface RuleAndNames {
  readonly rule: string;
  readonly names: readonly string[];
}

/** What this cache did with one request. */
export interface Handling {
  readonly kind: "hit" | "forwarded";
  /** Of a hit; negative for a stale one (§2.4). */
  readonly ttlSeconds?: number;
  /** Of what was forwarded. */
  readonly reason?: ForwardReason | undefined;
  readonly cause?: ForwardCause | undefined;
  /** The origin's status, where it answered (§2.3). */
  readonly forwardStatus?: number | undefined;
  readonly collapsed?: boolean;
  readonly stored?: boolean;
  /** The tier that a hit is from, a rule that refused, or why an old response answers (§2.8). */
  readonly detail?: string | RuleAndNames | undefined;
  /** Ours (§2 leaves room for it): nobody could tell whether a purge covers what answers. */
  readonly unverified?: boolean;
}

/**
 * The value of Cache-Status for one answer.
 *
 * @param upstream value of a cache nearer to the origin, kept in front of ours (RFC 9211 §2)
 */
export function cacheStatus(handling: Handling, upstream: string | null = null): string {
  const ours = `tidemark; ${parameters(handling)}`;
  return upstream === null || upstream.trim() === "" ? ours : `${upstream}, ${ours}`;
}

function parameters(handling: Handling): string {
  const { kind, ttlSeconds = 0, reason, forwardStatus, unverified } = handling;
  const detail = detailText(handling);
  const told =
    kind === "hit"
      ? `hit; ttl=${Math.floor(ttlSeconds)}`
      : `fwd=${reason}` +
        (forwardStatus === undefined ? "" : `; fwd-status=${forwardStatus}`) +
        (handling.collapsed === true ? "; collapsed" : "") +
        (handling.stored === true ? "; stored" : "");
  const why = detail === "" ? "" : `; detail=${detail}`;
  return unverified === true ? `${told}${why}; unverified` : `${told}${why}`;
}

const detailCharactersMax = 64;

/** A Token, or a String where there is more than a word (RFC 9651 §3.3.3: printable ASCII alone). */
function detailText({ kind, cause: ofForward, detail }: Handling): string {
  const cause = kind === "forwarded" ? ofForward : undefined;
  const rule = typeof detail === "object" ? ruleText(detail) : (detail ?? "");
  const hasNames = typeof detail === "object" && detail.names.length > 0;
  if (cause === undefined && !hasNames) return rule;
  if (rule === "") return cause ?? "";
  // `detail` stands once (§2.8): a cause and a refusal share it.
  const told = (cause === undefined ? rule : `${cause}, ${rule}`).replaceAll(/[^ -~]/g, "?");
  const cut =
    told.length > detailCharactersMax ? `${told.slice(0, detailCharactersMax - 3)}...` : told;
  return `"${cut.replaceAll(/["\\]/g, "\\$&")}"`;
}

function ruleText({ rule, names }: RuleAndNames): string {
  return names.length === 0 ? rule : `${rule}: ${names.join(", ")}`;
}
