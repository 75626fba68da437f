// Exports of `tidemark/nonce`: a new nonce of Content-Security-Policy in each answer, also in those of stored pages.
// See docs/package.md#tidemarknonce.
import { base64url } from "../../base/sha256.ts";
import type { Route } from "../../config/config.ts";
import type { PartContents } from "../../admin/part-contents.ts";
import type { PartedRoute, RoutePart } from "../../part/port/part.ts";
import { ignorable, type PhaseRequest, type Phases } from "../../part/port/phases.ts";
import { ownRequest } from "../../pages/request/conditions.ts";
import { edit } from "../../routing/field-edits.ts";
import { allowNoReuse } from "../../pages/respond/downstream.ts";
import { withBodyThrough } from "../../pages/respond/leave.ts";
import type { PhaseHost } from "../../pages/site/site.ts";
import { type Fields, hasCoding } from "../../rules/fields.ts";
import { isDocument, isPolicy, noncesIn, policyFieldNames } from "../../rules/nonces.ts";
import { findingsOfNonces, type NonceFault } from "./nonce-findings.ts";
import { NonceReplacer } from "./nonce-stream.ts";

/**
 * Replaces the nonces of Content-Security-Policy by random ones of 128 bits in each answer (CSP3 §7.1), in its fields
 * and in the body of HTML, SVG and XML. The origin draws its nonces for each answer, as without a cache, in base64 of 16
 * to 128 characters. Such a page leaves for its client alone, without validators, length and ranges.
 *
 * @example
 * defineConfig({ routes: [{ name: "pages", match: "*", fresh: "10m", use: [nonce()] }] });
 */
export function nonce(): RoutePart {
  const contents: PartContents = { openPhases, open: findingsOfNonces };
  return { kind: "route", name: "nonce", traits: { replacesNonces: true }, faultOn, contents };
}

/** A text that is the same in each answer would be known, and an author could write it into a page. */
function faultOn({ response: { headers: { set = {}, add = {} } = {} } = {} }: PartedRoute) {
  const isNamed = [...Object.entries(set), ...Object.entries(add)].some(
    ([name, policy]) => isPolicy(name.toLowerCase()) && noncesIn(policy).length > 0,
  );
  return isNamed
    ? "has nonce(), and in response.headers a nonce that is the same in each answer: let the origin draw it"
    : undefined;
}

/** Requests of browsers for parts of a page (Fetch §2.2.5), which get a 304, or for media also a range. */
const ofMedia: ReadonlySet<string> = new Set(["audio", "video"]);
const ofPageParts: ReadonlySet<string> = new Set(
  "font image manifest script style track worker".split(" "),
);
const ofRanges = ["if-range", "range"] as const;

/** The fields by which a page is judged. */
const judged = [...policyFieldNames, "content-encoding", "content-type"];

function openPhases({ notes, nowAtMs }: PhaseHost) {
  const pages: NoncesOfPages = new WeakMap();
  return ({ name, responseEdits }: Route): Phases => ({
    ignores({ headers }) {
      const destination = headers.get("sec-fetch-dest") ?? "";
      if (ofMedia.has(destination)) return [];
      return ofPageParts.has(destination) ? ofRanges : ignorable;
    },
    refuses({ headers }) {
      const fault = faultOf(responseEdits ? leaving(headers, responseEdits) : headers);
      if (fault === undefined) return undefined;
      notes.note("nonce-unreplaced", name, [fault], nowAtMs());
      return { rule: "nonce-unreplaced", names: [] };
    },
    update: inNoncesOf,
    rewrite: (response, request) => rewritten(response, request, pages),
  });
}

/** Returns the fields of a page as they leave. */
const leaving = (given: Pick<Fields, "get">, edits: Route["responseEdits"]): Headers =>
  edit(new Headers(judged.map((name) => [name, given.get(name) ?? ""])), edits);

const noncesOf = (headers: Pick<Fields, "get">): readonly string[] => [
  ...new Set(policyFieldNames.flatMap((name) => noncesIn(headers.get(name)))),
];

/** A shorter text may also stand elsewhere in a page. Browsers ignore other characters (CSP3 §2.3.1). */
const isFit = (own: string): boolean => own.length <= 128 && /^[\w+/-]{16,}={0,2}$/.test(own);

/** Encodings in which a nonce has other bytes: UTF-16, by its labels (https://encoding.spec.whatwg.org). */
const wideCharset = /charset\s*=\s*["']?(?:utf-?16|ucs-2|iso-10646|(?:cs)?unicode)/i;

/** Returns why the nonces of a page cannot be replaced. */
function faultOf(headers: Fields): NonceFault | undefined {
  const nonces = noncesOf(headers);
  if (nonces.length === 0 || !isDocument(headers)) return undefined;
  if (hasCoding(headers)) return "coding";
  if (wideCharset.test(headers.get("content-type") ?? "")) return "charset";
  return nonces.every(isFit) ? undefined : "form";
}

/** Returns the fields of a 304 with the nonces of the stored page; `undefined` if its policy has others. */
function inNoncesOf(update: Headers, stored: Pick<Fields, "get" | "has">): Headers | undefined {
  if (!isDocument(stored)) return update;
  const values = new Map<string, string>();
  for (const name of policyFieldNames.filter((one) => update.has(one))) {
    const own = [...new Set(noncesIn(stored.get(name)))];
    const given = [...new Set(noncesIn(update.get(name)))];
    if (own.length !== given.length || !given.every(isFit)) return undefined;
    for (const [nth, value] of own.entries()) {
      const theirs = given[nth] ?? "";
      if ((values.get(theirs) ?? value) !== value) return undefined;
      values.set(theirs, value);
    }
  }
  const fields = new Headers(update);
  replaceIn(fields, new NonceReplacer(values));
  return fields;
}

/** Replaces nonces in fields. A cookie is of its client. */
function replaceIn(fields: Headers, replacer: NonceReplacer): void {
  for (const [name, text] of new Headers(fields)) {
    const replaced = name === "set-cookie" ? text : replacer.text(text);
    if (replaced !== text) fields.set(name, replaced);
  }
}

/** @returns `undefined` for a part of a page, in which a nonce may be cut */
function rewritten(
  response: Response,
  request: PhaseRequest,
  pages: NoncesOfPages,
): Response | undefined {
  const { headers, status } = response;
  const nonces = noncesOf(headers);
  const values = valuesFor(nonces.filter(isFit), { headers, request, pages });
  if (nonces.length === 0) return response;
  const replacer = new NonceReplacer(values);
  if (status === 304) {
    // The client's body has the nonces of the client's own fields.
    for (const [name, text] of new Headers(headers)) {
      const isOwn = isPolicy(name) && noncesIn(text).length > 0;
      if (name !== "set-cookie" && (isOwn || replacer.text(text) !== text)) headers.delete(name);
    }
    return response;
  }
  const isPage = isDocument(headers);
  const isOfParts = headers.get("content-type")?.startsWith("multipart/byteranges") === true;
  if (status === 206 && (isPage || isOfParts)) return undefined;
  const fault = faultOf(headers);
  if (fault !== undefined) {
    // No tier stores such a page, so its nonce is the client's own.
    allowNoReuse(headers);
    if (fault !== "form" || !nonces.some(isFit)) return response;
  }
  const sent = isPage ? withBodyThrough(response, replacer.stream(), request) : response;
  replaceIn(sent.headers, replacer);
  // A cache would show the page, and with it the nonce, again.
  if (isPage) allowNoReuse(sent.headers);
  return sent;
}

/** The nonce of a page of fragments, and the directives that name it. */
interface NonceOfPage {
  readonly value: string;
  readonly directives: readonly string[];
}

/** The nonces of pages by the request of `requestForWhole`; `undefined` for a page that has not exactly one. */
type NoncesOfPages = WeakMap<object, NonceOfPage | undefined>;

/** Returns the directives of the enforced policy that name a nonce. */
const directivesWith = (own: string, headers: Headers): string[] =>
  (headers.get("content-security-policy") ?? "")
    .split(/[;,]/)
    .filter((directive) => noncesIn(directive).includes(own))
    .map((directive) => directive.trim().replace(/\s.*/s, "").toLowerCase());

/**
 * Returns a random value for each nonce. A nonce of a fragment gets that of its page if the page has exactly one, and
 * the fragment's policy allows with it what the page's does.
 */
function valuesFor(
  nonces: readonly string[],
  given: { headers: Headers; request: PhaseRequest; pages: NoncesOfPages },
): ReadonlyMap<string, string> {
  const { headers, request, pages } = given;
  const page = pages.get(request);
  const values = new Map(
    nonces.map((own) => {
      const allowed = directivesWith(own, headers);
      const isOfPage = page?.directives.every((one) => allowed.includes(one)) === true;
      return [own, isOfPage ? page.value : base64url(crypto.getRandomValues(new Uint8Array(16)))];
    }),
  );
  // The first part of a page is its template.
  if (ownRequest(request) !== request && !pages.has(request)) {
    const [[own, value] = [], ...others] = values;
    const isOnly = own !== undefined && value !== undefined && others.length === 0;
    pages.set(request, isOnly ? { value, directives: directivesWith(own, headers) } : undefined);
  }
  return values;
}
