// What `import … from "tidemark/senders"` offers: who sends webhooks to `/_cache/hooks/`, and how they sign.
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
