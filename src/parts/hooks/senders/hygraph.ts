// The sender for Hygraph.
import { type ContentReader, senderWithContent } from "../makers/hmac-sender.ts";
import type { WebhookSender } from "../port/hook.ts";
import type { WebhookOrder } from "../port/scheme.ts";
import type { PresetOptions } from "../makers/sender-options.ts";
import { itemOrder, presetOf, requiredAt, textAt } from "./payload.ts";

export interface HygraphPayload {
  readonly operation: string;
  readonly data: { readonly __typename: string; readonly id: string; readonly stage?: string };
}

/**
 * Makes a sender for Hygraph's webhooks with a secret key
 * (https://hygraph.com/docs/api-reference/basics/webhooks). The signature covers the body, the name
 * of the environment and the time.
 *
 * The default mapping purges `<model>:<id>` and `<model>`, such as `Post:cl9x`, and ignores the
 * stage DRAFT except for the operations unpublish and delete.
 */
export function hygraph(options: PresetOptions<HygraphPayload> = {}): WebhookSender {
  return senderWithContent<HygraphPayload>(
    {
      header: "gcms-signature",
      member: "sign",
      algorithm: "sha256",
      encoding: "base64",
      timestamp: { member: "t", unit: "ms" },
      ...presetOf(options, changed),
    },
    envelope,
  );
}

const envelope: ContentReader = ({ timestamp, members }) => {
  const [environment, ...more] = members?.get("env") ?? [];
  if (environment === undefined || more.length > 0) return undefined;
  return (body) => [
    JSON.stringify({
      Body: new TextDecoder("utf-8", { ignoreBOM: true }).decode(body),
      EnvironmentName: environment,
      TimeStamp: Number(timestamp),
    }),
  ];
};

function changed(payload: HygraphPayload): WebhookOrder | undefined {
  const operation = requiredAt(payload, "operation");
  const isDraft = textAt(payload, "data.stage") === "DRAFT";
  if (isDraft && !["unpublish", "delete"].includes(operation)) return undefined;
  return itemOrder(requiredAt(payload, "data.__typename"), [requiredAt(payload, "data.id")]);
}
