// Codecs between values and text: structured JSON with dates, maps, sets, big integers and bytes, or a codec of
// the application.
import { parse, stringify } from "devalue";
import { OperatorError } from "./operator-error.ts";

/** Encodes and decodes the values of a namespace. */
export interface Codec<T = unknown> {
  /** Stored with each value. Values of another codec are never read, so change the name when the format changes. */
  readonly name: string;
  readonly encode: (value: T) => string;
  /** May throw for text that it cannot decode. The value then counts as not stored. */
  readonly decode: (text: string) => T;
}

/**
 * The default codec: objects, arrays, strings, numbers, nested `undefined`, `Date`, `Map`, `Set`, `bigint`,
 * `Uint8Array` and `ArrayBuffer`. It rejects functions and class instances.
 */
export const structuredJson: Codec = {
  name: "json",
  encode: (value) => stringify(value),
  decode: (text) => parse(text),
};

/**
 * Encodes a value.
 *
 * @param place the key of the value, such as `articles/42`
 * @throws OperatorError if the codec cannot encode the value
 */
export function encodedBy(codec: Codec, value: unknown, place: string): string {
  try {
    const text: unknown = codec.encode(value);
    if (typeof text === "string") return text;
  } catch (cause) {
    throw unwritable(codec, place, cause);
  }
  throw unwritable(codec, place, undefined);
}

function unwritable({ name }: Codec, place: string, cause: unknown): OperatorError {
  return new OperatorError({
    what: `The value of ${place} is not stored.`,
    why: `The codec "${name}" cannot encode it${pathIn(cause)}.`,
    hint: "Return plain objects, arrays, strings, numbers, dates, maps, sets or bytes, or set a codec.",
    cause,
  });
}

/** Returns the path that devalue reports: names of members, without their contents. */
function pathIn(cause: unknown): string {
  const path: unknown = cause instanceof Error && "path" in cause ? cause.path : "";
  return typeof path === "string" && path !== "" ? `: look at ${path}` : "";
}
