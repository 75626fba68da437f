// The options of an HMAC sender.
import type { DigestEncoding } from "../base/hmac.ts";
import type { WebhookFields, WebhookOrder } from "./port/scheme.ts";

/** How a sender signs its webhooks, and what they purge. */
export interface HmacSenderOptions<Payload = unknown> {
  /** Header field with the signature. @example "x-hub-signature-256" */
  readonly header: string;
  readonly algorithm: "sha1" | "sha256" | "sha512";
  readonly encoding: DigestEncoding;
  /** Member with the signature, if the field is a list such as `t=1,v1=ab`. @example "v1" */
  readonly member?: string | undefined;
  /** Text that precedes the signature in the field. @example "sha256=" */
  readonly prefix?: string | undefined;
  /** Signed text. Default: `"{body}"`. @example "{timestamp}.{body}" */
  readonly signed?: string | undefined;
  /** Place of the signing time: a header field, or a member of the signature's field. Default: none. */
  readonly timestamp?: TimestampPlace | undefined;
  /** Maximum distance between the timestamp and now, 1 to 86,400. Default: 300. */
  readonly toleranceSeconds?: number | undefined;
  /** Header field with the delivery's id, which stays the same on redelivery. Default: none. */
  readonly idHeader?: string | undefined;
  /** Largest body in bytes, at most 1 MiB. Default: 65,536. */
  readonly maxBytes?: number | undefined;
  /**
   * Returns whether an unsigned request only tests the address. Such a request gets a 200, and its
   * body is not read. Default: none.
   */
  readonly isTest?: ((fields: WebhookFields) => boolean) | undefined;
  /**
   * Returns what a webhook purges; `undefined` for an event that purges nothing. Runs after the
   * verification of the signature. Must be synchronous: a promise is an error.
   */
  readonly mapping: (payload: Payload, fields: WebhookFields) => WebhookOrder | undefined;
}

/** Place and unit of a timestamp: seconds or milliseconds since 1970. */
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
