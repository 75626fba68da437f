// Exports of `tidemark/rules`: the Worker's rules, for tests of an origin and for the CLI. The verdict on
// storing a response does not depend on the configuration.
// See docs/package.md#tidemarkrules.
import { compileAnswerRules, matchOf, type RuleMatch } from "./config/answer-rules.ts";
import { isAnalyticsCookie } from "./config/known-names.ts";
import type { WrittenAnswerRule } from "./config/written-route.ts";
import type { Fields } from "./rules/fields.ts";
import { browserUseSeconds } from "./rules/browser-lifetime.ts";
import { explicitLifetimeSeconds, statedAgeSeconds } from "./rules/freshness.ts";
import { governingDirectives } from "./rules/cache-control.ts";
import { mayStore, type RefusalRule } from "./rules/storable.ts";

export { isCredentialField } from "./config/credential-fields.ts";
export { isAnalyticsCookie } from "./config/known-names.ts";
export { type ResponseDirectives, responseDirectives } from "./rules/cache-control.ts";
export { isSilentToBrowsers } from "./rules/browser-lifetime.ts";
export { retryAfterSeconds } from "./rules/retry-after.ts";
export { silentlyVaryingBy } from "./rules/selecting.ts";
export type { RuleMatch } from "./config/answer-rules.ts";
export type { RefusalRule } from "./rules/storable.ts";

/**
 * The verdict on a response. `statedBy` is the deciding field, such as `Cache-Control: max-age=60`.
 */
export type StorageVerdict =
  | { readonly kind: "fresh"; readonly seconds: number; readonly statedBy: string }
  /** The response may be stored, and the origin validates each use. */
  | { readonly kind: "validated"; readonly statedBy: string }
  /** The response states no lifetime, but the configuration may set one. */
  | { readonly kind: "unstated" }
  /** The rule forbids storing the response, in all caches or only in Tidemark. */
  | { readonly kind: "refused"; readonly rule: RefusalRule };

/**
 * Judges a response to a GET without credentials, by the rules of the Worker (RFC 9111, RFC 9213).
 *
 * @param receivedAtMs the time of receipt in epoch milliseconds, which replaces a missing `Date`
 * @example storingOf(await fetch("https://www.example.com/")).kind // "fresh"
 */
export function storingOf(
  answer: Pick<Response, "headers" | "status">,
  receivedAtMs: number = Date.now(),
): StorageVerdict {
  const { headers: fields } = answer;
  const governing = governingDirectives(fields);
  const verdict = mayStore({
    request: { method: "GET", noStore: false },
    status: answer.status,
    fields,
    setsCookie: !cookiesSetBy(fields).every(isAnalyticsCookie),
    governing,
    lifetimeAssigned: true,
    isNamed: false,
    hasUse: true,
  });
  if (verdict.kind === "refused") return { kind: "refused", rule: verdict.rule };
  const statedBy = statedByOf(fields, governing.field);
  if (governing.directives.noCache === true) return { kind: "validated", statedBy };
  const seconds = explicitLifetimeSeconds({ governing, fields, receivedAtMs });
  if (seconds === "unstated") return { kind: "unstated" };
  return seconds === 0 ? { kind: "validated", statedBy } : { kind: "fresh", seconds, statedBy };
}

/**
 * Returns how long a browser may show a response: as its fields tell, or else as browsers assume (RFC 9111 §4.2.2). A
 * text without a lifetime leaves Tidemark with `max-age=0`: `isSilentToBrowsers` tells which.
 *
 * @param receivedAtMs as for `storingOf`
 * @returns seconds; ∞ for a permanent redirect or a 410 without a lifetime
 * @example browserSecondsOf(await fetch("https://www.example.com/")) // 0
 */
export function browserSecondsOf(
  { status, headers: fields }: Pick<Response, "headers" | "status">,
  receivedAtMs: number = Date.now(),
): number {
  const seconds = browserUseSeconds({ status, fields, receivedAtMs });
  return Math.max(0, seconds - statedAgeSeconds(fields));
}

/**
 * Returns the rules of a route's `answer` that fit a response: their positions, and the lifetime in
 * seconds that they give. Checks the conditions alone, and neither the form of the rules nor storing.
 *
 * @returns `undefined` if no rule fits
 * @example answerRulesFor(response, rules)?.rules // [0, 2]
 */
export function answerRulesFor(
  { status, headers: fields }: Pick<Response, "headers" | "status">,
  rules: readonly WrittenAnswerRule[],
): RuleMatch | undefined {
  return matchOf({ status, fields }, compileAnswerRules(rules));
}

/** Returns the distinct names of the cookies that a response sets. */
export function cookiesSetBy(headers: Headers): string[] {
  const names = headers.getSetCookie().map((line) => line.split("=", 1)[0]?.trim() ?? "");
  return [...new Set(names)];
}

function statedByOf(fields: Fields, field: string): string {
  const isByExpires = !fields.has(field) && fields.has("Expires");
  const name = isByExpires ? "Expires" : field;
  return `${name}: ${(fields.get(name) ?? "").slice(0, 80)}`;
}
