// The form of doctor's findings, and its own codes. Findings of the site's health have other codes.
import {
  type Finding,
  type FindingCode,
  type Level,
  summaryOf,
} from "../../../../src/protocol/finding.ts";
import type { FindingText } from "../texts/findings.ts";
import type { Terminal } from "../terminal.ts";

/** Doctor's own codes. */
export const doctorCodes = [
  "wrangler-syntax",
  "config-invalid",
  "origin-missing",
  "origin-wrong",
  "origin-placeholder",
  "origin-is-self",
  "site-host-wrong",
  "workers-dev",
  "preview-urls",
  "secret-half-set",
  "secret-not-usable",
  "secret-weak",
  "secret-in-vars",
  "secret-file-not-ignored",
  "secret-file-open",
  "dev-shares-database",
  "binding-incomplete",
  "stores-missing",
  "flag-missing",
  "flag-forbidden",
  "date-too-old",
  "placement-set",
  "requests-logged",
  "requests-traced",
  "workers-cache",
  "unreachable",
  "not-tidemark",
  "token-refused",
  "database-far",
  "journal-far",
  "route-few-hits",
  "hook-silent",
  "hook-refused",
  "page-fails",
  "loop",
  "redirect-to-itself",
  "links-past",
  "esi-unprocessed",
  "encoding-broken",
  "not-through-tidemark",
  "cache-in-front",
  "cache-below",
  "browsers-keep",
  "purge-refused",
  "purge-not-seen",
  "origin-forbids-caching",
  "no-lifetime",
  "cookie-on-page",
  "cookie-unknown",
  "session-shared",
  "vary-wide",
  "varies-silently",
  "plain-for-proxies",
  "coding-in-tag",
  "origin-open",
  "origin-is-tidemark",
] as const;

export type DoctorCode = (typeof doctorCodes)[number];

/**
 * A finding of doctor, or of the site's health. It contains no secret and no value of a cookie.
 * `critical`: affects pages, purges or privacy now. `warning`: may affect them. `info`: needs no action.
 */
export interface DoctorFinding extends FindingText, Pick<Finding, "level" | "about"> {
  readonly code: DoctorCode | FindingCode;
  readonly since?: string | null;
}

/** The result of one part of doctor. */
export interface Examination {
  readonly findings: readonly DoctorFinding[];
  /** Phrases, such as `the folder: wrangler.toml`. */
  readonly lookedAt: readonly string[];
  /** One or two sentences for each part that was not checked, with the reason. */
  readonly notLookedAt: readonly string[];
}

const rankOf = { critical: 0, warning: 1, info: 2 } as const satisfies Record<Level, number>;

/** Sorts findings by level, the worst first, and removes duplicates. */
export function inOrder(findings: readonly DoctorFinding[]): DoctorFinding[] {
  const byText = new Map(findings.map((one) => [`${one.code} ${one.about} ${one.what}`, one]));
  return [...byText.values()].toSorted((a, b) => rankOf[a.level] - rankOf[b.level]);
}

/** Reports that a site, or one of its pages, could not be fetched. @param why a sentence */
export function unreachable(what: string, why: string, level: Level = "critical"): DoctorFinding {
  const remedy = "Check the address, and that the site is up.";
  return { code: "unreachable", level, what, cause: why, remedy };
}

/** Quotes and joins names, such as `"a", "b"`. */
export function quoted(names: Iterable<string>): string {
  return [...names].map((name) => JSON.stringify(name)).join(", ");
}

/** Loopback and private addresses (RFC 6890 §2.2), which only reach this machine or its network. */
export const localHost =
  /^(?:localhost|127\.[\d.]+|10\.[\d.]+|192\.168\.[\d.]+|172\.(?:1[6-9]|2\d|3[01])\.[\d.]+|\[(?:::1|f[cd][\da-f:]+)\])$/;

const styles = { critical: "red", warning: "yellow", info: "cyan" } as const;

export function printReport(
  { findings, lookedAt, notLookedAt }: Examination,
  terminal: Terminal,
): void {
  terminal.print(summaryOf(findings));
  for (const finding of findings) printFinding(finding, terminal);
  printList("Checked:", lookedAt, terminal);
  printList("Not checked:", notLookedAt, terminal);
}

export function printFinding(finding: DoctorFinding, terminal: Terminal): void {
  const { code, level, about, what, since, cause, remedy, details } = finding;
  const place = about === undefined ? "" : `, ${about}`;
  const time = since ? `, since ${since}` : "";
  terminal.print("");
  terminal.print({ style: styles[level], text: level }, ` ${code}${place}${time}`);
  terminal.print(`  ${what}`);
  terminal.print(`  Cause: ${cause}`);
  terminal.print(`  Remedy: ${remedy}`);
  if (details !== undefined) terminal.print(`  Details: ${details}`);
}

function printList(head: string, lines: readonly string[], terminal: Terminal): void {
  if (lines.length === 0) return;
  terminal.print("");
  terminal.print(head);
  for (const line of lines) terminal.print(`  ${line}`);
}
