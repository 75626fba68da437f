// The fields of a hash as texts: whole numbers stand plain, so that Redis can raise them.
import { type Codec, encodedBy } from "../../base/codec.ts";

const wholeNumber = /^-?\d+$/;

/**
 * @param place of the field, for an error
 * @throws OperatorError for what the codec cannot write
 */
export function fieldText(value: unknown, codec: Codec, place: string): string {
  if (Number.isSafeInteger(value) && !Object.is(value, -0)) return String(value);
  return `=${encodedBy(codec, value, place)}`;
}

/** @throws what the codec throws */
export function fieldValue(text: string, codec: Codec): unknown {
  return wholeNumber.test(text) ? Number(text) : codec.decode(text.slice(1));
}
