// Makes webhook senders that prove their identity by a secret text in a header field. They sign
// nothing, so a captured request can be changed and sent again.
import { isOneOf } from "./hook-secrets.ts";
import { checkTokenSender, firstOf, type TokenSenderOptions } from "./sender-options.ts";
import type { WebhookSender } from "../port/hook.ts";
import { idCharsMax } from "../../../protocol/purge-order.ts";
import { tokenLengthMax, webhookSender } from "./webhook-sender.ts";

/**
 * Makes a sender for `hooks()`, for a system that can add a header field to its
 * webhooks but cannot sign them.
 *
 * @throws OperatorError for invalid options
 *
 * @example
 * tokenSender<{ id: number }>({
 *   header: "authorization",
 *   prefix: "Bearer ",
 *   mapping: ({ id }) => ({ tags: [`article:${id}`] }),
 * })
 */
export function tokenSender<Payload = unknown>(
  options: TokenSenderOptions<Payload>,
): WebhookSender {
  checkTokenSender(options);
  const { mapping, maxBytes, repeatAfterSeconds, isTest, idHeader } = options;
  const { header = "authorization", prefix = "" } = options;
  return webhookSender({
    claimOf({ headers }) {
      const field = firstOf(headers, header);
      if (field === null && isTest?.(headers) === true) return { kind: "test" };
      const delivery = firstOf(headers, idHeader) ?? "";
      const isWhole = field !== null && field.startsWith(prefix) && field.length <= tokenLengthMax;
      if (!isWhole || delivery.length > idCharsMax) {
        return { kind: "refused", reason: "malformed" };
      }
      const token = field.slice(prefix.length);
      return { kind: "claimed", delivery, isSigned: (_, secrets) => isOneOf(token, secrets) };
    },
    toOrder: (payload, fields) => mapping(payload as Payload, fields),
    maxBytes,
    repeatAfterSeconds,
  });
}
