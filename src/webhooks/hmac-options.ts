// The options of an HMAC sender.
import type { DigestEncoding } from "../base/hmac.ts";
import type { WebhookFields, WebhookOrder } from "./port/scheme.ts";

/** How a sender signs, and what its webhooks purge. */
export interface HmacSenderOptions<Payload = unknown> {
  /** The header field that holds the signature. @example "x-hub-signature-256" */
  readonly header: string;
  readonly algorithm: "sha1" | "sha256" | "sha512";
  readonly encoding: DigestEncoding;
  /** The member that holds the signature, where the field is a list such as `t=1,v1=ab`. @example "v1" */
  readonly member?: string | undefined;
  /** A text before the signature. @example "sha256=" */
  readonly prefix?: string | undefined;
  /** The text that is signed. Default: `"{body}"`. @example "{timestamp}.{body}" */
  readonly signed?: string | undefined;
  /** Where the time of signing is: a header field, or a member of the signature's field. Default: none. */
  readonly timestamp?: TimestampPlace | undefined;
  /** How far the timestamp may be from now, 1 to 86,400. Default: 300. */
  readonly toleranceSeconds?: number | undefined;
  /** The header field with the id of a delivery, which a repeated delivery has again. Default: none. */
  readonly idHeader?: string | undefined;
  /** The largest body in bytes, at most 1 MiB. Default: 65,536. */
  readonly maxBytes?: number | undefined;
  /**
   * Recognizes an unsigned request by which the sender tests the address. It is answered 200, and its body
   * is not read. Default: there is none.
   */
  readonly isTest?: ((fields: WebhookFields) => boolean) | undefined;
  /**
   * Returns what a webhook purges; `undefined` for an event that purges nothing. It is called once the
   * signature is verified, and returns at once: a promise is refused.
   */
  readonly mapping: (payload: Payload, fields: WebhookFields) => WebhookOrder | undefined;
}

/** `unit`: seconds or milliseconds since 1970. */
export type TimestampPlace = { readonly unit: "s" | "ms" } & (
  | { readonly header: string }
  | { readonly member: string }
);

/** @returns texts, `{timestamp}` and `{body}`, in the order in which they are signed */
export function contentParts(signed = "{body}"): string[] {
  return signed.split(/(\{body\}|\{timestamp\})/).filter((part) => part !== "");
}
