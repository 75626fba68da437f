// The form, codes and order of the findings of a health check, and the status that they result in.

/** docs/health.md lists these codes; a test checks this. */
export const findingCodes = [
  "redis-credentials",
  "redis-unreachable",
  "redis-slow",
  "redis-busy",
  "redis-full",
  "redis-nearly-full",
  "redis-evicting",
  "redis-size-unknown",
  "redis-read-only",
  "redis-plan-used-up",
  "redis-refused",
  "object-unavailable",
  "clocks-apart",
  "journal-unreadable",
  "journal-lag",
  "journal-lost-entries",
  "journal-restarted",
  "switch-lost",
  "hints-off",
  "purge-late",
  "origin-down",
  "origin-unreachable",
  "origin-slow",
  "unverified-high",
  "origin-errors",
  "anonymous-refused",
  "hit-rate-low",
  "credential-field",
  "varies-silently",
  "extension-mismatch",
  "left-release",
  "build-unreadable",
  "unknown-cookies",
  "operator-refused",
  "seals-broken",
  "hook-mapping",
  "outward-behind",
  "subrequests-spent",
  "reports-missing",
  "tier-failing",
  "data-unpurged",
  "data-loads-fail",
  "behind-backlog",
  "behind-dead-letters",
  "configuration",
  "switch-thrown",
  "bypass-set",
] as const;

export type FindingCode = (typeof findingCodes)[number];

/** Worst first. A finding of level `info` leaves the status `ok`. */
export const levels = ["critical", "warning", "info"] as const;

export type Level = (typeof levels)[number];

/**
 * A finding contains no secret, no address, and no text that clients choose, such as a key. Only
 * `details`, which no log line contains, may name paths of stored pages.
 */
export interface Finding {
  readonly code: FindingCode;
  readonly level: Level;
  /** The subject, such as `route "articles"`; absent if there can be only one subject. */
  readonly about?: string;
  /** The effect on the site. */
  readonly what: string;
  /** ISO 8601; `null` if unknown. */
  readonly since: string | null;
  readonly cause: string;
  readonly remedy: string;
  /**
   * When Redis or an origin last failed; for an origin, also the number of failures. For
   * `varies-silently`, the pages.
   */
  readonly details?: string;
}

/** `unable`: no origin can be used. */
export type Status = "ok" | "degraded" | "unable";

/**
 * Returns the status.
 *
 * @param isUnable whether no origin can be used. Takes precedence over the findings
 */
export function statusOf(findings: readonly Finding[], isUnable: boolean): Status {
  if (isUnable) return "unable";
  return findings.some(({ level }) => level !== "info") ? "degraded" : "ok";
}

/** Sorts by level, worst first. Within a level, sorts by `since`, oldest first, unknown last. */
export function inOrder(findings: readonly Finding[]): Finding[] {
  const rank = ({ level }: Finding) => levels.indexOf(level);
  const sinceAtMs = ({ since }: Finding) => (since === null ? Infinity : Date.parse(since));
  const order = (a: number, b: number) => (a === b ? 0 : a - b);
  return findings.toSorted((a, b) => rank(a) - rank(b) || order(sinceAtMs(a), sinceAtMs(b)));
}

/** Counts the findings by level, as in `Found: 2 critical, 1 warning.` */
export function summaryOf(findings: readonly Pick<Finding, "level">[]): string {
  const counts = levels
    .map((level) => ({ level, count: findings.filter((one) => one.level === level).length }))
    .filter(({ count }) => count > 0);
  if (counts.length === 0) return "Nothing was found.";
  return `Found: ${counts.map(({ level, count }) => `${count} ${level}`).join(", ")}.`;
}

/** Formats a duration, such as `12 s`, or `350 ms` below ten seconds. */
export function spanOf(ms: number): string {
  return Math.abs(ms) < 10_000 ? `${Math.round(ms)} ms` : `${Math.round(ms / 1_000)} s`;
}

/**
 * Formats a share.
 *
 * @param share 0 to 1
 */
export function percentOf(share: number): string {
  return `${Math.round(share * 1_000) / 10} %`;
}
