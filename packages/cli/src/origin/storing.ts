// What the fields of an answer say of its storing in a shared cache, by the rules of the Worker itself.
import { analyticsCookies } from "../../../../src/config/config.ts";
import { matchesAny } from "../../../../src/config/known-names.ts";
import type { Fields } from "../../../../src/rules/fields.ts";
import { explicitLifetimeSeconds } from "../../../../src/rules/freshness.ts";
import { governingDirectives } from "../../../../src/rules/governing-directives.ts";
import { mayStore, type RefusalRule } from "../../../../src/rules/storable.ts";
import type { Answer } from "./origin-client.ts";

/** Exactly one holds. */
export type Storing =
  | { readonly kind: "fresh"; readonly seconds: number; readonly saidBy: string }
  /** It may be kept, and its origin is asked at each use whether it is still right. */
  | { readonly kind: "validated"; readonly saidBy: string }
  /** The origin says nothing of a lifetime: the configuration may. */
  | { readonly kind: "unstated" }
  | { readonly kind: "refused"; readonly rule: RefusalRule };

/** @param receivedAtMs epoch milliseconds, in the place of a missing `Date` */
export function storingOf(
  answer: Pick<Answer, "headers" | "status">,
  receivedAtMs: number,
): Storing {
  const fields = withoutHarmlessCookies(answer.headers);
  const governing = governingDirectives(fields);
  const verdict = mayStore({
    request: { method: "GET", noStore: false, hasAuthorization: false },
    status: answer.status,
    fields,
    governing,
    lifetimeAssigned: true,
    isNamed: false,
    hasUse: true,
  });
  if (verdict.kind === "refused") return { kind: "refused", rule: verdict.rule };
  const saidBy = saidByOf(fields, governing.source);
  if (governing.directives.noCache === true) return { kind: "validated", saidBy };
  const seconds = explicitLifetimeSeconds({ governing, fields, receivedAtMs });
  if (seconds === "unstated") return { kind: "unstated" };
  return seconds === 0 ? { kind: "validated", saidBy } : { kind: "fresh", seconds, saidBy };
}

/** @returns names of the cookies that an answer sets */
export function cookiesSetBy(headers: Headers): string[] {
  const names = headers.getSetCookie().map((line) => line.split("=", 1)[0]?.trim() ?? "");
  return [...new Set(names)];
}

/** Cookies that the Worker takes out of what it stores, since they say nothing of a page. */
export function isHarmless(cookie: string): boolean {
  return matchesAny(analyticsCookies, cookie);
}

function withoutHarmlessCookies(headers: Headers): Fields {
  if (!cookiesSetBy(headers).every(isHarmless)) return headers;
  const fields = new Headers(headers);
  fields.delete("set-cookie");
  return fields;
}

function saidByOf(fields: Fields, source: "targeted" | "cache-control"): string {
  const names =
    source === "targeted"
      ? ["CDN-Cache-Control", "Surrogate-Control"]
      : ["Cache-Control", "Expires"];
  const name = names.find((one) => fields.has(one)) ?? "Cache-Control";
  return `${name}: ${(fields.get(name) ?? "").slice(0, 80)}`;
}
