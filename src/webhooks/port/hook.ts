// What the Worker asks of the webhook senders that its configuration names, and what it lends to them. The
// code behind it comes with the value of a sender, so that a Worker without webhooks has none of it.
import type { Fault, Reason } from "../../base/operator-error.ts";
import type { Trouble } from "../../observe/condition.ts";
import type { Log } from "../../observe/log-line.ts";
import type { CredentialRefusal, PurgeRefusal } from "../../protocol/families.ts";

/** What `hooks` in the configuration takes. */
export interface WebhookSender {
  /**
   * Opens `/_cache/hooks/<name>`.
   *
   * @param env variables and secrets
   */
  readonly open: (name: string, env: Readonly<Record<string, unknown>>) => Hook;
}

/** `threw`, or `invalid`: it returned something that is no purge order. */
export type MappingFault = "threw" | "invalid";

/** One for each isolate. */
export interface Hook {
  /** What is wrong with its secrets. */
  readonly faults: readonly Fault[];
  /** The last failure of its mapping; `undefined` where there was none. */
  readonly trouble: Trouble<MappingFault> | undefined;
  readonly receive: <Order extends object, Answer>(
    request: Request,
    ports: HookPorts<Order, Answer>,
  ) => Promise<Answer>;
}

/** Why a webhook is refused, and under what it is counted. */
export interface HookRefusal extends Reason {
  readonly status: number;
  readonly code: string;
  readonly refusal: PurgeRefusal;
}

/** What the Worker lends to a hook for one request. */
export interface HookPorts<Order extends object, Answer> {
  readonly nowAtMs: () => number;
  readonly log: Log;
  readonly afterAnswer: (work: () => Promise<void>) => void;
  /** Reads the body within bounds of size and time. */
  readonly bodyOf: (
    request: Request,
    bytesMax: number,
  ) => Promise<Uint8Array<ArrayBuffer> | HookRefusal>;
  /** Counts a wrong signature, or with `undefined` a right one. */
  readonly judged: (refusal: CredentialRefusal | undefined) => void;
  readonly orderOf: (written: unknown) => Order | { readonly fault: Reason };
  readonly purge: (
    order: Order,
    sender: { readonly id: string; readonly by: string; readonly bodyDigest: string },
  ) => Promise<Answer>;
  readonly ignored: () => Answer;
  readonly refused: (refusal: HookRefusal) => Answer;
}

/** Is it a value of `tidemark/senders`? */
export function isWebhookSender(value: unknown): value is WebhookSender {
  return (
    typeof value === "object" &&
    value !== null &&
    "open" in value &&
    typeof value.open === "function"
  );
}
