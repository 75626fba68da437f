// The form, codes and order of the findings of a health check, and the status that they result in.

import type { Fault } from "../base/operator-error.ts";
import type { FailedOutcome } from "./outward-states.ts";

/**
 * The state that each finding needs: the isolate's own, or a member that a check with the admin token
 * reads.
 */
export const findingNeeds = {
  "redis-credentials": "isolate",
  "redis-unreachable": "isolate",
  "redis-slow": "isolate",
  "redis-busy": "isolate",
  "redis-full": "rooms",
  "redis-nearly-full": "rooms",
  "redis-evicting": "rooms",
  "redis-size-unknown": "rooms",
  "redis-read-only": "isolate",
  "redis-plan-used-up": "isolate",
  "redis-refused": "isolate",
  "object-unavailable": "isolate",
  "object-version": "isolate",
  "clocks-apart": "clock",
  "journal-unreadable": "isolate",
  "journal-lag": "totals",
  "journal-lost-entries": "isolate",
  "journal-restarted": "rooms",
  "switch-lost": "isolate",
  "hints-off": "isolate",
  "origin-down": "isolate",
  "origin-unreachable": "isolate",
  "origin-invalid": "isolate",
  "origin-slow": "isolate",
  "unverified-high": "totals",
  "origin-errors": "totals",
  "anonymous-refused": "isolate",
  "credential-field": "isolate",
  "varies-silently": "isolate",
  "validator-lies": "isolate",
  "nonce-shared": "isolate",
  "nonce-unreplaced": "isolate",
  "extension-mismatch": "isolate",
  "cache-unpurged": "isolate",
  "age-too-low": "isolate",
  "left-release": "isolate",
  "build-unreadable": "isolate",
  "part-failed": "isolate",
  "gate-refused": "isolate",
  "unknown-cookies": "totals",
  "operator-refused": "totals",
  "hook-mapping": "isolate",
  "outward-behind": "looks",
  "subrequests-spent": "totals",
  "reports-missing": "totals",
  "tier-failing": "isolate",
  "data-unpurged": "isolate",
  "data-loads-fail": "isolate",
  "behind-backlog": "isolate",
  "behind-dead-letters": "isolate",
  "behind-clock": "isolate",
  configuration: "isolate",
  "switch-thrown": "isolate",
  "bypass-set": "isolate",
} as const;

export type FindingCode = keyof typeof findingNeeds;

export const findingCodes = Object.keys(findingNeeds) as FindingCode[];

/** Worst first. A finding of level `info` leaves the status `ok`. */
export const levels = ["critical", "warning", "info"] as const;

export type Level = (typeof levels)[number];

/** The details of a code. The name of a number ends with its unit. */
export type Values = Readonly<Record<string, string | number | readonly string[]>>;

/** A closer reason of some codes, with a sentence of its own. */
export type FindingCase =
  | "store-passing"
  | "store-fails"
  | "tier-edge"
  | "tier-shared"
  | "tier-r2"
  | "journal-past"
  | "fields-too-large"
  | "backlog-full"
  | "switch-unread"
  | `outward-${FailedOutcome | "ahead"}`;

/**
 * A finding contains no secret, no address, and no text that clients choose, such as a key. Only
 * `pages`, which no log line contains, names paths of stored pages.
 */
export interface Finding {
  readonly code: FindingCode;
  readonly case?: FindingCase;
  readonly level: Level;
  /** The subject, such as `route "articles"`; absent if there can be only one subject. */
  readonly about?: string;
  /** ISO 8601; `null` if unknown. */
  readonly since: string | null;
  readonly values?: Values;
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

/** Returns the finding on a fault that disables a feature, or with another level on a setting without effect. */
export const configurationFinding = (
  { what, why, hint }: Fault,
  level: Level = "warning",
): Finding => ({ code: "configuration", level, since: null, values: { what, why, hint } });

/** Names a route in a finding, by its name; empty if no route matched. */
export const aboutRoute = (name: string): string =>
  name === "" ? "no route" : `route ${JSON.stringify(name)}`;

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
