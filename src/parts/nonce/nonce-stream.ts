// Replaces nonces in the bytes of a body, while these arrive.

/**
 * The forms of a character in HTML and JSON, besides the character itself: Go and ASP.NET write `+` as `&#43;` and
 * `&#x2B;`, Mustache `=` as `&#x3D;`, PHP `/` as `\\/`. Case does not count.
 */
const forms: Readonly<Record<string, readonly string[]>> = {
  "+": ["&#43;", "&#x2b;", "&plus;", "\\u002b"],
  "/": ["&#47;", "&#x2f;", "&sol;", "\\/", "\\u002f"],
  "=": ["&#61;", "&#x3d;", "&equals;", "\\u003d"],
};

/** The bytes of a nonce: for each character its byte, and its other forms. */
type Pattern = readonly { readonly byte: number; readonly forms: readonly Uint8Array[] }[];

const encoder = new TextEncoder();

const patternOf = (nonce: string): Pattern =>
  [...encoder.encode(nonce)].map((byte) => ({
    byte,
    forms: (forms[String.fromCharCode(byte)] ?? []).map((form) => encoder.encode(form)),
  }));

/** The end of the bytes is a beginning of the text that is looked for. */
const cut = Infinity;

/** Returns the end of a text that is at a place; `cut` if it may go on after the bytes; -1 if it is another. */
function endOfForm(form: Uint8Array, bytes: Uint8Array, at: number): number {
  for (const [nth, own] of form.entries()) {
    const byte = bytes[at + nth];
    if (byte === undefined) return cut;
    // The forms have no capital letters.
    const lower = byte >= 65 && byte <= 90 ? byte + 32 : byte;
    if (lower !== own) return -1;
  }
  return at + form.byteLength;
}

/** Returns the same for a nonce. Reads at most as many bytes as its longest form has. */
function endOfNonce(pattern: Pattern, bytes: Uint8Array, at: number): number {
  let end = at;
  for (const { byte, forms: others } of pattern) {
    if (bytes[end] === byte) {
      end += 1;
      continue;
    }
    if (end >= bytes.byteLength) return cut;
    const ends = others.map((form) => endOfForm(form, bytes, end));
    end = Math.max(-1, ...ends);
    if (end === -1 || end === cut) return end;
  }
  return end;
}

/**
 * Returns a stream that replaces nonces by another one, in linear time. It holds back at most the beginning of a nonce.
 *
 * @param nonces at least one, none of which is empty
 */
export function replacing(
  nonces: readonly string[],
  value: string,
): TransformStream<Uint8Array, Uint8Array> {
  // A nonce may begin with another one.
  const patterns = nonces.toSorted((a, b) => b.length - a.length).map(patternOf);
  const replacement = encoder.encode(value);
  const mayBegin = new Uint8Array(256);
  for (const [first] of patterns) {
    for (const byte of [first?.byte, ...(first?.forms ?? []).map((form) => form[0])]) {
      mayBegin[byte ?? 0] = 1;
    }
  }
  let held: Uint8Array = new Uint8Array();
  return new TransformStream({
    transform(chunk, controller) {
      const bytes = held.byteLength === 0 ? chunk : joined([held, chunk]);
      const parts: Uint8Array[] = [];
      let from = 0;
      let at = 0;
      while (at < bytes.byteLength) {
        if (mayBegin[bytes[at] ?? 0] === 0) {
          at += 1;
          continue;
        }
        const ends = patterns.map((pattern) => endOfNonce(pattern, bytes, at));
        const end = ends.find((one) => one !== -1);
        if (end === cut) break;
        if (end === undefined) {
          at += 1;
          continue;
        }
        parts.push(bytes.subarray(from, at), replacement);
        from = at = end;
      }
      parts.push(bytes.subarray(from, at));
      held = bytes.slice(at);
      const sent = parts.length === 1 ? parts[0] : joined(parts);
      if (sent !== undefined && sent.byteLength > 0) controller.enqueue(sent);
    },
    flush(controller) {
      if (held.byteLength > 0) controller.enqueue(held);
    },
  });
}

function joined(parts: readonly Uint8Array[]): Uint8Array {
  const bytes = new Uint8Array(parts.reduce((sum, { byteLength }) => sum + byteLength, 0));
  let at = 0;
  for (const part of parts) {
    bytes.set(part, at);
    at += part.byteLength;
  }
  return bytes;
}
