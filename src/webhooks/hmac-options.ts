// The options of an HMAC sender.
import type { DigestEncoding } from "../base/hmac.ts";
import type { WebhookFields, WebhookOrder } from "./port/scheme.ts";

/** How a sender signs its webhooks, and which targets each webhook purges. */
export interface HmacSenderOptions<Payload = unknown> {
  /** The header field with the signature. @example "x-hub-signature-256" */
  readonly header: string;
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
  /** The header field with the delivery's id, which is the same in a redelivery. Default: none. */
  readonly idHeader?: string | undefined;
  /** The maximum size of the body, at most 1 MiB. Default: 65,536. */
  readonly maxBytes?: number | undefined;
  /**
   * Returns whether an unsigned request only tests the address. A test request gets a 200, and its
   * body is not read. Default: none.
   */
  readonly isTest?: ((fields: WebhookFields) => boolean) | undefined;
  /**
   * Returns the targets of a webhook; `undefined` for an event that purges nothing. Runs after the
   * signature is verified. Must be synchronous: a promise is an error.
   */
  readonly mapping: (payload: Payload, fields: WebhookFields) => WebhookOrder | undefined;
}

/** The place and the unit of a timestamp: seconds or milliseconds since 1970. */
export type TimestampPlace = { readonly unit: "s" | "ms" } & (
  | { readonly header: string }
  | { readonly member: string }
);

/**
 * Splits the template of the signed text at `{timestamp}` and `{body}`. Returns the placeholders
 * and the texts between them, in order.
 */
export function contentParts(signed = "{body}"): string[] {
  return signed.split(/(\{body\}|\{timestamp\})/).filter((part) => part !== "");
}
