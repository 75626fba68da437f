// Derives the labels of a response from its status and Cache-Status, like a client. The labels are
// compared with the Worker's counts, so this file imports nothing from src/.

export interface Told {
  /**
   * The result as in `tidemark_requests_total`; `hit or stale-hit` for `ttl=0`, which fresh and
   * stale hits can have.
   */
  readonly result: string;
  /** The tier of a hit; `undefined` if the response does not show the tier. */
  readonly tier?: string;
  /**
   * The reason for the request to the origin; `undefined` if there was no such request, or if the
   * response does not show the reason.
   */
  readonly reason?: string;
  readonly isStaleIfError: boolean;
  /** The reason why a response is not stored. */
  readonly rule?: string;
}

export interface Answered {
  readonly status: number;
  /** The value of `Cache-Status`; empty for a page that Tidemark itself generates. */
  readonly cacheStatus: string;
}

/** Returns the labels as docs/cache-status.md defines them. */
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
  // A purge may precede the rule in `detail`, and names may follow the rule.
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
  /** The time until the head of the response. */
  readonly headTookMs: number;
  /** The bytes of the body; `undefined` if the Worker does not count them. */
  readonly bytes: number | undefined;
}

/**
 * @param statedBytes the value of `Content-Length`; `undefined` if there is none
 * @returns the bytes that the Worker counts; `undefined` for pages that Tidemark itself generates,
 *   and for forwarded bodies of unknown length
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
