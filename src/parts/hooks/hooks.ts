// Exports of `tidemark/hooks`: webhooks at `/_cache/hooks/`, their senders and signature schemes, and the
// purges that applications send to Varnish.
// See docs/webhooks.md and docs/varnish-dialect.md.
import { OperatorError } from "../../base/operator-error.ts";
import { checkNamed } from "../../part/named-values.ts";
import type { OpenPart, PartContents, PartHost } from "../../admin/part-contents.ts";
import type { SitePart } from "../../part/port/part.ts";
import { hookMapping } from "./hook-findings.ts";
import { isWebhookSender, type WebhookSender } from "./port/hook.ts";
import { receiver } from "./receiver.ts";

export type {
  FieldName,
  HmacSenderOptions,
  PresetOptions,
  SenderOptions,
  TimestampPlace,
  TokenSenderOptions,
} from "./makers/sender-options.ts";
export { hmacSender } from "./makers/hmac-sender.ts";
export type { WebhookSender } from "./port/hook.ts";
export type {
  WebhookClaim,
  WebhookFields,
  WebhookOrder,
  WebhookRequest,
  WebhookScheme,
  WebhookVerdict,
} from "./port/scheme.ts";
export { contentful, type ContentfulPayload } from "./senders/contentful.ts";
export { datocms, type DatocmsPayload } from "./senders/datocms.ts";
export { directus, type DirectusPayload } from "./senders/directus.ts";
export { drupal, type DrupalPayload } from "./senders/drupal.ts";
export { ghost, type GhostPayload } from "./senders/ghost.ts";
export { github, type GithubPayload } from "./senders/github.ts";
export { hygraph, type HygraphPayload } from "./senders/hygraph.ts";
export { kontent, type KontentPayload } from "./senders/kontent.ts";
export { prismic, type PrismicPayload } from "./senders/prismic.ts";
export { sanity, type SanityPayload } from "./senders/sanity.ts";
export { shopify, type ShopifyPayload } from "./senders/shopify.ts";
export { storyblok, type StoryblokPayload } from "./senders/storyblok.ts";
export { strapi, type StrapiPayload } from "./senders/strapi.ts";
export { stripe, type StripePayload } from "./senders/stripe.ts";
export { webflow, type WebflowPayload } from "./senders/webflow.ts";
export { woocommerce, type WoocommercePayload } from "./senders/woocommerce.ts";
export { tokenSender } from "./makers/token-sender.ts";
export { varnish, type VarnishOptions } from "./varnish.ts";
export { webhookSender } from "./makers/webhook-sender.ts";
export { OperatorError };

/**
 * Receives webhooks, each at `/_cache/hooks/<name>`, and purges what its sender has changed.
 *
 * @param senders by name: 1 to 32 small letters, digits or `-`, with a letter first. The variable
 *   `HOOK_SECRET_<NAME>` holds the secret
 * @throws OperatorError for an invalid name, and for a value that is no sender
 * @example
 * defineConfig({ parts: [hooks({ shop: shopify() })] });
 */
export function hooks(senders: Readonly<Record<string, WebhookSender>>): SitePart {
  const example = "hmacSender({ … })";
  checkNamed(senders, { of: "hooks()", noun: "sender", example, isValue: isWebhookSender });
  if (Object.hasOwn(senders, "varnish")) throw ofVarnish;
  const contents: PartContents = { open: (host) => openHooks(host, senders) };
  return { kind: "site", name: "hooks", contents };
}

const ofVarnish = new OperatorError({
  what: "hooks() has invalid arguments.",
  why: "The name varnish belongs to varnish(), with its secret and its counts.",
  hint: "Give this sender another name.",
});

/** Opens a route for each sender, and the findings. */
function openHooks(host: PartHost, senders: Readonly<Record<string, WebhookSender>>): OpenPart {
  const opened = new Map(
    Object.entries(senders).map(([name, sender]) => [name, sender.open(name, host.env)] as const),
  );
  const received = receiver(host, "hook");
  return {
    faults: [...opened.values()].flatMap(({ faults }) => faults),
    addWithoutToken(admin, requesterOf) {
      for (const [name, hook] of opened) {
        admin.post(`/hooks/${name}`, (context) =>
          received(context.req.raw, { name, hook }, requesterOf(context)),
        );
      }
    },
    stats: () => ({ configuredHooks: [...opened.keys()] }),
    findings: (atMs) => hookMapping(opened, atMs),
  };
}
