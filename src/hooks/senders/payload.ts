// Shared by the senders with a mapping of their own: options, and reading of payloads.
import { OperatorError } from "../../base/operator-error.ts";
import type { WebhookOrder } from "../port/scheme.ts";
import type { PresetOptions, SenderOptions } from "../sender-options.ts";

/**
 * The default of the presets, because most payloads contain the whole article or product. A product of
 * Shopify with 250 images has 305 KB.
 */
const payloadBytesMax = 1_048_576;

/** Completes the options of a sender with its own mapping. */
export function presetOf<Payload>(
  { mapping, maxBytes = payloadBytesMax, repeatAfterSeconds }: PresetOptions<Payload>,
  usual: SenderOptions<Payload>["mapping"],
): SenderOptions<Payload> {
  return { mapping: mapping ?? usual, maxBytes, repeatAfterSeconds };
}

/** Returns the member at a path such as `data.id`; `undefined` if there is none. */
export function memberAt(payload: unknown, path: string): unknown {
  let value = payload;
  for (const name of path.split(".")) {
    if (typeof value !== "object" || value === null || !Object.hasOwn(value, name))
      return undefined;
    value = (value as Readonly<Record<string, unknown>>)[name];
  }
  return value;
}

/**
 * Returns a string, or a whole number as a string; `undefined` for any other member, and for "".
 */
export function textAt(payload: unknown, path: string): string | undefined {
  const value = memberAt(payload, path);
  const text = Number.isSafeInteger(value) ? String(value) : value;
  return typeof text === "string" && text !== "" ? text : undefined;
}

/** Returns the strings and numbers of an array; empty for any other member. */
export function textsAt(payload: unknown, path: string): string[] {
  const value = memberAt(payload, path);
  return Array.isArray(value) ? value.flatMap((_, at) => textAt(value, String(at)) ?? []) : [];
}

/**
 * Returns a required string or number.
 *
 * @throws OperatorError that names the path
 */
export function requiredAt(payload: unknown, path: string): string {
  const text = textAt(payload, path);
  if (text !== undefined) return text;
  throw new OperatorError({
    what: `The payload has no ${path}.`,
    why: "The default mapping of this sender needs it.",
    hint: "Configure the sender to send it, or write a mapping.",
  });
}

/**
 * Purges an item, and the lists of items of its type.
 *
 * @param ids the names of the item, such as its id and its slug
 * @returns the tags `type:id` and `type`
 */
export function itemOrder(type: string, ...ids: readonly (string | undefined)[]): WebhookOrder {
  const tags = ids.flatMap((id) => (id === undefined ? [] : `${type}:${id}`));
  return { tags: [...tags, type] };
}
