// Which texts are the address of a server or of an origin, and what may be shown of one that is not.

/**
 * Why a text is no address that can be asked over HTTP.
 *
 * @returns what to say after the text's name, such as "is no URL"; `undefined` for an address
 */
export function httpUrlFault(url: string): string | undefined {
  if (!URL.canParse(url)) return "is no URL";
  const { protocol, username, password } = new URL(url);
  if (protocol !== "https:" && protocol !== "http:") {
    // Not told, since it may be a user's name: of "user:password@host" it is what stands first.
    return 'has a scheme that is neither "https:" nor "http:"';
  }
  // `fetch` takes no such URL.
  return username + password === "" ? undefined : "holds a user name or a password";
}

/** The same of an origin, which is scheme and authority alone. */
export function originUrlFault(url: string): string | undefined {
  const fault = httpUrlFault(url);
  if (fault !== undefined) return fault;
  const { pathname, search, hash } = new URL(url);
  return pathname === "/" && search === "" && hash === "" ? undefined : "has a path or a query";
}

/**
 * A message must not carry a password or a key into a log.
 *
 * @returns scheme and host of the URL; "Its value" where these could be a part of a password
 */
export function shownUrl(url: string): string {
  const read = URL.parse(url);
  if (read === null || !/^[\w.:[\]-]+$/.test(read.host)) return "Its value";
  const rest = `${read.pathname}${read.search}${read.hash}`;
  // Whoever wrote "@" behind what reads as the host may have meant all before it as a password.
  if (rest.includes("@")) return "Its value";
  return JSON.stringify(`${read.protocol}//${read.host}${rest.length > 1 ? "/…" : ""}`);
}
