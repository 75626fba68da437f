// Values as text: JSON that also knows dates, maps, sets, big integers and bytes; or a codec of the
// application's own.
import { parse, stringify } from "devalue";
import { OperatorError } from "./operator-error.ts";

/** How a namespace writes its values, and reads them. */
export interface Codec<T = unknown> {
  /** Stored with each value. A value of another codec is never read: change the name with the form. */
  readonly name: string;
  readonly encode: (value: T) => string;
  /** May throw for what it cannot read: that counts as not stored. */
  readonly decode: (text: string) => T;
}

/**
 * The usual codec: objects, lists, texts, numbers, `undefined` within them, `Date`, `Map`, `Set`,
 * `bigint`, `Uint8Array`, `ArrayBuffer`. It refuses functions and instances of classes.
 */
export const structuredJson: Codec = {
  name: "json",
  encode: (value) => stringify(value),
  decode: (text) => parse(text),
};

/**
 * @param place of the value, such as `articles/42`
 * @throws OperatorError for what the codec cannot write
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
    why: `The codec "${name}" cannot write it${pathIn(cause)}.`,
    mend: "Return plain objects, lists, texts, numbers, dates, maps, sets or bytes, or bring a codec.",
    cause,
  });
}

/** Where in the value it stands, as devalue tells it: names of its members, and none of its contents. */
function pathIn(cause: unknown): string {
  const path: unknown = cause instanceof Error && "path" in cause ? cause.path : "";
  return typeof path === "string" && path !== "" ? `: look at ${path}` : "";
}
