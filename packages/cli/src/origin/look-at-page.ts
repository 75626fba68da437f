// Examines one page: requests it in several ways, and compares the responses.
import {
  browserSecondsOf,
  cookiesSetBy,
  isAnalyticsCookie,
  isCredentialField,
  isSilentToBrowsers,
  type StorageVerdict,
  storingOf,
} from "../../../../src/http-rules.ts";
import { type Answer, type AskOptions, mediaTypeOf } from "../asking/fetch-page.ts";
import type { OriginClient } from "./origin-client.ts";
import { kindOf, type PageKind } from "./page-kind.ts";

/** Traits in which clients may differ. */
type ClientTrait = "cookie" | "accept" | "language" | "user-agent" | "address";

/** The results of examining one page. */
export interface PageSight {
  readonly path: string;
  readonly kind: PageKind;
  readonly status: number;
  readonly contentType: string;
  /** The target of a redirect, as written. */
  readonly redirectsTo: string | undefined;
  readonly storing: StorageVerdict;
  /** How long browsers may show the page as it leaves Tidemark, in seconds; at most a year. */
  readonly browserSeconds: number;
  /** Cookies that the page sets and that may identify a visitor. */
  readonly cookies: readonly string[];
  /**
   * Why it was not compared in full, as a sentence without a full stop; `undefined` if it was. The
   * traits that were not compared are not in `differsBy`.
   */
  readonly uncompared: string | undefined;
  /** Cookies that the page sets again although the request already has them. */
  readonly cookiesAgain: readonly string[];
  /** Field names in lower case. */
  readonly vary: readonly string[];
  /** Fields that look like a credential, from `Vary` or `Access-Control-Allow-Headers`. */
  readonly credentials: readonly string[];
  /** The difference between two identical requests; `undefined` if there was only one answer. */
  readonly change: BodyChange | undefined;
  /** Where these two responses differ first; `undefined` if they do not, or if a token differs. */
  readonly changedText: readonly [string, string] | undefined;
  /** Traits that changed the page more than a repeated request did. */
  readonly differsBy: readonly ClientTrait[];
  /** The media types that the page has for another `Accept`: JSON, or Markdown for an agent. */
  readonly otherTypes: readonly string[];
  readonly hasToken: boolean;
  readonly hasValidator: boolean;
  readonly hasTags: boolean;
  /** Fields whose names say that they have tags, and that Tidemark reads only if `tagFields` names them. */
  readonly otherTagFields: readonly string[];
}

const yearSeconds = 365 * 86_400;

/** Matches `X-Cache-Tags`, `Cache-Tags`, `Edge-Cache-Tag`, `X-Magento-Tags` and `xkey`, for example. */
const tagFieldName = /(?:^|-)(?:cache-tags?|tags)$|^xkey$/;
const knownTagFields = ["cache-tag", "surrogate-key", "cache-groups"];

/** The request field of each trait, as `Vary` names it. */
export const fieldOfTrait = {
  accept: "accept",
  language: "accept-language",
  "user-agent": "user-agent",
  address: "x-forwarded-for",
} as const;

/**
 * Returns whether the page differs by this trait without a matching `Vary`. A cache would mix such
 * pages.
 */
export function isUntold(
  { differsBy, vary }: PageSight,
  trait: keyof typeof fieldOfTrait,
): boolean {
  return differsBy.includes(trait) && !vary.includes(fieldOfTrait[trait]);
}

/** Cookies of a visitor without a session: consent cookies, and one that the origin does not know. */
const foreignCookies = "tidemark_look=1; CookieConsent=true; OptanonConsent=1";
const traits: Readonly<Record<ClientTrait, (set: string) => Readonly<Record<string, string>>>> = {
  cookie: (set) => ({ cookie: [set, foreignCookies].filter((text) => text !== "").join("; ") }),
  accept: () => ({ accept: "application/json" }),
  language: () => ({ "accept-language": "de" }),
  "user-agent": () => ({
    "user-agent":
      "Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) AppleWebKit/605.1.15 Mobile/15E148",
  }),
  // An address for documentation (RFC 5737). An origin that does not trust these fields shows no
  // difference.
  address: () => ({
    "x-forwarded-for": "203.0.113.9",
    "x-real-ip": "203.0.113.9",
    "cf-ipcountry": "JP",
  }),
};
/** The kinds of change, in increasing order. */
const changes: readonly BodyChange[] = ["same", "token", "numbers", "content"];
const traitNames = Object.keys(traits) as ClientTrait[];

/** @param plain the response to the request without any trait */
export async function lookAtPage(
  path: string,
  plain: Answer,
  { client, nowAtMs }: { client: OriginClient; nowAtMs: () => number },
): Promise<PageSight> {
  const kind = kindOf(path, plain);
  const isPage = kind === "page" || kind === "api" || kind === "feed";
  let uncompared = isPage && plain.isCut ? "Its body is longer than init reads" : undefined;
  const ask = async (options: AskOptions) => {
    const reply = await client.ask(path, options);
    const why = reply.kind === "failed" ? reply.why : busyIn(reply);
    uncompared ??= why;
    return reply.kind === "failed" || why !== undefined ? undefined : reply;
  };
  const isWorthIt = plain.status === 200 && kind !== "private";
  const again = plain.status === 200 ? await ask({}) : undefined;
  const change = again && changeOf(plain, again);
  const isComparable = isWorthIt && isPage && change !== undefined && change !== "content";
  const counts = (other: Answer | undefined) =>
    isComparable &&
    other !== undefined &&
    changes.indexOf(changeOf(plain, other)) > changes.indexOf(change);
  const found = isComparable ? await traitsThatCount(plain, { ask, counts }) : none;
  const asOthers: (Answer | undefined)[] = [];
  for (const accept of isWorthIt ? acceptsFor(kind, plain) : []) {
    const other = await ask({ headers: { accept } });
    if (mediaTypeOf(other) === mediaTypeOf(plain)) break;
    asOthers.push(other);
  }
  const types = [found.asJson, ...asOthers].flatMap((other) =>
    other?.status === plain.status ? (mediaTypeOf(other) ?? []) : [],
  );
  const otherTypes = [...new Set(types)].filter(
    (type) => type !== mediaTypeOf(plain) && (isPage || type.startsWith("image/")),
  );
  const isByType = otherTypes.length > 0 && !found.names.includes("accept");
  const cookies = sayingCookies([plain, again]);
  const back =
    cookies.length > 0 ? await ask({ headers: { cookie: pairsSetBy(plain) } }) : undefined;
  return {
    path,
    kind,
    status: plain.status,
    contentType: plain.headers.get("content-type")?.split(";", 1)[0] ?? "",
    redirectsTo: plain.headers.get("location")?.slice(0, 500) ?? undefined,
    storing: storingOf(plain, nowAtMs()),
    browserSeconds: isSilentToBrowsers(plain.headers, plain)
      ? 0
      : Math.min(yearSeconds, browserSecondsOf(plain, nowAtMs())),
    cookies,
    uncompared,
    cookiesAgain: sayingCookies([back]),
    vary: namesIn(plain.headers, "vary"),
    credentials: credentialsOf(plain.headers),
    change,
    changedText:
      again !== undefined && (change === "numbers" || change === "content")
        ? firstDifference(plain.text, again.text)
        : undefined,
    differsBy: isByType ? [...found.names, "accept"] : found.names,
    otherTypes,
    hasToken: hasToken(plain.text),
    hasValidator: ["etag", "last-modified"].some((name) => plain.headers.has(name)),
    hasTags: knownTagFields.some((name) => plain.headers.has(name)),
    otherTagFields: [...plain.headers.keys()].filter(
      (name) => tagFieldName.test(name) && !knownTagFields.includes(name),
    ),
  };
}

type Ask = (options: AskOptions) => Promise<Answer | undefined>;

interface FoundTraits {
  readonly names: readonly ClientTrait[];
  /** The page with the trait `accept`, if that changes the page. */
  readonly asJson: Answer | undefined;
}

const none: FoundTraits = { names: [], asJson: undefined };

/** Tries all traits in one request first. If the response differs, tries each trait alone. */
async function traitsThatCount(
  plain: Answer,
  { ask, counts }: { ask: Ask; counts: (other: Answer | undefined) => boolean },
): Promise<FoundTraits> {
  const set = pairsSetBy(plain);
  const withTraits = (names: readonly ClientTrait[]) =>
    ask({ headers: Object.assign({}, ...names.map((name) => traits[name](set))) });
  if (!counts(await withTraits(traitNames))) return none;
  const names: ClientTrait[] = [];
  let asJson: Answer | undefined;
  for (const name of traitNames) {
    const other = await withTraits([name]);
    if (!counts(other)) continue;
    names.push(name);
    if (name === "accept") asJson = other;
  }
  return { names, asJson };
}

/** Returns the names of cookies that may identify a visitor. */
function sayingCookies(answers: readonly (Answer | undefined)[]): string[] {
  const names = answers.flatMap((answer) => (answer ? cookiesSetBy(answer.headers) : []));
  return [...new Set(names)].filter((name) => !isAnalyticsCookie(name));
}

/** Returns the cookies as a browser would send them back. */
function pairsSetBy({ headers }: Answer): string {
  const pairs = headers.getSetCookie().map((line) => line.split(";", 1)[0] ?? "");
  return pairs.join("; ");
}

function changeOf(first: Answer, second: Answer): BodyChange {
  return second.status === first.status ? bodyChange(first, second) : "content";
}

const busyStatuses: ReadonlySet<number> = new Set([429, 502, 503, 504]);

/** Returns the sentence for an origin that refuses further requests, or is overloaded. */
function busyIn({ status }: Answer): string | undefined {
  return busyStatuses.has(status) ? `A further request was answered with ${status}` : undefined;
}

/**
 * Returns the values of `Accept` for which a page or an image often has another type. The second is
 * for clients without AVIF, and only matters if the first has an effect.
 */
function acceptsFor(kind: PageKind, plain: Answer): readonly string[] {
  if (kind === "page") return ["text/markdown"];
  const isImage = /^image\/(?:jpeg|png|gif|webp|avif)$/.test(mediaTypeOf(plain) ?? "");
  return isImage ? ["image/avif,image/webp,*/*", "image/webp,*/*"] : [];
}

/** Returns the members of a list field in lower case. */
function namesIn(headers: Headers, field: string): string[] {
  const names = (headers.get(field) ?? "").toLowerCase().split(",");
  return [...new Set(names.map((name) => name.trim()).filter((name) => name !== ""))];
}

function credentialsOf(headers: Headers): string[] {
  const lists = ["vary", "access-control-allow-headers"].map((field) => namesIn(headers, field));
  const isOne = (name: string) => name !== "authorization" && isCredentialField(name);
  return [...new Set(lists.flat().filter(isOne))];
}

type BodyChange = "same" | "token" | "numbers" | "content";

const tokenName = /csrf|xsrf|authenticity|nonce|__requestverificationtoken|form_build_id|_token/i;
/** An unclosed tag matches up to the end of the text, so that each character is read once. */
const tokenTag = /<(?:input|meta|script|style|link)\b(?:"[^"]*"|'[^']*'|[^>"']+)*>?/gi;

/** A name and its value, in a script or in JSON. */
const tokenValue =
  /(?:csrf|xsrf|nonce|authenticity)[\w-]{0,40}["']?\s{0,9}[:=]\s{0,9}(?:"[^"\n]{0,500}"|'[^'\n]{0,500}')/gi;

/** Returns whether a form field, or a tag such as `meta`, is named like a token. */
export function hasToken(text: string): boolean {
  return [...text.matchAll(tokenTag)].some(([tag]) => tokenName.test(tag));
}

interface Body {
  readonly text: string;
  readonly digest: string;
}

export function bodyChange(first: Body, second: Body): BodyChange {
  if (first.digest === second.digest) return "same";
  const [a, b] = [first.text, second.text];
  if (a === "" || b === "") return "content";
  if (withoutTokens(a) === withoutTokens(b)) return "token";
  return withoutNumbers(a) === withoutNumbers(b) ? "numbers" : "content";
}

function withoutTokens(text: string): string {
  return text.replace(tokenTag, (tag) => (tokenName.test(tag) ? "" : tag)).replace(tokenValue, "");
}

/** Replaces times, counts and the hexadecimal names that some frameworks generate for each response. */
function withoutNumbers(text: string): string {
  return withoutTokens(text)
    .replace(/\b[0-9a-f]+\b/gi, (word) => (/\d/.test(word) ? "#" : word))
    .replace(/[#:.,\s-]+/g, "#");
}

/** The characters that are shown before and after the first difference. */
const shownChars = { before: 24, after: 40 };

/** Returns the places of two texts where these first differ, apart from tokens, in one line each. */
export function firstDifference(one: string, other: string): readonly [string, string] {
  const [first, second] = [withoutTokens(one), withoutTokens(other)];
  let at = 0;
  while (at < first.length && first[at] === second[at]) at += 1;
  const shown = (text: string) =>
    text
      .slice(Math.max(0, at - shownChars.before), at + shownChars.after)
      .replace(/[\s\p{Cc}]+/gu, " ")
      .trim();
  return [shown(first), shown(second)];
}
