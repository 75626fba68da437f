// Codecs between values and text: structured JSON with dates, maps, sets, big integers and bytes, or a codec of
// the application.
import { parse, stringify } from "devalue";
import { OperatorError } from "./operator-error.ts";
import { bufferOf, bytesOfBuffer, plainJsonOf, restoredTagOf, whyChanged } from "./restorable.ts";

/** Encodes and decodes the values of a namespace. */
export interface Codec<T = unknown> {
  /**
   * Stored with each value. Change the name together with the format, because a codec reads only
   * values that were stored under its name.
   */
  readonly name: string;
  /** Returns well-formed text, because UTF-8 cannot encode a lone surrogate. */
  readonly encode: (value: T) => string;
  /** May throw for text that it cannot decode. The value is then treated as not stored. */
  readonly decode: (text: string) => T;
}

/**
 * The default codec: objects, arrays, strings, numbers, nested `undefined`, `Date`, `Map`, `Set`,
 * `bigint`, `RegExp`, `URL`, typed arrays, `ArrayBuffer`, and `Buffer` if the runtime has it. It
 * rejects anything that decoding would not restore: functions, instances of classes, and hidden
 * members.
 */
export const structuredJson: Codec = {
  name: "json",
  encode: (value) => textOf(value, plainJsonOf(value)),
  decode: (text) =>
    text.startsWith(plainMark) ? JSON.parse(text) : parse(text, { Buffer: bufferOf }),
};

/** @param plain the result of `plainJsonOf` */
function textOf(value: unknown, plain: unknown): string {
  return plain === undefined
    ? stringify(value, { Buffer: bytesOfBuffer }, { operations: strictly })
    : plainMark + JSON.stringify(plain);
}

/** Precedes plain JSON, which takes a tenth of devalue's time. `JSON.parse` skips it. */
const plainMark = " ";

const strictly = {
  tagOf: restoredTagOf,
  // Other checks reject thenables: a promise as an instance of a class, and `then` as a function.
  isThenable: () => false,
  shapeOf: (value: object) => {
    if (whyChanged(value) !== undefined) return { kind: "not-plain" as const };
    const kind = Object.getPrototypeOf(value) === null ? "null-proto" : "plain";
    return { kind, keys: Object.keys(value) } as const;
  },
};

/**
 * Encodes a value.
 *
 * @param place the key of the value, such as `articles/42`
 * @throws OperatorError if the codec cannot encode the value
 */
export function encodedBy(codec: Codec, value: unknown, place: string): string {
  return encodedWithCopy(codec, value, place).text;
}

/** The text of a value, and the plain JSON that it decodes to, if encoding has copied the value. */
interface EncodedValue {
  readonly text: string;
  readonly copy?: unknown;
}

/** Like `encodedBy`. Decoding the text would take as long as encoding the value. */
export function encodedWithCopy(codec: Codec, value: unknown, place: string): EncodedValue {
  try {
    const copy = codec === structuredJson ? plainJsonOf(value) : undefined;
    const text: unknown = codec === structuredJson ? textOf(value, copy) : codec.encode(value);
    if (typeof text === "string" && text.isWellFormed()) return { text, copy };
  } catch (cause) {
    throw unwritable(codec, place, cause);
  }
  throw unwritable(codec, place, undefined);
}

/** Returns whether the text is plain JSON of `structuredJson`: it decodes to a tree of plain objects and arrays. */
export function isPlainJson(codec: Codec, text: string): boolean {
  return codec === structuredJson && text.startsWith(plainMark);
}

/** The log shows `why`, so names in the value are in `what`. */
function unwritable({ name }: Codec, place: string, cause: unknown): OperatorError {
  const part = partIn(cause);
  const path = part?.path ? `: ${part.path}` : "";
  return new OperatorError({
    what: `The value of ${place} is not stored${path}.`,
    why:
      part === undefined
        ? `The codec "${name}" cannot encode it as well-formed text.`
        : `${path === "" ? "It" : "A part of it"} ${whyRejected(part.value)}, which the codec "${name}" would change or lose.`,
    hint: "Return plain objects, arrays, strings, numbers, dates, maps, sets or bytes, or set a codec.",
    cause,
  });
}

/**
 * Returns the part that devalue rejects, and its path, such as `rows[3].price`: empty for the value itself.
 * Omits keys of maps.
 */
function partIn(cause: unknown): { readonly path: string; readonly value: unknown } | undefined {
  if (!(cause instanceof Error && "path" in cause && "value" in cause)) return undefined;
  const { path, value } = cause;
  if (typeof path !== "string") return undefined;
  const place = path.replaceAll(/\.get\((?:"(?:[^"\\]|\\.)*"|[^)]*)\)/g, ".get(…)");
  return { path: place.replace(/^\./, ""), value };
}

function whyRejected(value: unknown): string {
  if (typeof value === "object" && value !== null) return whyChanged(value) ?? "is not plain";
  return `is a ${typeof value}`;
}
