// What a client can tell of an answer: by Cache-Status, by the bytes that came, and by the clock. It is
// held against what the Worker counts of the same answer, so nothing here is taken from src/.

export interface Told {
  /** As `tidemark_requests_total` has it; `hit or stale-hit` where `ttl=0` stands for both. */
  readonly result: string;
  /** Of a hit; `undefined` where the answer does not tell it. */
  readonly tier?: string;
  /** Why the origin was asked for this very request; `undefined` where it was not, or nobody tells. */
  readonly reason?: string;
  readonly isStaleIfError: boolean;
  /** Why a response is not stored. */
  readonly rule?: string;
}

export interface Answered {
  readonly status: number;
  /** Empty for a page of Tidemark's own. */
  readonly cacheStatus: string;
}

/** As docs/cache-status.md explains it. */
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
  // A purge may stand before the rule, and names after it.
  const rule = (detail.split(", ").at(-1) ?? "").split(": ", 1)[0] ?? "";
  return { result: "forwarded", isStaleIfError, reason, rule };
}

/** What one request of the load came to. */
export interface Row extends Told {
  readonly colo: number;
  readonly route: string;
  readonly prefix: string;
  readonly status: number;
  /** Epoch milliseconds. */
  readonly startedAtMs: number;
  readonly endedAtMs: number;
  /** Until the head of the answer. */
  readonly headTookMs: number;
  /** Of the body; `undefined` where the Worker does not count them. */
  readonly bytes: number | undefined;
}

/**
 * @param statedBytes what the answer's `Content-Length` says; `undefined` without one
 * @returns how many bytes the Worker is to count; `undefined` for none: its own pages, and what it passes
 *   on without knowing its length
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
