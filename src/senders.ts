// Exports of `tidemark/senders`: senders of webhooks for `/_cache/hooks/`, and their signature
// schemes.
export type { HmacSenderOptions, TimestampPlace } from "./webhooks/hmac-options.ts";
export { hmacSender } from "./webhooks/hmac-sender.ts";
export type { WebhookSender } from "./webhooks/port/hook.ts";
export type {
  WebhookClaim,
  WebhookFields,
  WebhookOrder,
  WebhookRequest,
  WebhookScheme,
  WebhookVerdict,
} from "./webhooks/port/scheme.ts";
export { webhookSender } from "./webhooks/webhook-sender.ts";
export { OperatorError } from "./base/operator-error.ts";
