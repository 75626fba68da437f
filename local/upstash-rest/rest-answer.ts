// Converts outcomes of Redis to answers of Upstash's REST interface: a single answer, an array for a batch, or an error.
import { unreachable } from "../../src/base/unreachable.ts";
import type { CommandOutcome, RedisReply, TransactionOutcome } from "./redis-connection.ts";

export type RestResult = string | number | null | RestResult[];
export type RestItem = { result: RestResult } | { error: string };
export interface RestAnswer {
  status: number;
  body: RestItem | RestItem[];
}

export function errorAnswer(status: number, error: string): RestAnswer {
  return { status, body: { error } };
}

export function commandAnswer(outcome: CommandOutcome): RestAnswer {
  if (outcome.kind === "unreachable") return errorAnswer(503, outcome.message);
  return { status: outcome.kind === "replied" ? 200 : 400, body: restItem(outcome) };
}

/**
 * Returns the answer to a batch. If Redis did not reply to one of the commands in time, the answer to
 * the whole batch is a 503.
 */
export function batchAnswer(outcomes: readonly CommandOutcome[]): RestAnswer {
  const lost = outcomes.find((outcome) => outcome.kind === "unreachable");
  if (lost !== undefined) return errorAnswer(503, lost.message);
  return { status: 200, body: outcomes.map(restItem) };
}

export function transactionAnswer(outcome: TransactionOutcome): RestAnswer {
  switch (outcome.kind) {
    case "executed":
      return batchAnswer(outcome.outcomes);
    case "discarded":
      return errorAnswer(400, outcome.message);
    case "unreachable":
      return errorAnswer(503, outcome.message);
    default:
      return unreachable(outcome);
  }
}

export function failedCountOf(answer: RestAnswer): number {
  const items = Array.isArray(answer.body) ? answer.body : [answer.body];
  return items.filter((item) => "error" in item).length;
}

function restItem(outcome: CommandOutcome): RestItem {
  return outcome.kind === "replied"
    ? { result: restResult(outcome.reply) }
    : { error: outcome.message };
}

/** Bytes that are not UTF-8 become U+FFFD, as Upstash documents. */
function restResult(reply: RedisReply): RestResult {
  if (Buffer.isBuffer(reply)) return reply.toString();
  if (Array.isArray(reply)) return reply.map(restResult);
  return reply instanceof Error ? reply.message : reply;
}
