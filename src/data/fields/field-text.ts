// Encodes hash fields. Whole numbers are stored as plain digits, so that Redis can increment them.
import { type Codec, encodedBy } from "../../base/codec.ts";

const wholeNumber = /^-?\d+$/;

/**
 * Encodes a field.
 *
 * @param place the field, for an error
 * @throws OperatorError if the codec cannot encode the value
 */
export function fieldText(value: unknown, codec: Codec, place: string): string {
  if (Number.isSafeInteger(value) && !Object.is(value, -0)) return String(value);
  return `=${encodedBy(codec, value, place)}`;
}

/**
 * Decodes a field.
 *
 * @throws the error of the codec
 */
export function fieldValue(text: string, codec: Codec): unknown {
  return wholeNumber.test(text) ? Number(text) : codec.decode(text.slice(1));
}
