// Parses robots.txt and sitemaps.

/** The rules for the user agent `*`, and the sitemaps. */
export interface Robots {
  /** Path prefixes, with `*` for any text and `$` for the end. */
  readonly disallowed: readonly string[];
  readonly allowed: readonly string[];
  readonly sitemaps: readonly string[];
}

export function readRobots(text: string): Robots {
  const disallowed: string[] = [];
  const allowed: string[] = [];
  const sitemaps: string[] = [];
  let isForUs = false;
  let wasAgent = false;
  for (const line of text.split(/\r?\n/)) {
    const [, name = "", value = ""] = /^\s*([\w-]+)\s*:\s*([^#]*)/.exec(line) ?? [];
    const trimmed = value.trim();
    const isAgent = name.toLowerCase() === "user-agent";
    if (isAgent) isForUs = trimmed === "*" || (wasAgent && isForUs);
    if (name !== "") wasAgent = isAgent;
    if (/^disallow$/i.test(name) && isForUs && trimmed !== "") disallowed.push(trimmed);
    if (/^allow$/i.test(name) && isForUs && trimmed !== "") allowed.push(trimmed);
    if (/^sitemap$/i.test(name)) sitemaps.push(trimmed);
  }
  return { disallowed, allowed, sitemaps };
}

/**
 * Returns whether the rules allow a request for a path. The longest matching rule decides (RFC 9309
 * §2.2.2).
 */
export function mayAsk(path: string, { disallowed, allowed }: Robots): boolean {
  return longestFit(path, disallowed) <= longestFit(path, allowed);
}

function longestFit(path: string, rules: readonly string[]): number {
  let longest = 0;
  for (const rule of rules) {
    if (rule.length > longest && fits(path, rule)) longest = rule.length;
  }
  return longest;
}

function fits(path: string, rule: string): boolean {
  const isWhole = rule.endsWith("$");
  const [first = "", ...parts] = (isWhole ? rule.slice(0, -1) : rule).split("*");
  const last = isWhole ? parts.pop() : undefined;
  if (!path.startsWith(first)) return false;
  if (isWhole && last === undefined) return path === first;
  // The first match of each part leaves the most text for the next, so each rule takes linear time.
  let at = first.length;
  for (const part of parts) {
    const found = path.indexOf(part, at);
    if (found < 0) return false;
    at = found + part.length;
  }
  return last === undefined || (path.length - last.length >= at && path.endsWith(last));
}

/** Returns the URLs in a sitemap, or in an index of sitemaps. */
export function sitemapAddresses(text: string): string[] {
  return [...text.matchAll(/<loc>\s*(?:<!\[CDATA\[\s*)?([^<\]\s]+)/gi)].map(([, url = ""]) =>
    url.replaceAll("&amp;", "&"),
  );
}
