// Finds more pages of a site through the links of its front page.
import { referencesOf } from "../../origin/links.ts";
import { apiPattern, isAssetPath, withoutQuery } from "../../origin/page-kind.ts";
import type { Answer } from "./look.ts";

type LinkingPage = Pick<Answer, "url" | "text" | "headers">;

/**
 * Returns the paths of an origin that an HTML page links to. Relative links belong to the page's
 * own origin.
 */
export function pathsLinkedAt(origin: string, { url, text, headers }: LinkingPage): string[] {
  const contentType = headers.get("content-type") ?? "";
  if (!contentType.startsWith("text/html")) return [];
  const page = { origin, path: url, text, contentType, linkField: null };
  return referencesOf(page).flatMap(({ path, as }) => (as === "link" ? [path] : []));
}

const pathCountMax = 4;

/** Paths that are not requested, because a request may have effects. */
const acting = /log-?(?:in|out)|sign-?(?:in|out|up)|delete|remove|cart|checkout|admin|unsubscribe/i;

/**
 * Returns at most four paths of other pages of the site, without queries.
 *
 * @param origin the origin, if known, because pages may link to it instead of the site
 */
export function pathsLinkedFrom(answer: LinkingPage, origin: string | undefined): string[] {
  const here = new URL(answer.url);
  const hosts = [here.origin, ...(origin === undefined ? [] : [origin])];
  const paths = hosts.flatMap((host) => pathsLinkedAt(host, answer));
  const isPage = (path: string) =>
    path === withoutQuery(path) &&
    path !== here.pathname &&
    !acting.test(path) &&
    !isAssetPath(path) &&
    apiPattern(path) === undefined;
  return [...new Set(paths.filter(isPage))].slice(0, pathCountMax);
}
