// Finds more pages of a site through the links of its front page.
import { referencesOf } from "../../origin/links.ts";
import { apiPattern, isAssetPath, withoutQuery } from "../../origin/page-kind.ts";
import type { Answer } from "./look.ts";

const pathCountMax = 4;

/** Paths that are not requested, because a request may have effects. */
const acting = /log-?(?:in|out)|sign-?(?:in|out|up)|delete|remove|cart|checkout|admin|unsubscribe/i;

/**
 * Returns at most four paths of other pages of the site, without queries.
 *
 * @param origin the origin, if known, because pages may link to it instead of the site
 */
export function pathsLinkedFrom(
  { url, text, headers }: Pick<Answer, "url" | "text" | "headers">,
  origin: string | undefined,
): string[] {
  const contentType = headers.get("content-type") ?? "";
  if (!contentType.startsWith("text/html")) return [];
  const here = new URL(url);
  const hosts = [here.origin, ...(origin === undefined ? [] : [origin])];
  const paths = hosts.flatMap((host) => {
    const page = { origin: host, path: url, text, contentType, linkField: null };
    return referencesOf(page).flatMap(({ path, as }) => (as === "link" ? [path] : []));
  });
  const isPage = (path: string) =>
    path === withoutQuery(path) &&
    path !== here.pathname &&
    !acting.test(path) &&
    !isAssetPath(path) &&
    apiPattern(path) === undefined;
  return [...new Set(paths.filter(isPage))].slice(0, pathCountMax);
}
