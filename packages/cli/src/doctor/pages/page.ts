// A page as doctor fetched it: responses of the site and of its origin.
import { responseDirectives } from "../../../../../src/http-rules.ts";
import { cacheMembers } from "../../asking/cache-status.ts";
import type { Answer } from "../../asking/fetch-page.ts";
import type { DoctorFinding } from "../finding.ts";

export interface Page {
  /** Path and query. */
  readonly path: string;
  /**
   * The site's responses in the order of the requests: two, at least two seconds apart, unless a
   * request failed. Empty if only the origin is checked.
   */
  readonly answers: readonly Answer[];
  /** The site's response to a request with `Tidemark-Debug`; `undefined` if none was sent or it failed. */
  readonly debugged: Answer | undefined;
  /** The site's response to a request with the cookies that the pages set; `undefined` without cookies. */
  readonly withCookies: Answer | undefined;
  /** The origin's responses to consecutive requests. */
  readonly direct: readonly Answer[];
  /** The origin's response with `Via`; `undefined` if the origin does not compress the page. */
  readonly asProxy: Answer | undefined;
  /** The origin's response to its own ETag; `undefined` if the ETag does not end with a coding. */
  readonly validated: Answer | undefined;
  /** The origin's response with `Accept` and `Accept-Language` of another client. */
  readonly asOther: Answer | undefined;
  /** The origin's response to an agent, which asks for Markdown; `undefined` if the page is no HTML. */
  readonly asAgent: Answer | undefined;
}

/** Returns text such as `page "/"`, or `pages "/", "/a"`. */
export function aboutPages(pages: readonly Page[]): string {
  const paths = pages.map(({ path }) => JSON.stringify(path));
  return `page${paths.length === 1 ? "" : "s"} ${paths.join(", ")}`;
}

/** Makes one finding about pages; none without a page. */
export function findingOn(
  pages: readonly Page[],
  finding: Omit<DoctorFinding, "about">,
): DoctorFinding | [] {
  return pages.length === 0 ? [] : { ...finding, about: aboutPages(pages) };
}

/** The pages for which a function returns names, such as those of cookies, and all the names. */
export function pagesWithNames(all: readonly Page[], namesOf: (page: Page) => readonly string[]) {
  const found = all.map((page) => ({ page, names: namesOf(page) }));
  const pages = found.flatMap(({ page, names }) => (names.length === 0 ? [] : [page]));
  return { pages, names: new Set(found.flatMap(({ names }) => names)) };
}

/** Returns whether the response forbids storing in shared caches, or has a lifetime of 0. */
export function forbidsStoring({ headers }: Answer): boolean {
  const {
    noStore,
    private: isPrivate,
    sMaxageSeconds,
    maxAgeSeconds,
  } = responseDirectives(headers);
  return noStore || isPrivate === true || (sMaxageSeconds ?? maxAgeSeconds) === 0;
}

/** Rules by which Tidemark marks a response as private, although the origin did not. */
const madePrivate: ReadonlySet<string> = new Set(["set-cookie", "vary-any"]);

/** Returns whether the origin itself reserves the response for one client. */
export function isForOneClient({ headers }: Answer): boolean {
  if (madePrivate.has(cacheMembers(headers).ours?.detail ?? "")) return false;
  const { noStore, private: isPrivate } = responseDirectives(headers);
  return noStore || isPrivate === true;
}

/** Returns whether Tidemark stored the page, or answered from the cache. */
export function isStored({ answers }: Page): boolean {
  return answers.some(({ headers }) => {
    const { ours } = cacheMembers(headers);
    return ours !== undefined && (ours.isHit || /;\s*stored\b/.test(ours.text));
  });
}

/** Returns the responses to direct requests to the origin, if any; otherwise the site's responses. */
export function originAnswers({ direct, answers }: Page): readonly Answer[] {
  return direct.length > 0 ? direct : answers;
}

export function isCompressed(headers: Headers): boolean {
  return headers.has("content-encoding");
}

interface SetCookie {
  readonly name: string;
  readonly value: string;
  /** Whether the cookie is hidden from scripts, as most session cookies are. */
  readonly isHttpOnly: boolean;
}

/** Cookies that Cloudflare, and not the Worker, sets for each client. */
const ofCloudflare = /^(?:__cf|cf_|_cfuvid)/;

export function setCookies(headers: Headers): SetCookie[] {
  return headers.getSetCookie().flatMap((text) => {
    const [pair = "", ...attributes] = text.split(";");
    const at = pair.indexOf("=");
    const name = pair.slice(0, at).trim();
    if (at < 1 || ofCloudflare.test(name)) return [];
    const isHttpOnly = attributes.some((one) => one.trim().toLowerCase() === "httponly");
    return [{ name, value: pair.slice(at + 1).trim(), isHttpOnly }];
  });
}

const nameOfSecret = /sess|sid|token|auth|csrf|xsrf|login/i;
/** Shorter values are usually settings, such as a language. */
const secretCharsMin = 16;

/** Returns whether the cookie looks like a session or another secret of one client. */
export function isOfOneClient({ name, value, isHttpOnly }: SetCookie): boolean {
  const isRandom = value.length >= secretCharsMin && /\d/.test(value) && /[a-z]/i.test(value);
  return isRandom && (isHttpOnly || nameOfSecret.test(name));
}
