// The port between the Worker and its webhook senders. A configuration imports the senders' code,
// so a Worker without webhooks bundles none of it.
import type { Fault, Reason } from "../../../base/operator-error.ts";
import type { Trouble } from "../../../observe/condition.ts";
import type { Log } from "../../../observe/log-line.ts";
import type { CredentialRefusal, PurgeRefusal } from "../../../protocol/families.ts";

/** A webhook sender: a value of `hooks()`. */
export interface WebhookSender {
  /**
   * Creates the hook at `/_cache/hooks/<name>`.
   *
   * @param env the Worker's variables and secrets
   */
  readonly open: (name: string, env: Readonly<Record<string, unknown>>) => Hook;
}

/** `threw`: the mapping threw. `invalid`: it returned something other than a purge order. */
export type MappingFault = "threw" | "invalid";

/** An open hook. One instance per isolate. */
export interface Hook extends Receives {
  /** The faults of the hook's secrets. */
  readonly faults: readonly Fault[];
  /** The last trouble of the hook's mapping, even if it is over. */
  readonly trouble: Trouble<MappingFault> | undefined;
}

/** Receives requests of senders. */
export interface Receives {
  readonly receive: <Order extends object, Answer>(
    request: Request,
    ports: HookPorts<Order, Answer>,
  ) => Promise<Answer>;
}

/** Why a webhook is refused. `refusal` is the reason in the metrics. */
export interface HookRefusal extends Reason {
  readonly status: number;
  readonly code: string;
  readonly refusal: PurgeRefusal;
}

/** The Worker's functions that a hook uses for one request. */
export interface HookPorts<Order extends object, Answer> {
  readonly nowAtMs: () => number;
  readonly log: Log;
  readonly afterAnswer: (work: () => Promise<void>) => void;
  /** Reads the body within limits of size and time. */
  readonly bodyOf: (
    request: Request,
    bytesMax: number,
  ) => Promise<Uint8Array<ArrayBuffer> | HookRefusal>;
  /** Records why the signature was refused; `undefined` for a valid signature. */
  readonly judged: (refusal: CredentialRefusal | undefined) => void;
  readonly orderOf: (written: unknown) => Order | { readonly fault: Reason };
  readonly purge: (
    order: Order,
    sender: { readonly id: string; readonly by: string; readonly bodyDigest: string },
  ) => Promise<{ readonly answer: Answer; readonly isAccepted: boolean }>;
  readonly ignored: () => Answer;
  /** Answers an unsigned request that only tests the address. */
  readonly tested: () => Answer;
  /** Answers a webhook that the purge of an identical, later webhook covers. */
  readonly joined: () => Answer;
  readonly refused: (refusal: HookRefusal) => Answer;
}

/** Returns whether a value is a webhook sender, such as those of `tidemark/hooks`. */
export function isWebhookSender(value: unknown): value is WebhookSender {
  return (
    typeof value === "object" &&
    value !== null &&
    "open" in value &&
    typeof value.open === "function"
  );
}
