// Checks URLs of servers and origins, and redacts invalid URLs for messages.

/**
 * Returns why a string cannot be used as an HTTP URL, as a predicate such as "is not a URL";
 * `undefined` if it can.
 */
export function httpUrlFault(url: string): string | undefined {
  if (!URL.canParse(url)) return "is not a URL";
  const { protocol, username, password } = new URL(url);
  if (protocol !== "https:" && protocol !== "http:") {
    // Do not show the scheme, because in "user:password@host" it is the user's name.
    return 'has a scheme that is neither "https:" nor "http:"';
  }
  // `fetch` rejects such URLs.
  return username + password === "" ? undefined : "holds a user name or a password";
}

/**
 * Returns why a string cannot be used as the URL of an origin, like `httpUrlFault`. The URL may
 * have only a scheme and an authority.
 */
export function originUrlFault(url: string): string | undefined {
  const fault = httpUrlFault(url);
  if (fault !== undefined) return fault;
  const { pathname, search, hash } = new URL(url);
  return pathname === "/" && search === "" && hash === "" ? undefined : "has a path or a query";
}

/**
 * Redacts a URL for a message, to keep passwords and keys out of logs.
 *
 * @returns scheme and host in quotes, with "/…" for the rest; the words "Its value" if scheme and
 *   host may contain part of a password
 */
export function shownUrl(url: string): string {
  const read = URL.parse(url);
  if (read === null || !/^[\w.:[\]-]+$/.test(read.host)) return "Its value";
  const rest = `${read.pathname}${read.search}${read.hash}`;
  // An "@" after the host may mean that everything before it is a password.
  if (rest.includes("@")) return "Its value";
  return JSON.stringify(`${read.protocol}//${read.host}${rest.length > 1 ? "/…" : ""}`);
}
