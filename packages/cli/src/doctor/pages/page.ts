// A page as doctor has seen it: responses of the site and of its origin.
import { responseDirectives } from "../../../../../src/http-rules.ts";
import { cacheMembers } from "../../asking/cache-status.ts";
import type { Answer } from "./look.ts";

export interface Page {
  /** Path and query. */
  readonly path: string;
  /** The site's responses in the order of the requests: two or more, some seconds apart. */
  readonly answers: readonly Answer[];
  /** The site's response to a request with a token in `Tidemark-Debug`; `undefined` without a token. */
  readonly debugged: Answer | undefined;
  /** The origin's responses to consecutive requests. */
  readonly direct: readonly Answer[];
}

/** Returns text such as `page "/"`, or `pages "/", "/a"`. */
export function aboutPages(pages: readonly Page[]): string {
  const paths = pages.map(({ path }) => JSON.stringify(path));
  return `page${paths.length === 1 ? "" : "s"} ${paths.join(", ")}`;
}

/** Tells whether the response forbids shared caches to store it, or gives no lifetime. */
export function forbidsStoring({ headers }: Pick<Answer, "headers">): boolean {
  const {
    noStore,
    private: isPrivate,
    sMaxageSeconds,
    maxAgeSeconds,
  } = responseDirectives(headers);
  return noStore || isPrivate === true || (sMaxageSeconds ?? maxAgeSeconds) === 0;
}

/** Rules by which Tidemark makes a response private that the origin did not mark as private. */
const madePrivate: ReadonlySet<string> = new Set(["set-cookie", "vary-any"]);

/** Tells whether the origin itself marks the response as for one client. */
export function isForOneClient({ headers }: Pick<Answer, "headers">): boolean {
  if (madePrivate.has(cacheMembers(headers).ours?.detail ?? "")) return false;
  const { noStore, private: isPrivate } = responseDirectives(headers);
  return noStore || isPrivate === true;
}

/** Tells whether Tidemark has stored the page, or answered it from the cache. */
export function isStored({ answers }: Page): boolean {
  return answers.some(({ headers }) => {
    const { ours } = cacheMembers(headers);
    return ours !== undefined && (ours.isHit || /;\s*stored\b/.test(ours.text));
  });
}

/** Returns the origin's own responses if there are any; otherwise those that the site forwarded. */
export function originAnswers({ direct, answers }: Page): readonly Answer[] {
  return direct.length > 0 ? direct : answers;
}
