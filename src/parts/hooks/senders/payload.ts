// Shared by the senders with a mapping of their own: options, and reading of payloads.
import { OperatorError } from "../../../base/operator-error.ts";
import { tagBytesMax } from "../../../protocol/purge-order.ts";
import type { WebhookSender } from "../port/hook.ts";
import type { WebhookOrder } from "../port/scheme.ts";
import type { PresetOptions, SenderOptions } from "../makers/sender-options.ts";
import { tokenSender } from "../makers/token-sender.ts";

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
  const onBoth: typeof usual = (payload, fields) => onBothSchemes(usual(payload, fields));
  return { mapping: mapping ?? onBoth, maxBytes, repeatAfterSeconds };
}

/** Names each URL on both schemes, because a sender behind a proxy often names http. */
function onBothSchemes(order: WebhookOrder | undefined): WebhookOrder | undefined {
  const both = (names: readonly string[]) => [...new Set(names.flatMap(schemesOf))];
  const { urls, prefixes } = order ?? {};
  return (
    order && {
      ...order,
      ...(urls && { urls: both(urls) }),
      ...(prefixes && { prefixes: both(prefixes) }),
    }
  );
}

const schemesOf = (name: string) =>
  ["https", "http"].map((scheme) => name.replace(/^https?(?=:)/i, scheme));

/** Makes a sender with its own mapping, whose webhooks have `Authorization: Bearer <secret>`. */
export function bearerSender<Payload>(
  options: PresetOptions<Payload>,
  usual: SenderOptions<Payload>["mapping"],
): WebhookSender {
  return tokenSender({ header: "authorization", prefix: "Bearer ", ...presetOf(options, usual) });
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
  return textOf(memberAt(payload, path));
}

function textOf(value: unknown): string | undefined {
  const text = Number.isSafeInteger(value) ? String(value) : value;
  return typeof text === "string" && text !== "" ? text : undefined;
}

/**
 * Returns an array of strings and numbers; `undefined` for any other member, and for an array with
 * anything else, because the names of changed content would then be incomplete.
 */
export function listAt(payload: unknown, path: string): string[] | undefined {
  const value = memberAt(payload, path);
  if (!Array.isArray(value)) return undefined;
  const texts = value.flatMap((one: unknown) => textOf(one) ?? []);
  return texts.length === value.length ? texts : undefined;
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

/** The most tags of one purge. The journal splits 5,000 tags of 40 bytes into some 40 entries. */
const tagsMax = 5_000;

/** Returns a purge of each tag once; of everything for a list that is too long for one webhook. */
export function tagsOrder(tags: readonly string[]): WebhookOrder {
  const distinct = [...new Set(tags)];
  return distinct.length > tagsMax ? { everything: true } : { tags: distinct };
}

/**
 * Purges items, and the lists of items of their type.
 *
 * @param ids the names of the items, such as an id and a slug
 * @returns the tags `type:id` and `type`; everything if the type is too long for a tag
 */
export function itemOrder(type: string, ids: readonly (string | undefined)[]): WebhookOrder {
  if (type.length > tagBytesMax || ids.length > tagsMax) return { everything: true };
  const tags = ids.flatMap((id) => (id === undefined ? [] : `${type}:${id}`));
  return tagsOrder([...tags, type]);
}
