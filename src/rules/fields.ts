// The header fields of a message as plain data (RFC 9110 §5, §6.3).

/** One field line: the name in lower case, and the value as received. */
export type FieldLine = readonly [name: string, value: string];

/** The methods of `Headers` that the rules use. Field names are case-insensitive. */
export type Fields = Pick<Headers, "get" | "has">;

const essential =
  /^(?:content-.+|etag|last-modified|location|access-control-allow-origin|timing-allow-origin|no-vary-search)$/;

/**
 * Returns whether a stored response would be another one without this field: it says what the body is, where it
 * leads, whom it is for, or which URLs have it. A directive that names it counts as unqualified, as RFC 9111 §5.2.2.4
 * and §5.2.2.7 allow.
 *
 * @param name in lower case
 */
export const isEssential = (name: string): boolean => essential.test(name);

/**
 * Returns whether Node can send these values (RFC 9110 §5.5). `Headers` also accepts control
 * characters and, on Workers, any text. For these values, Node's server throws when it writes the
 * head, which can end the process.
 */
export function areSendable(values: Iterable<string>): boolean {
  for (const value of values) if (!/^[\t\x20-\x7e\x80-\xff]*$/.test(value)) return false;
  return true;
}

/**
 * Returns whether octets of a value are lost (RFC 9110 §5.5). workerd reads fields as UTF-8, and
 * replaces all other octets. Only a copy of the whole `Headers` object keeps them.
 */
export function hasLostOctets(value: string): boolean {
  return value.includes("\ufffd");
}

/** Returns whether a status is 4xx or 5xx (RFC 9110 §15). */
export function isErrorStatus(status: number): boolean {
  return status >= 400;
}

/**
 * Returns whether the status is that of a final response (RFC 9110 §15), and neither interim nor
 * invalid.
 */
export function isFinal(status: number): boolean {
  return status >= 200 && status <= 599;
}

/** Appends one line after the other, because the constructor takes 3 µs for each line on Workers. */
export function headersOf(lines: Iterable<FieldLine>): Headers {
  const headers = new Headers();
  for (const [name, value] of lines) headers.append(name, value);
  return headers;
}

/**
 * Returns read access to a response's field lines. A `Headers` object per stored response could
 * occupy more memory than the body.
 */
export function fieldsOf({ fields }: { readonly fields: readonly FieldLine[] }): Fields {
  const get = (name: string): string | null => {
    const lowerName = name.toLowerCase();
    let joined: string | null = null;
    for (const [stored, value] of fields) {
      if (stored === lowerName) joined = joined === null ? value : `${joined}, ${value}`;
    }
    return joined;
  };
  return { get, has: (name) => get(name) !== null };
}

/** Returns whether the client has to decode the body (RFC 9110 §8.4). */
export function hasCoding(fields: Fields): boolean {
  const coding = fields.get("content-encoding")?.trim().toLowerCase() ?? "";
  return coding !== "" && coding !== "identity";
}

/** Returns whether only clients with a shared dictionary can decode the body (RFC 9842 §4, §5). */
export function isDictionaryCoded(fields: Fields): boolean {
  return /(?:^|,)\s*dc[bz]\s*(?:,|$)/i.test(fields.get("content-encoding") ?? "");
}

/** Returns Content-Length in bytes; `null` if the field is absent or not a number. */
export function contentLength(headers: Fields): number | null {
  // RFC 9112 §6.3: Transfer-Encoding overrides Content-Length.
  const text = headers.has("transfer-encoding") ? null : headers.get("content-length");
  const length = text !== null && /^\d+$/.test(text) ? Number(text) : null;
  return Number.isSafeInteger(length) ? length : null;
}
