// The form of what doctor finds, and all codes of its own. Those of the site's health stand beside them.
import type { FindingCode, Level } from "../../../../src/protocol/finding.ts";

/** docs/command.md explains each; a test checks this. */
export const doctorCodes = [
  "wrangler-syntax",
  "wrangler-several",
  "main-missing",
  "compatibility-date",
  "origin-missing",
  "origin-wrong",
  "origin-is-self",
  "strict-fetch-flag",
  "site-host-missing",
  "site-host-wrong",
  "namespace-wrong",
  "no-route",
  "workers-dev",
  "preview-urls",
  "secret-half-set",
  "secret-not-usable",
  "secret-weak",
  "secret-in-vars",
  "secret-file-not-ignored",
  "secret-file-open",
  "binding-incomplete",
  "environment-lacks",
  "cron-missing",
  "workers-cache",
  "not-tidemark",
  "token-refused",
  "machine-clock",
  "database-far",
  "origin-timeout-short",
  "route-unmatched",
  "route-few-hits",
  "page-fails",
  "loop",
  "redirect-to-itself",
  "links-past",
  "encoding-broken",
  "not-through-tidemark",
  "cache-in-front",
  "cache-below",
  "purge-refused",
  "purge-not-seen",
  "origin-forbids-caching",
  "no-lifetime",
  "cookie-on-page",
  "session-shared",
  "vary-wide",
  "origin-open",
  "origin-is-tidemark",
  "workers-dev-answers",
] as const;

export type DoctorCode = (typeof doctorCodes)[number];

/** No secret and no value of a cookie stands in it. */
export interface DoctorFinding {
  readonly code: DoctorCode | FindingCode;
  /** `critical`: pages, purges or privacy suffer now. `warning`: they may. `info`: to know. */
  readonly level: Level;
  /** Which of several it is about, such as `environment "staging"`; absent where there is one alone. */
  readonly about?: string;
  /** What it means for the site. */
  readonly what: string;
  readonly cause: string;
  readonly remedy: string;
}

/** What a part of doctor came to. */
export interface Examined {
  readonly findings: readonly DoctorFinding[];
  /** Each as a phrase, such as `the folder: wrangler.toml`. */
  readonly lookedAt: readonly string[];
  /** Each as a sentence or two: what, and why not. */
  readonly notLookedAt: readonly string[];
}

const rankOf = { critical: 0, warning: 1, info: 2 } as const satisfies Record<Level, number>;

/** @returns the worst first, each once; of one level in the order of the parts */
export function inOrder(findings: readonly DoctorFinding[]): DoctorFinding[] {
  const byText = new Map(findings.map((one) => [`${one.code} ${one.about} ${one.what}`, one]));
  return [...byText.values()].toSorted((a, b) => rankOf[a.level] - rankOf[b.level]);
}

/** @returns the names in quotes, such as `"a", "b"` */
export function quoted(names: Iterable<string>): string {
  return [...names].map((name) => JSON.stringify(name)).join(", ");
}
