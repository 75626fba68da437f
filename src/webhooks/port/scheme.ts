// The port of a webhook sender's scheme: how its requests prove who sent them, and what they purge. A new
// sender is one file that makes such a value.
import type { PurgeOrder } from "../../protocol/purge-order.ts";

/** The header fields of a request. */
export interface WebhookFields {
  /** Names are not case-sensitive. Lines of one name are joined by a comma and a space. */
  readonly get: (name: string) => string | null;
}

/** A request before its body is read. */
export interface WebhookRequest {
  readonly method: string;
  readonly url: string;
  readonly headers: WebhookFields;
}

/** A request whose header fields are well formed; its body decides whether it is signed. */
export interface WebhookClaim {
  readonly kind: "claimed";
  /**
   * Names this delivery, and is the same each time that the sender repeats it: its delivery id, or else its
   * timestamp. Empty where the scheme has neither. Then each request counts as a delivery of its own.
   */
  readonly delivery: string;
  /**
   * Resolves to whether one of the secrets signed this body.
   *
   * @param body exactly as it came
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
  /** An unsigned request by which the sender tests the address. It is answered 200, and purges nothing. */
  | { readonly kind: "test" };

/** What a webhook purges. */
export type WebhookOrder = Omit<PurgeOrder, "dryRun">;

export interface WebhookScheme {
  /** Judges the header fields. It is called before the body is read. */
  readonly claimOf: (request: WebhookRequest, nowAtMs: number) => WebhookVerdict;
  /**
   * Returns what a signed payload purges; `undefined` for an event that purges nothing.
   *
   * @param payload the body as parsed from JSON; it is called only once the signature is verified
   */
  readonly toOrder: (payload: unknown, fields: WebhookFields) => WebhookOrder | undefined;
  /** The largest body in bytes. Default: 65,536. */
  readonly maxBytes?: number | undefined;
}
