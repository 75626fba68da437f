// The answers to senders of purges, with their data for metrics.
import type { Reason } from "../base/operator-error.ts";
import type { PurgeRefusal } from "../protocol/families.ts";
import { quoted } from "../protocol/purge-order.ts";
import { errorAnswer, notAccepted } from "./json-answers.ts";
import { nothingPurged } from "./purge-sender.ts";

/** The response to a sender, and its data for metrics. */
export interface PurgeAnswer {
  readonly answer: Response;
  readonly refusal?: PurgeRefusal;
  /** Whether the request is unsigned, and only tests the address. */
  readonly isTest?: true;
  readonly isAccepted?: true;
}

/** @param code the error's code, which metrics also use */
export function refused(status: number, code: PurgeRefusal, { why, hint }: Reason): PurgeAnswer {
  return { answer: errorAnswer(status, { code, what: nothingPurged, why, hint }), refusal: code };
}

export function usedBefore(id: string): Reason {
  const why = `The id ${quoted(id)} was used with another body.`;
  return { why, hint: "Give each purge its own id." };
}

export function unavailable(reason: Reason): PurgeAnswer {
  return { answer: notAccepted("The purge was not accepted.", reason), refusal: "unavailable" };
}
