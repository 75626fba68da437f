// The sender for Drupal's module Generic HTTP Purger.
import { OperatorError } from "../../../base/operator-error.ts";
import type { WebhookSender } from "../port/hook.ts";
import type { WebhookOrder } from "../port/scheme.ts";
import type { PresetOptions } from "../makers/sender-options.ts";
import { bearerSender, requiredAt, tagsOrder } from "./payload.ts";

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
 * The default mapping purges the tags, URLs or everything that Drupal invalidates. A wildcard before
 * the path of a URL purges everything.
 */
export function drupal(options: PresetOptions<DrupalPayload> = {}): WebhookSender {
  return bearerSender(options, changed);
}

function changed(payload: DrupalPayload): WebhookOrder {
  const type = requiredAt(payload, "type");
  if (type === "everything") return { everything: true };
  const expression = requiredAt(payload, "expression");
  if (/^\[invalidations?:/.test(expression)) {
    throw noNames("Drupal did not replace the token in it: enable the module Purge Tokens.");
  }
  const order = tagsOrder(expression.split("|").map(unescaped));
  const names = order.tags;
  if (type === "tag" || names === undefined) return order;
  if (type === "url") return { urls: names };
  if (type !== "wildcardurl") {
    throw noNames('Its type is not "tag", "url", "wildcardurl" or "everything".');
  }
  // Prefixes are compared with paths, so one that ends before the query covers more.
  const prefixes = names.map((name) => name.split(/[*?]/, 1)[0] ?? "");
  // A wildcard before the path may stand for the end of any host.
  if (names.some((name) => beforePath.test(name))) return { everything: true };
  return { prefixes };
}

const beforePath = /^(?:https?:\/\/)?[^/*]*\*/i;

const escapes = { "&lt;": "<", "&gt;": ">", "&quot;": '"', "&#039;": "'", "&amp;": "&" };

/** Decodes the characters that Drupal escapes in values of tokens. The ampersand is the last. */
const unescaped = (text: string) =>
  Object.entries(escapes).reduce((read, [escape, one]) => read.replaceAll(escape, one), text);

const noNames = (why: string) =>
  new OperatorError({
    what: "The payload has no names to purge.",
    why,
    hint: "Configure the body of Drupal's purger as docs/webhooks.md shows, or write a mapping.",
  });
