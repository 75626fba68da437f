// The nonces of Content-Security-Policy, by which a page allows its own scripts (https://www.w3.org/TR/CSP3/#nonces).
import type { Fields } from "./fields.ts";
import { shownMediaType } from "./media-types.ts";

/** The fields with policies, in lower case. */
export const policyFieldNames = ["content-security-policy", "content-security-policy-report-only"];

export const isPolicy = (name: string): boolean => policyFieldNames.includes(name);

/** Returns the nonces of a policy, in their order and with repetitions. Its other text may be invalid. */
export const noncesIn = (policy: string | null): string[] =>
  [...(policy ?? "").matchAll(/'nonce-([^'\s;,]+)'/gi)].map(([, nonce = ""]) => nonce);

/**
 * Returns whether browsers may show the response as a document, whose scripts may have nonces: HTML, XML, or no valid
 * type. Each type with `+xml` is XML (https://mimesniff.spec.whatwg.org/#xml-mime-type).
 */
export function isDocument(fields: Fields): boolean {
  const type = shownMediaType(fields);
  return type === undefined || /^text\/html$|^(?:text|application)\/xml$|\+xml$/.test(type);
}

/** Returns whether a page allows scripts by a nonce, which must differ in each answer (CSP3 §7.1). */
export const sharesNonce = (stored: Fields): boolean =>
  noncesIn(stored.get("content-security-policy")).length > 0 && isDocument(stored);
