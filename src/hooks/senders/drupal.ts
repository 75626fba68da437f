// The sender for Drupal's module Generic HTTP Purger.
import { OperatorError } from "../../base/operator-error.ts";
import type { WebhookSender } from "../port/hook.ts";
import type { WebhookOrder } from "../port/scheme.ts";
import type { PresetOptions } from "../sender-options.ts";
import { tokenSender } from "../token-sender.ts";
import { presetOf, requiredAt, tagsOrder } from "./payload.ts";

/** The body that the purger is configured to send. */
export interface DrupalPayload {
  readonly type: "tag" | "url" | "wildcardurl" | "everything";
  /** The names, separated by `|`, as HTML. */
  readonly expression?: string;
}

/**
 * Makes a sender for Drupal's modules Purge and Generic HTTP Purger
 * (https://www.drupal.org/project/purge_purger_http). The purger needs a header
 * `Authorization: Bearer <secret>`, and the body
 * `{"type":"tag","expression":"[invalidations:separated_pipe]"}`.
 *
 * The default mapping purges the tags, URLs or everything that Drupal invalidates.
 */
export function drupal(options: PresetOptions<DrupalPayload> = {}): WebhookSender {
  return tokenSender<DrupalPayload>({
    header: "authorization",
    prefix: "Bearer ",
    ...presetOf(options, changed),
  });
}

function changed(payload: DrupalPayload): WebhookOrder {
  const type = requiredAt(payload, "type");
  if (type === "everything") return { everything: true };
  const expression = requiredAt(payload, "expression");
  if (/^\[invalidations?:/.test(expression)) throw notReplaced();
  const order = tagsOrder(expression.split("|").map(unescaped));
  const names = order.tags;
  if (type === "tag" || names === undefined) return order;
  if (type === "url") return { urls: names.flatMap(onBothSchemes) };
  if (type !== "wildcardurl") throw unknownType();
  return { prefixes: names.map((name) => name.split("*", 1)[0] ?? "").flatMap(onBothSchemes) };
}

const characters: Readonly<Record<string, string>> = {
  "&amp;": "&",
  "&lt;": "<",
  "&gt;": ">",
  "&quot;": '"',
  "&#039;": "'",
};

/** Decodes the characters that Drupal escapes in values of tokens. */
const unescaped = (text: string) =>
  text.replaceAll(/&(?:amp|lt|gt|quot|#039);/g, (escaped) => characters[escaped] ?? escaped);

/** Returns the URL on both schemes, because Drupal behind a proxy often names http. */
const onBothSchemes = (url: string) =>
  ["https", "http"].map((scheme) => url.replace(/^https?(?=:)/i, scheme));

const notReplaced = () =>
  new OperatorError({
    what: "The payload has no names.",
    why: "Its expression is still a token, which Drupal did not replace.",
    hint: "Enable the module Purge Tokens. Write [invalidations:…] in a bundled purger, and [invalidation:…] in the other.",
  });

const unknownType = () =>
  new OperatorError({
    what: "The payload has no type that this sender knows.",
    why: "The default mapping purges tags, URLs, URLs with a wildcard, or everything.",
    hint: 'Let the purger send the type "tag", "url", "wildcardurl" or "everything".',
  });
