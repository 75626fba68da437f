// Classifies request methods.

/**
 * The methods that IANA's registry lists as safe (RFC 9110 §9.2.1, §16.1.1): those of RFC 9110,
 * `PRI` (RFC 9113), WebDAV's `PROPFIND` (RFC 4918), `REPORT` (RFC 3253) and `SEARCH` (RFC 5323),
 * and `QUERY` (RFC 10008).
 */
const safeMethods: ReadonlySet<string> = new Set(
  "GET HEAD OPTIONS TRACE PRI PROPFIND REPORT SEARCH QUERY".split(" "),
);

/**
 * Returns whether a request only reads. An unknown method may write. Methods are case-sensitive
 * (RFC 9110 §9.1).
 */
export function isSafe({ method }: { readonly method: string }): boolean {
  return safeMethods.has(method);
}
