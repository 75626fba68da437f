// The fields of a message as plain data (RFC 9110 §5, §6.3).

/** One field line: the name in lower case, then the value as it was received. */
export type FieldLine = readonly [name: string, value: string];

/** What the rules need of a set of fields; a `Headers` is one. Names are case-insensitive. */
export type Fields = Pick<Headers, "get" | "has">;

/**
 * Can Node send these values (RFC 9110 §5.5)? `Headers` takes control characters too, and a Worker's takes
 * any text; Node's server throws when it writes the head, and its process may end by that.
 */
export function areSendable(values: Iterable<string>): boolean {
  for (const value of values) if (!/^[\t\x20-\x7e\x80-\xff]*$/.test(value)) return false;
  return true;
}

/** RFC 9110 §15: the classes 4xx and 5xx. */
export function isErrorStatus(status: number): boolean {
  return status >= 400;
}

export function headersOf(lines: readonly FieldLine[]): Headers {
  return new Headers(lines.map(([name, value]) => [name, value]));
}

/** Reads field lines where they stand: `Headers` of each stored response would outweigh its body. */
export function fieldsOf({ fields }: { readonly fields: readonly FieldLine[] }): Fields {
  const get = (name: string): string | null => {
    const asked = name.toLowerCase();
    let joined: string | null = null;
    for (const [stored, value] of fields) {
      if (stored === asked) joined = joined === null ? value : `${joined}, ${value}`;
    }
    return joined;
  };
  return { get, has: (name) => get(name) !== null };
}

/** @returns Content-Length in bytes; `null` when the field is absent or no number */
export function contentLength(headers: Headers): number | null {
  // RFC 9112 §6.3: beside Transfer-Encoding it means nothing.
  const text = headers.has("transfer-encoding") ? null : headers.get("content-length");
  const length = text !== null && /^\d+$/.test(text) ? Number(text) : null;
  return Number.isSafeInteger(length) ? length : null;
}
