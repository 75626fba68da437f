// A page as doctor has seen it: several answers of the site, and answers of its origin.
import { responseDirectives } from "../../../../../src/http-rules.ts";
import { cacheMembers } from "../../asking/cache-status.ts";
import type { Answer } from "./look.ts";

export interface Page {
  /** Path and query. */
  readonly path: string;
  /** Of the site, in the order of asking: two or more, some seconds apart. */
  readonly answers: readonly Answer[];
  /** Of the site, asked with a token in `Tidemark-Debug`; `undefined` where there is none. */
  readonly debugged: Answer | undefined;
  /** Of the origin itself, one right after the other. */
  readonly direct: readonly Answer[];
}

/** @returns such as `page "/"`, or `pages "/", "/a"` */
export function aboutPages(pages: readonly Page[]): string {
  const paths = pages.map(({ path }) => JSON.stringify(path));
  return `page${paths.length === 1 ? "" : "s"} ${paths.join(", ")}`;
}

/** Does the answer itself forbid a shared cache to keep it, or leave it no lifetime? */
export function forbidsStoring({ headers }: Pick<Answer, "headers">): boolean {
  const {
    noStore,
    private: isPrivate,
    sMaxageSeconds,
    maxAgeSeconds,
  } = responseDirectives(headers);
  return noStore || isPrivate === true || (sMaxageSeconds ?? maxAgeSeconds) === 0;
}

/** Rules by which Tidemark makes an answer private that its origin has for everybody. */
const madePrivate: ReadonlySet<string> = new Set(["set-cookie", "vary-any"]);

/** Does the origin itself say that the answer is for one client? */
export function isForOneClient({ headers }: Pick<Answer, "headers">): boolean {
  if (madePrivate.has(cacheMembers(headers).ours?.detail ?? "")) return false;
  const { noStore, private: isPrivate } = responseDirectives(headers);
  return noStore || isPrivate === true;
}

/** Has Tidemark stored it, or answered it from what it stored? */
export function isStored({ answers }: Page): boolean {
  return answers.some(({ headers }) => {
    const { ours } = cacheMembers(headers);
    return ours !== undefined && (ours.isHit || /;\s*stored\b/.test(ours.text));
  });
}

/** The origin's own answers where it was asked, else those that the site has passed on. */
export function originAnswers({ direct, answers }: Page): readonly Answer[] {
  return direct.length > 0 ? direct : answers;
}
