// Derives the labels of an answer from its Cache-Status, its bytes and its duration, like a client.
// The result is compared with the Worker's counts, so this file imports nothing from src/.

export interface Told {
  /**
   * The result as in `tidemark_requests_total`; `hit or stale-hit` for `ttl=0`, which means either.
   */
  readonly result: string;
  /** The tier of a hit; `undefined` if the answer does not show it. */
  readonly tier?: string;
  /**
   * The reason for this request to the origin; `undefined` without one, or if the answer does not
   * show it.
   */
  readonly reason?: string;
  readonly isStaleIfError: boolean;
  /** The reason why a response is not stored. */
  readonly rule?: string;
}

export interface Answered {
  readonly status: number;
  /** Empty for a page of Tidemark's own. */
  readonly cacheStatus: string;
}

/** Returns the labels, by docs/cache-status.md. */
export function toldBy({ status, cacheStatus }: Answered): Told {
  if (cacheStatus === "") {
    return { result: status === 429 ? "limited" : "failed", isStaleIfError: false };
  }
  const parts = new Map(
    cacheStatus
      .split("; ")
      .slice(1)
      .map((part) => {
        const [name = "", value = ""] = part.split("=");
        return [name, value.replaceAll('"', "")] as const;
      }),
  );
  const detail = parts.get("detail") ?? "";
  const isStaleIfError = detail.split(", ").includes("stale-if-error");
  return parts.has("hit")
    ? hitTold(Number(parts.get("ttl")), detail, isStaleIfError)
    : forwardTold(parts, detail, isStaleIfError);
}

function hitTold(ttlSeconds: number, detail: string, isStaleIfError: boolean): Told {
  if (isStaleIfError) return { result: "stale-hit", isStaleIfError };
  const result = ttlSeconds > 0 ? "hit" : ttlSeconds < 0 ? "stale-hit" : "hit or stale-hit";
  return { result, tier: detail, isStaleIfError };
}

function forwardTold(
  parts: ReadonlyMap<string, string>,
  detail: string,
  isStaleIfError: boolean,
): Told {
  const isCollapsed = parts.has("collapsed");
  const reason = parts.get("fwd") ?? "";
  const asked = isCollapsed ? {} : { reason };
  if (isStaleIfError) return { result: "stale-hit", isStaleIfError, ...asked };
  if (isCollapsed) return { result: "collapsed", isStaleIfError };
  if (reason === "bypass" || reason === "method")
    return { result: "passed", isStaleIfError, reason };
  if (parts.get("fwd-status") === "304") return { result: "validated", isStaleIfError, reason };
  if (parts.has("stored")) return { result: "stored", isStaleIfError, reason };
  // A purge may precede the rule, and names may follow it.
  const rule = (detail.split(", ").at(-1) ?? "").split(": ", 1)[0] ?? "";
  return { result: "forwarded", isStaleIfError, reason, rule };
}

/** The result of one request of the load. */
export interface Row extends Told {
  readonly colo: number;
  readonly route: string;
  readonly prefix: string;
  readonly status: number;
  /** Epoch milliseconds. */
  readonly startedAtMs: number;
  readonly endedAtMs: number;
  /** The time until the head of the answer. */
  readonly headTookMs: number;
  /** The bytes of the body; `undefined` if the Worker does not count them. */
  readonly bytes: number | undefined;
}

/**
 * @param statedBytes the answer's `Content-Length`; `undefined` without one
 * @returns the bytes that the Worker counts; `undefined` for its own pages, and for passed bodies
 *   of unknown length
 */
export function bytesToCount(
  { result }: Told,
  { bodyBytes, statedBytes }: { bodyBytes: number; statedBytes: number | undefined },
): number | undefined {
  if (result === "failed" || result === "limited") return undefined;
  const isPassedOn = result === "passed" || result === "forwarded";
  if (isPassedOn && bodyBytes > 0 && statedBytes === undefined) return undefined;
  return bodyBytes;
}
