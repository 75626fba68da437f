// The port of a webhook scheme: how to verify the sender of a request, and which targets the
// request purges. To add a sender, implement `WebhookScheme`.
import type { PurgeOrder } from "../../../protocol/purge-order.ts";

/** The header fields of a request. */
export interface WebhookFields {
  /** The name is case-insensitive. Repeated fields are joined by a comma and a space. */
  readonly get: (name: string) => string | null;
}

/** A request before its body is read. */
export interface WebhookRequest {
  readonly method: string;
  readonly url: string;
  readonly headers: WebhookFields;
}

/** A request with well-formed header fields, whose signature is not verified yet. */
export interface WebhookClaim {
  readonly kind: "claimed";
  /**
   * Identifies the delivery, so that a redelivery is recognized: the delivery id, else a timestamp
   * in milliseconds. If empty, each request is a separate delivery.
   */
  readonly delivery: string;
  /**
   * Resolves to whether the body is signed with one of the secrets.
   *
   * @param body the exact bytes received
   */
  readonly isSigned: (
    body: Uint8Array<ArrayBuffer>,
    secrets: readonly string[],
  ) => Promise<boolean>;
}

export type WebhookVerdict =
  | WebhookClaim
  /** `malformed`: there is no signature, or a field has a form that the sender never writes. */
  | { readonly kind: "refused"; readonly reason: "malformed" | "timestamp" }
  /** An unsigned request that tests the address. The request gets a 200 and purges nothing. */
  | { readonly kind: "test" };

/** The targets of a webhook. */
export type WebhookOrder = Omit<PurgeOrder, "dryRun">;

export interface WebhookScheme {
  /** Checks the header fields, before the body is read. */
  readonly claimOf: (request: WebhookRequest, nowAtMs: number) => WebhookVerdict;
  /**
   * Returns the targets of a payload; `undefined` for an event that purges nothing.
   *
   * @param payload the parsed JSON body of a verified request
   */
  readonly toOrder: (payload: unknown, fields: WebhookFields) => WebhookOrder | undefined;
  /** The maximum size of the body, at most 1 MiB. Default: 65,536. */
  readonly maxBytes?: number | undefined;
  /** The delay of a second purge, 1 to 25. Default: no second purge. */
  readonly repeatAfterSeconds?: number | undefined;
}
