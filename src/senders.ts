// Exports of `tidemark/senders`: senders of webhooks for `/_cache/hooks/`, their signature schemes,
// and the dialect of Varnish.
export type {
  FieldName,
  HmacSenderOptions,
  PresetOptions,
  SenderOptions,
  TimestampPlace,
  TokenSenderOptions,
} from "./hooks/sender-options.ts";
export { hmacSender } from "./hooks/hmac-sender.ts";
export type { PurgeDialect, WebhookSender } from "./hooks/port/hook.ts";
export type {
  WebhookClaim,
  WebhookFields,
  WebhookOrder,
  WebhookRequest,
  WebhookScheme,
  WebhookVerdict,
} from "./hooks/port/scheme.ts";
export { contentful, type ContentfulPayload } from "./hooks/senders/contentful.ts";
export { datocms, type DatocmsPayload } from "./hooks/senders/datocms.ts";
export { directus, type DirectusPayload } from "./hooks/senders/directus.ts";
export { drupal, type DrupalPayload } from "./hooks/senders/drupal.ts";
export { ghost, type GhostPayload } from "./hooks/senders/ghost.ts";
export { github, type GithubPayload } from "./hooks/senders/github.ts";
export { hygraph, type HygraphPayload } from "./hooks/senders/hygraph.ts";
export { kontent, type KontentPayload } from "./hooks/senders/kontent.ts";
export { prismic, type PrismicPayload } from "./hooks/senders/prismic.ts";
export { sanity, type SanityPayload } from "./hooks/senders/sanity.ts";
export { shopify, type ShopifyPayload } from "./hooks/senders/shopify.ts";
export { storyblok, type StoryblokPayload } from "./hooks/senders/storyblok.ts";
export { strapi, type StrapiPayload } from "./hooks/senders/strapi.ts";
export { stripe, type StripePayload } from "./hooks/senders/stripe.ts";
export { webflow, type WebflowPayload } from "./hooks/senders/webflow.ts";
export { woocommerce, type WoocommercePayload } from "./hooks/senders/woocommerce.ts";
export { tokenSender } from "./hooks/token-sender.ts";
export { varnishDialect, type VarnishDialectOptions } from "./hooks/varnish-dialect.ts";
export { webhookSender } from "./hooks/webhook-sender.ts";
export { OperatorError } from "./base/operator-error.ts";
