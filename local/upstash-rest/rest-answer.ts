// Converts outcomes of Redis to answers of Upstash's REST interface: a single answer, an array for a batch, or an error.
import { unreachable } from "../../src/base/unreachable.ts";
import type { CommandOutcome, RedisReply, TransactionOutcome } from "./redis-connection.ts";

export type StringEncoding = "utf8" | "base64";
export type RestResult = string | number | null | RestResult[];
export type RestItem = { result: RestResult } | { error: string };
export interface RestAnswer {
  status: number;
  body: RestItem | RestItem[];
}

export function errorAnswer(status: number, error: string): RestAnswer {
  return { status, body: { error } };
}

/**
 * @param given.namedByPath whether the path contains the command. An unknown command then causes a
 *   404
 */
export function commandAnswer(
  outcome: CommandOutcome,
  given: { encoding: StringEncoding; namedByPath: boolean },
): RestAnswer {
  if (outcome.kind === "unreachable") return errorAnswer(503, outcome.message);
  const body = restItem(outcome, given.encoding);
  if (outcome.kind === "replied") return { status: 200, body };
  const isUnknown = outcome.message.startsWith("ERR unknown command");
  return { status: given.namedByPath && isUnknown ? 404 : 400, body };
}

/**
 * Returns the answer to a batch. If Redis did not reply to one of the commands in time, the answer to
 * the whole batch is a 503.
 */
export function batchAnswer(
  outcomes: readonly CommandOutcome[],
  encoding: StringEncoding,
): RestAnswer {
  const lost = outcomes.find((outcome) => outcome.kind === "unreachable");
  if (lost !== undefined) return errorAnswer(503, lost.message);
  return { status: 200, body: outcomes.map((outcome) => restItem(outcome, encoding)) };
}

export function transactionAnswer(
  outcome: TransactionOutcome,
  encoding: StringEncoding,
): RestAnswer {
  switch (outcome.kind) {
    case "executed":
      return batchAnswer(outcome.outcomes, encoding);
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

function restItem(outcome: CommandOutcome, encoding: StringEncoding): RestItem {
  if (outcome.kind !== "replied") return { error: outcome.message };
  const { reply } = outcome;
  if (Buffer.isBuffer(reply) && reply.toString("latin1") === "OK") return { result: "OK" };
  return { result: restResult(reply, encoding) };
}

/** Bytes that are not UTF-8 become U+FFFD, as Upstash documents; base64 preserves them. */
function restResult(reply: RedisReply, encoding: StringEncoding): RestResult {
  if (Buffer.isBuffer(reply)) return reply.toString(encoding);
  if (Array.isArray(reply)) return reply.map((item) => restResult(item, encoding));
  if (reply instanceof Error) return Buffer.from(reply.message).toString(encoding);
  return reply;
}
