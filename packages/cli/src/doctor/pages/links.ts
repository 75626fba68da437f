// Finds some more pages of a site in the links of its first page.
import type { Answer } from "./look.ts";

const pathCountMax = 4;

/** To ask for these may do something. */
const acting = /log-?(?:in|out)|sign-?(?:in|out|up)|delete|remove|cart|checkout|admin|unsubscribe/i;

/** @returns paths of the same site, without a query */
export function pathsLinkedFrom({ url, text, headers }: Answer): string[] {
  if (!(headers.get("content-type") ?? "").startsWith("text/html")) return [];
  const here = new URL(url);
  const paths = new Set<string>();
  for (const [, href = ""] of text.matchAll(/<a\s[^>]*?href\s*=\s*["']([^"'#]+)/gi)) {
    const link = URL.parse(href, url);
    const isPage =
      link?.origin === here.origin && link.search === "" && !acting.test(link.pathname);
    if (isPage && link.pathname !== here.pathname) paths.add(link.pathname);
    if (paths.size === pathCountMax) break;
  }
  return [...paths];
}
