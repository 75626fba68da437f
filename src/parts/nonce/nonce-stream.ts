// Replaces nonces in fields, and in the bytes of a body while these arrive.

/** Leading zeros of a character reference. More are not recognised. */
const zeros = ["", "0", "00", "000", "0000", "00000"];

/** Forms of single characters. */
const namedForms: Readonly<Record<string, readonly string[]>> = {
  "+": ["&plus;"],
  "/": ["&sol;", "\\/"],
  "=": ["&equals;"],
  _: ["&lowbar;"],
};

/**
 * Returns the forms of a character in HTML, JSON, JavaScript and URLs, besides the character itself, in small letters:
 * Go and ASP.NET write `+` as `&#43;` and `&#x2B;`, Mustache `=` as `&#x3D;`, PHP `/` as `\\/`. Case does not count.
 */
function formsOf(character: string): readonly string[] {
  if (/[a-z\d]/i.test(character)) return [];
  const code = character.charCodeAt(0);
  const hex = code.toString(16).padStart(2, "0");
  const references = zeros.flatMap((zero) => [`&#${zero}${code};`, `&#x${zero}${hex};`]);
  const escapes = [`\\u00${hex}`, `\\u{${hex}}`, `\\x${hex}`, `%${hex}`];
  return [...references, ...escapes, ...(namedForms[character] ?? [])];
}

/** The bytes of a nonce: for each character its own, and those of its other forms. */
type Pattern = readonly { readonly own: Uint8Array; readonly forms: readonly Uint8Array[] }[];

const encoder = new TextEncoder();
const decoder = new TextDecoder();

/** Encodes ASCII, of which nonces and their values consist. */
type Encode = (text: string) => Uint8Array;

const inUtf8: Encode = (text) => encoder.encode(text);
const inUtf16LE: Encode = (text) => Uint8Array.from([...inUtf8(text)].flatMap((byte) => [byte, 0]));
const inUtf16BE: Encode = (text) => Uint8Array.from([...inUtf8(text)].flatMap((byte) => [0, byte]));

const patternOf = (nonce: string, encode: Encode): Pattern =>
  Array.from(nonce, (character) => ({
    own: encode(character),
    forms: formsOf(character).map(encode),
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

/** Returns the same for a character itself, whose case counts. */
function endOfOwn(own: Uint8Array, bytes: Uint8Array, at: number): number {
  for (const [nth, byte] of own.entries()) {
    const given = bytes[at + nth];
    if (given === undefined) return cut;
    if (given !== byte) return -1;
  }
  return at + own.byteLength;
}

/** Returns the same for a nonce. Reads at most as many bytes as its longest form has. */
function endOfNonce(pattern: Pattern, bytes: Uint8Array, at: number): number {
  let end = at;
  for (const { own, forms: others } of pattern) {
    const exact = endOfOwn(own, bytes, end);
    if (exact !== -1 && exact !== cut) {
      end = exact;
      continue;
    }
    const ends = others.map((form) => endOfForm(form, bytes, end));
    end = Math.max(exact, ...ends);
    if (end === -1 || end === cut) return end;
  }
  return end;
}

/** Bytes after their replacement, and those at their end that may begin a nonce. */
interface Replacement {
  readonly sent: Uint8Array;
  readonly held: Uint8Array;
}

/** Replaces nonces by other texts, in linear time. */
export class NonceReplacer {
  readonly #values: ReadonlyMap<string, string>;
  readonly #patterns: readonly (readonly [Pattern, Uint8Array])[];
  readonly #mayBegin = new Uint8Array(256);

  /** @param values the text for each nonce, which is not empty */
  constructor(values: ReadonlyMap<string, string>, encode = inUtf8) {
    this.#values = values;
    // A nonce may begin with another one.
    this.#patterns = [...values]
      .toSorted(([one], [other]) => other.length - one.length)
      .map(([nonce, value]) => [patternOf(nonce, encode), encode(value)]);
    for (const [[first]] of this.#patterns) {
      for (const byte of [first?.own, ...(first?.forms ?? [])].map((form) => form?.[0])) {
        this.#mayBegin[byte ?? 0] = 1;
      }
    }
  }

  /** Returns a text, such as the value of a field, with its nonces replaced. */
  text(given: string): string {
    return decoder.decode(this.#bytes(encoder.encode(given), true).sent);
  }

  /** Returns a stream that replaces nonces. It holds back at most the beginning of a nonce. */
  stream(): TransformStream<Uint8Array, Uint8Array> {
    let held: Uint8Array = new Uint8Array();
    let replacer: NonceReplacer | undefined;
    const next = (bytes: Uint8Array, isEnd: boolean, to: TransformStreamDefaultController) => {
      if (replacer === undefined && bytes.byteLength < 2 && !isEnd) {
        held = bytes;
        return;
      }
      replacer ??= this.#replacerFor(bytes);
      const { sent, held: rest } = replacer.#bytes(bytes, isEnd);
      held = rest;
      if (sent.byteLength > 0) to.enqueue(sent);
    };
    return new TransformStream({
      transform: (chunk, to) =>
        next(held.byteLength === 0 ? chunk : joined([held, chunk]), false, to),
      flush: (to) => next(held, true, to),
    });
  }

  /** Returns the replacer for a body. A byte order mark precedes the charset of its type (Encoding §6, "decode"). */
  #replacerFor([first, second]: Uint8Array): NonceReplacer {
    if (first === 0xff && second === 0xfe) return new NonceReplacer(this.#values, inUtf16LE);
    if (first === 0xfe && second === 0xff) return new NonceReplacer(this.#values, inUtf16BE);
    return this;
  }

  #bytes(bytes: Uint8Array, isEnd: boolean): Replacement {
    const parts: Uint8Array[] = [];
    let from = 0;
    let at = 0;
    while (at < bytes.byteLength) {
      const found = this.#mayBegin[bytes[at] ?? 0] === 0 ? undefined : this.#at(at, bytes, isEnd);
      if (found?.end === cut) break;
      if (found === undefined) {
        at += 1;
        continue;
      }
      parts.push(bytes.subarray(from, at), found.value);
      from = at = found.end;
    }
    parts.push(bytes.subarray(from, at));
    const [first = bytes] = parts;
    return { sent: parts.length === 1 ? first : joined(parts), held: bytes.slice(at) };
  }

  /** Returns the longest nonce at a place. At the end of the bytes, none goes on. */
  #at(at: number, bytes: Uint8Array, isEnd: boolean) {
    for (const [pattern, value] of this.#patterns) {
      const end = endOfNonce(pattern, bytes, at);
      if (end !== -1 && !(isEnd && end === cut)) return { end, value };
    }
    return undefined;
  }
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
