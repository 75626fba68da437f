// The options of webhook senders.
import type { DigestEncoding } from "../base/hmac.ts";
import type { WebhookFields, WebhookOrder } from "./port/scheme.ts";

/** The options that all senders have. */
export interface SenderOptions<Payload = unknown> {
  /**
   * Returns the targets of a webhook; `undefined` for an event that purges nothing. Runs after the
   * sender is verified. Must be synchronous: a promise is an error.
   */
  readonly mapping: (payload: Payload, fields: WebhookFields) => WebhookOrder | undefined;
  /**
   * Purges a second time after this many seconds, 1 to 25, for a system that sends the webhook
   * before it commits the change. Default: no second purge.
   */
  readonly repeatAfterSeconds?: number | undefined;
  /** The maximum size of the body, at most 1 MiB. Default: 65,536. */
  readonly maxBytes?: number | undefined;
}

/** The options of a sender with a mapping of its own, such as `shopify`. */
export type PresetOptions<Payload> = Partial<SenderOptions<Payload>>;

/**
 * The name of a header field, in any case; or several names, of which the first that the request
 * has counts.
 */
export type FieldName = string | readonly string[];

/** Options for telling a delivery, and a test of the address, from other requests. */
export interface DeliveryOptions {
  /** The field with the delivery's id, which is the same in a redelivery. Default: none. */
  readonly idHeader?: FieldName | undefined;
  /**
   * Returns whether an unsigned request only tests the address. A test request gets a 200, and its
   * body is not read. Default: none.
   */
  readonly isTest?: ((fields: WebhookFields) => boolean) | undefined;
}

/** How a sender signs its webhooks, and which targets each webhook purges. */
export interface HmacSenderOptions<Payload = unknown>
  extends SenderOptions<Payload>, DeliveryOptions {
  /** The field with the signature. @example "x-hub-signature-256" */
  readonly header: FieldName;
  readonly algorithm: "sha1" | "sha256" | "sha512";
  readonly encoding: DigestEncoding;
  /** The member with the signature, if the field is a list such as `t=1,v1=ab`. @example "v1" */
  readonly member?: string | undefined;
  /** The text before the signature in the field. @example "sha256=" */
  readonly prefix?: string | undefined;
  /** The signed text. Default: `"{body}"`. @example "{timestamp}.{body}" */
  readonly signed?: string | undefined;
  /** The header field or list member with the signing time. Default: none. */
  readonly timestamp?: TimestampPlace | undefined;
  /** The maximum difference between the timestamp and now, 1 to 86,400. Default: 300. */
  readonly toleranceSeconds?: number | undefined;
}

/** How a sender proves its identity by a secret text, and which targets each webhook purges. */
export interface TokenSenderOptions<Payload = unknown>
  extends SenderOptions<Payload>, DeliveryOptions {
  /** The field with the secret. Default: `"authorization"`. */
  readonly header?: FieldName | undefined;
  /** The text before the secret in the field. Default: none. @example "Bearer " */
  readonly prefix?: string | undefined;
}

/** The place and the unit of a timestamp: seconds or milliseconds since 1970. */
export type TimestampPlace = { readonly unit: "s" | "ms" } & (
  | { readonly header: string }
  | { readonly member: string }
);

export function namesOf(field: FieldName | undefined): readonly string[] {
  return typeof field === "string" ? [field] : (field ?? []);
}

/** Returns the value of the first field that the request has; `null` if it has none. */
export function firstOf(fields: WebhookFields, field: FieldName | undefined): string | null {
  for (const name of namesOf(field)) {
    const value = fields.get(name);
    if (value !== null) return value;
  }
  return null;
}

/**
 * Splits the template of the signed text at `{timestamp}` and `{body}`. Returns the placeholders
 * and the texts between them, in order.
 */
export function contentParts(signed = "{body}"): string[] {
  return signed.split(/(\{body\}|\{timestamp\})/).filter((part) => part !== "");
}
