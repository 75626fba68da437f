// The one place that writes Cache-Status (RFC 9211).

/** Why a request went forward, in the tokens of RFC 9211 §2.2. */
export type ForwardReason = "bypass" | "method" | "uri-miss" | "vary-miss" | "request" | "stale";

/** What this cache did with one request. */
export type Handling =
  | { kind: "hit"; ttlSeconds: number; detail: string }
  | {
      kind: "forwarded";
      reason: ForwardReason;
      /** The origin's status, where it answered (§2.3). */
      forwardStatus?: number;
      collapsed?: boolean;
      stored?: boolean;
      /** Free text as a token: a rule that refused, or why an old response answers (§2.8). */
      detail?: string;
    };

/**
 * @param upstream value of a cache nearer to the origin, kept in front of ours (RFC 9211 §2)
 */
export function cacheStatus(handling: Handling, upstream: string | null = null): string {
  const ours = ["tidemark", ...parameters(handling)].join("; ");
  return upstream === null || upstream.trim() === "" ? ours : `${upstream}, ${ours}`;
}

function parameters(handling: Handling): string[] {
  if (handling.kind === "hit") {
    return ["hit", `ttl=${Math.floor(handling.ttlSeconds)}`, `detail=${handling.detail}`];
  }
  return [
    `fwd=${handling.reason}`,
    ...(handling.forwardStatus === undefined ? [] : [`fwd-status=${handling.forwardStatus}`]),
    ...(handling.collapsed === true ? ["collapsed"] : []),
    ...(handling.stored === true ? ["stored"] : []),
    ...(handling.detail === undefined ? [] : [`detail=${handling.detail}`]),
  ];
}
