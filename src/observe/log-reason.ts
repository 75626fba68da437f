// Filters a purge's `reason` for the log.

const charsMax = 80;

/** Matches words and paths. Queries, mail addresses and encoded text need other characters. */
const plain = /^[\p{L}\p{N} .,;:#/()'"_-]*$/u;
/** Matches text that may be a key, a token or an IP address. */
const suspect = /[\p{L}\p{N}_-]{25,}|\d+\.\d+\.\d+\.\d+|[\da-f]*:[\da-f]*:/iu;

/**
 * Returns the first 80 characters; `undefined` if the reason is absent, or may contain a query, a
 * secret or an address. The journal's entry has the full text.
 */
export function loggedReason(reason: string | undefined): string | undefined {
  if (reason === undefined || reason === "") return undefined;
  if (!plain.test(reason) || suspect.test(reason)) return undefined;
  return reason.slice(0, charsMax);
}
