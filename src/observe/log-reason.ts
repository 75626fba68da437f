// A text that a sender gave as its reason, as far as it may stand in the log.

const charsMax = 80;

/** Words and paths. A query, an address of mail or a coded text needs other characters. */
const plain = /^[\p{L}\p{N} .,;:#/()'"_-]*$/u;
/** A key or a token, an address of IPv4, one of IPv6. */
const suspect = /[\p{L}\p{N}_-]{25,}|\d+\.\d+\.\d+\.\d+|[\da-f]*:[\da-f]*:/iu;

/**
 * @returns its first 80 characters; `undefined` where there is none, or where it has what may be a
 *   query, a secret or an address. The journal has it in any case, under the entry's position
 */
export function loggedReason(reason: string | undefined): string | undefined {
  if (reason === undefined || reason === "") return undefined;
  if (!plain.test(reason) || suspect.test(reason)) return undefined;
  return reason.slice(0, charsMax);
}
