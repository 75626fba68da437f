// Exports of `tidemark/senders`: senders of webhooks for `/_cache/hooks/`, their signature schemes,
// and the dialect of Varnish.
export type {
  FieldName,
  HmacSenderOptions,
  PresetOptions,
  SenderOptions,
  TimestampPlace,
  TokenSenderOptions,
} from "./webhooks/sender-options.ts";
export { hmacSender } from "./webhooks/hmac-sender.ts";
export type { PurgeDialect, WebhookSender } from "./webhooks/port/hook.ts";
export type {
  WebhookClaim,
  WebhookFields,
  WebhookOrder,
  WebhookRequest,
  WebhookScheme,
  WebhookVerdict,
} from "./webhooks/port/scheme.ts";
export { contentful, type ContentfulPayload } from "./webhooks/senders/contentful.ts";
export { ghost, type GhostPayload } from "./webhooks/senders/ghost.ts";
export { github, type GithubPayload } from "./webhooks/senders/github.ts";
export { hygraph, type HygraphPayload } from "./webhooks/senders/hygraph.ts";
export { kontent, type KontentPayload } from "./webhooks/senders/kontent.ts";
export { prismic, type PrismicPayload } from "./webhooks/senders/prismic.ts";
export { sanity, type SanityPayload } from "./webhooks/senders/sanity.ts";
export { shopify, type ShopifyPayload } from "./webhooks/senders/shopify.ts";
export { storyblok, type StoryblokPayload } from "./webhooks/senders/storyblok.ts";
export { strapi, type StrapiPayload } from "./webhooks/senders/strapi.ts";
export { stripe, type StripePayload } from "./webhooks/senders/stripe.ts";
export { woocommerce, type WoocommercePayload } from "./webhooks/senders/woocommerce.ts";
export { tokenSender } from "./webhooks/token-sender.ts";
export { varnishDialect, type VarnishDialectOptions } from "./webhooks/varnish-dialect.ts";
export { webhookSender } from "./webhooks/webhook-sender.ts";
export { OperatorError } from "./base/operator-error.ts";
