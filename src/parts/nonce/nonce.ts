// Exports of `tidemark/nonce`: a new nonce of Content-Security-Policy in each answer, also in those of stored pages.
import { base64url } from "../../base/sha256.ts";
import type { Route } from "../../config/config.ts";
import type { PartContents } from "../../part/contents.ts";
import type { RoutePart } from "../../part/port/part.ts";
import type { PhaseRequest, Phases } from "../../part/port/phases.ts";
import { ruleConditions } from "../../part/port/rule.ts";
import { ownRequest } from "../../pages/request/plan.ts";
import { allowNoReuse } from "../../pages/respond/downstream.ts";
import { withBodyThrough } from "../../pages/respond/leave.ts";
import type { PhaseHost } from "../../pages/site/site.ts";
import { type Fields, hasCoding } from "../../rules/fields.ts";
import { isHtml, isPolicy, noncesIn, policyFieldNames } from "../../rules/nonces.ts";
import { findingsOfNonces, type NonceFault } from "./nonce-findings.ts";
import { replacing } from "./nonce-stream.ts";

/**
 * Replaces the nonces of Content-Security-Policy by a random one of 128 bits in each answer (CSP3 §7.1), in its fields
 * and in the body of HTML. The origin sends nonces of its own, or the same text in each answer, of 16 to 128
 * characters. Such a page leaves for its client alone, without validators, length and ranges.
 *
 * @example
 * defineConfig({ routes: [{ name: "pages", match: "*", fresh: "10m", use: [nonce()] }] });
 */
export function nonce(): RoutePart {
  const contents: PartContents = { openPhases, open: findingsOfNonces };
  return { kind: "route", name: "nonce", traits: { replacesNonces: true }, contents };
}

/** A shorter text may also stand elsewhere in a page. */
const charactersMin = 16;
const charactersMax = 128;

/** Requests of browsers for parts of a page (Fetch §2.2.5), which get a 304 or a range. */
const ofPageParts: ReadonlySet<string> = new Set(
  "audio font image manifest script style track video worker".split(" "),
);

function openPhases({ notes, nowAtMs }: PhaseHost) {
  const made = new NoncesOfClients();
  return ({ name, responseEdits }: Route): Phases => {
    const edited = responseEdits?.lines.filter(([field]) => isPolicy(field)) ?? [];
    return {
      ignores: ({ headers }) =>
        ofPageParts.has(headers.get("sec-fetch-dest") ?? "") ? [] : ruleConditions,
      refuses({ headers }) {
        if (!isHtml(headers)) return undefined;
        const ofRoute = edited.flatMap(([, policy]) => noncesIn(policy));
        const fault = faultOf([...noncesOf(headers), ...ofRoute], headers);
        if (fault === undefined) return undefined;
        notes.note("nonce-unreplaced", name, [fault], nowAtMs());
        return { rule: "nonce-unreplaced", names: [] };
      },
      rewrite: (response, request) => rewritten(response, request, made),
    };
  };
}

const noncesOf = (headers: Pick<Fields, "get">): readonly string[] => [
  ...new Set(policyFieldNames.flatMap((name) => noncesIn(headers.get(name)))),
];

/** Returns why the nonces of a page cannot be replaced. */
function faultOf(nonces: readonly string[], headers: Fields): NonceFault | undefined {
  if (nonces.length === 0) return undefined;
  if (hasCoding(headers)) return "coding";
  const isFit = ({ length }: string) => length >= charactersMin && length <= charactersMax;
  return nonces.every(isFit) ? undefined : "length";
}

/** @returns `undefined` for a part of a page, which would show the origin's nonce */
function rewritten(
  response: Response,
  request: PhaseRequest,
  made: NoncesOfClients,
): Response | undefined {
  const { headers, status } = response;
  const nonces = noncesOf(headers);
  if (nonces.length === 0) return response;
  if (status === 304) {
    // The client's body has the nonces of the client's own policy.
    for (const name of policyFieldNames) {
      if (noncesIn(headers.get(name)).length > 0) headers.delete(name);
    }
    return response;
  }
  const isPage = isHtml(headers);
  const fault = faultOf(nonces, headers);
  if (fault === "length" || (isPage && fault !== undefined)) {
    // No tier stores such a page, so its nonce is the client's own.
    if (isPage) allowNoReuse(headers);
    return response;
  }
  if (isPage && status === 206) return undefined;
  const value = made.of(request);
  const sent = isPage ? withBodyThrough(response, replacing(nonces, value), request) : response;
  const replaced = (text: string) =>
    nonces.reduce((before, own) => before.replaceAll(own, value), text);
  for (const [name, text] of new Headers(sent.headers)) {
    if (replaced(text) !== text && name !== "set-cookie") sent.headers.set(name, replaced(text));
  }
  // A cache would show the page, and with it the nonce, again.
  if (isPage) allowNoReuse(sent.headers);
  return sent;
}

/** The nonces of answers: one for a page and its fragments, and another one for each page. */
class NoncesOfClients {
  readonly #known = new WeakMap<object, { readonly value: string; isOfPage: boolean }>();

  /** @param request the client's, or for a fragment that of `requestForWhole` */
  of(request: PhaseRequest): string {
    const client = ownRequest(request);
    const isOfPage = client === request;
    const known = this.#known.get(client);
    if (known !== undefined && !(isOfPage && known.isOfPage)) {
      known.isOfPage ||= isOfPage;
      return known.value;
    }
    const value = base64url(crypto.getRandomValues(new Uint8Array(16)));
    this.#known.set(client, { value, isOfPage });
    return value;
  }
}
