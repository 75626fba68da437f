// Builds the Cache-Status field (RFC 9211).

/** The reason why a request was forwarded, as a token of RFC 9211 §2.2. */
export type ForwardReason =
  | "bypass"
  | "method"
  | "uri-miss"
  | "vary-miss"
  | "request"
  | "stale"
  | "partial";

/**
 * The cause that keeps a stored response from answering, if this is not its age: a purge, or doubt
 * about purges. RFC 9211 §2.2 has no token for these causes, so `reason` has another token, usually
 * `stale`.
 */
export type ForwardCause = "purged" | "unverified";

/**
 * A rule, and the names of the fields or cookies to which it applied. Clients and origins choose
 * these names.
 */
export interface RuleAndNames {
  readonly rule: string;
  readonly names: readonly string[];
}

/** How this cache handled one request. */
export interface Handling {
  readonly kind: "hit" | "forwarded";
  /** For a hit: the remaining lifetime of the response; negative if stale (§2.4). */
  readonly ttlSeconds?: number;
  /** Why the request was forwarded. */
  readonly reason?: ForwardReason | undefined;
  readonly cause?: ForwardCause | undefined;
  /** The origin's status, if it answered (§2.3). */
  readonly forwardStatus?: number | undefined;
  readonly collapsed?: boolean;
  readonly stored?: boolean;
  /**
   * The tier of a hit, the rule of a bypass or refusal, or the reason for a stale answer (§2.8).
   */
  readonly detail?: string | RuleAndNames | undefined;
  /**
   * `true`: it is unknown whether a purge covers the response. An extension parameter (§2).
   */
  readonly unverified?: boolean;
}

/**
 * Returns the value of Cache-Status for one response.
 *
 * @param upstream the value from a cache nearer to the origin, which precedes this cache's value
 *   (RFC 9211 §2)
 */
export function cacheStatus(handling: Handling, upstream: string | null = null): string {
  const ours = `tidemark; ${parameters(handling)}`;
  return upstream === null || upstream.trim() === "" ? ours : `${upstream}, ${ours}`;
}

function parameters(handling: Handling): string {
  const { kind, ttlSeconds = 0, reason, forwardStatus, unverified } = handling;
  const detail = detailText(handling);
  const handled =
    kind === "hit"
      ? `hit; ttl=${Math.floor(ttlSeconds)}`
      : `fwd=${reason}` +
        (forwardStatus === undefined ? "" : `; fwd-status=${forwardStatus}`) +
        (handling.collapsed === true ? "; collapsed" : "") +
        (handling.stored === true ? "; stored" : "");
  const why = detail === "" ? "" : `; detail=${detail}`;
  return unverified === true ? `${handled}${why}; unverified` : `${handled}${why}`;
}

const detailCharactersMax = 64;

/**
 * Returns the value of `detail`; empty if there is none. The value is a Token if it is one word,
 * else a String (RFC 9651 §3.3.3: printable ASCII only).
 */
function detailText({ kind, cause, detail }: Handling): string {
  const rule = typeof detail === "object" ? ruleText(detail) : (detail ?? "");
  const hasNames = typeof detail === "object" && detail.names.length > 0;
  if (kind === "hit" || cause === undefined) return hasNames ? quoted(rule) : rule;
  // §2.8 allows one `detail`, so a cause and a refusal share it.
  return rule === "" ? cause : quoted(`${cause}, ${rule}`);
}

function quoted(text: string): string {
  const ascii = text.replaceAll(/[^ -~]/g, "?");
  const cut =
    ascii.length > detailCharactersMax ? `${ascii.slice(0, detailCharactersMax - 3)}...` : ascii;
  return `"${cut.replaceAll(/["\\]/g, "\\$&")}"`;
}

function ruleText({ rule, names }: RuleAndNames): string {
  return names.length === 0 ? rule : `${rule}: ${names.join(", ")}`;
}
