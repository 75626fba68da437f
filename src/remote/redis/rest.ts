// Sends commands by Upstash's REST interface (https://upstash.com/docs/redis/features/restapi).
import { type Command, type Form, NotRedis, RedisRefusal } from "./redis.ts";
import type { RestAddress, Transport } from "./address.ts";

/** Begins a script that uses other keys than its KEYS. Such a script locks the whole database. */
export const usesOtherKeys = "-- uses other keys\n";

/**
 * Lets a script at Upstash lock only its keys, in place of the whole database
 * (https://upstash.com/docs/redis/features/key-locking).
 */
const flag = "#!lua flags=allow-key-locking\n";

/** A reply to one command. */
interface RestReply {
  readonly result?: unknown;
  readonly error?: string;
}

export function overRest({ url, token }: RestAddress): Transport {
  const base = url.replace(/\/$/, "");
  const headers = new Headers({
    authorization: `Bearer ${token}`,
    "content-type": "application/json",
  });
  // Redis and Valkey refuse scripts with the flag.
  const isAtUpstash = /^https:\/\/[^/]*\.upstash\.io(?:[:/]|$)/.test(url);
  return async (form, commands, timeoutMs) => {
    const sent = isAtUpstash ? commands.map(withFlag) : commands;
    const response = await fetch(form === "single" ? base : `${base}/${form}`, {
      method: "POST",
      headers,
      body: JSON.stringify(form === "single" ? sent[0] : sent),
      signal: AbortSignal.timeout(timeoutMs),
      cache: "no-store",
    });
    return repliesIn(await response.text(), form, commands.length);
  };
}

function withFlag(command: Command): Command {
  const [name, script, ...others] = command;
  const isScript = typeof script === "string" && (name === "EVAL" || name === "EVAL_RO");
  if (!isScript || script.startsWith(usesOtherKeys)) return command;
  return [name, flag + script, ...others];
}

/** @throws RedisRefusal for a refusal of all commands, and NotRedis for any other text */
function repliesIn(text: string, form: Form, count: number): readonly unknown[] {
  const answer = parsed(text);
  if (form === "single") return [replyIn(answer, text)];
  if (Array.isArray(answer) && answer.length === count)
    return answer.map((reply) => replyIn(reply, text));
  const reply = replyIn(answer, text);
  throw reply instanceof RedisRefusal ? reply : new NotRedis(text);
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    throw new NotRedis(text);
  }
}

function replyIn(reply: unknown, text: string): unknown {
  const { result, error } = (reply ?? {}) as RestReply;
  if (typeof error === "string") return new RedisRefusal(error);
  if (result === undefined) throw new NotRedis(text);
  return result;
}
