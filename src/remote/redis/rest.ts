// Sends commands to Upstash's REST interface, with the package @upstash/redis. Reads its errors.
import { Redis, type UpstashRequest } from "@upstash/redis";
import { type Command, type Form, NotRedis, RedisRefusal } from "./redis.ts";
import type { RestAddress, SubscribeRest, Transport } from "./address.ts";

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

/** Sends commands through the package. Opens the package's client at the first call. */
export function overUpstash(address: RestAddress): Transport {
  // Redis and Valkey refuse scripts with the flag.
  const isAtUpstash = /^https:\/\/[^/]*\.upstash\.io(?:[:/]|$)/.test(address.url);
  let client: RestClient | undefined;
  return async (form, commands, timeoutMs) => {
    client ??= new RestClient(address);
    const sent = isAtUpstash ? commands.map(withFlag) : commands;
    const request = form === "single" ? { body: sent[0] } : { path: [form], body: sent };
    const answer = await client.answerTo(request, AbortSignal.timeout(timeoutMs));
    return repliesIn(answer, form, commands.length);
  };
}

/** Subscribes through the package, which does not tell when the database ends the stream. */
export const subscribeAtUpstash: SubscribeRest = async (address, channel, heard, signal) => {
  const ended = new Promise<void>((resolve) => {
    signal.addEventListener("abort", () => resolve());
  });
  await new RestClient(address).listen(channel, heard, signal);
  await ended;
};

/** Reaches the package's sender, which subclasses may use, without its commands and their decoding. */
class RestClient extends Redis {
  constructor({ url, token }: RestAddress) {
    super({
      url,
      token,
      // A second sending could repeat a write. `retry: false` would send twice.
      retry: { retries: 0 },
      // Base64 would strip a leading byte order mark from a value.
      responseEncoding: false,
      // Frameworks that cache `fetch` must not store replies.
      cache: "no-store",
      readYourWrites: false,
      enableTelemetry: false,
      enableAutoPipelining: false,
    });
  }

  /** @throws the reason of the signal, RedisRefusal, NotRedis, or the error of `fetch` */
  async answerTo(request: UpstashRequest, signal: AbortSignal): Promise<unknown> {
    const answer: unknown = await this.client
      .request({ ...request, signal })
      .catch((cause: unknown) => {
        throw errorOf(cause);
      });
    // The package resolves with `{ result: {} }` after the signal.
    signal.throwIfAborted();
    return answer;
  }

  /**
   * Resolves once the stream has begun (https://upstash.com/docs/redis/features/restapi).
   *
   * @throws like `answerTo`
   */
  async listen(
    channel: string,
    heard: (text?: string) => void,
    signal: AbortSignal,
  ): Promise<void> {
    await this.answerTo(
      {
        path: ["subscribe", channel],
        headers: { Accept: "text/event-stream" },
        body: [],
        isStreaming: true,
        onMessage: (event) => {
          const [, kind, text] = /^(subscribe|message),[^,]*,(.*)$/.exec(event) ?? [];
          if (kind !== undefined) heard(kind === "message" ? text : undefined);
        },
      },
      signal,
    );
  }
}

/** Returns the database's or server's own error, without the command, which the package quotes. */
function errorOf(cause: unknown): unknown {
  if (!(cause instanceof Error)) return cause;
  const { name, message } = cause;
  switch (name) {
    case "UpstashJSONParseError":
      return new NotRedis(message.replace(/^Unable to parse response body: /, ""));
    case "UpstashError": {
      const [error = ""] = message.split(", command was: ", 1);
      // The answer is JSON without `error`.
      return error === "undefined" ? new NotRedis(error) : new RedisRefusal(error);
    }
    case "TypeError":
      // The answer is `null`. The message of an error of `fetch` has no such word.
      return /\bnull\b/.test(message) ? new NotRedis("null") : cause;
    default:
      return cause;
  }
}

function withFlag(command: Command): Command {
  const [name, script, ...others] = command;
  const isScript = typeof script === "string" && (name === "EVAL" || name === "EVAL_RO");
  if (!isScript || script.startsWith(usesOtherKeys)) return command;
  return [name, flag + script, ...others];
}

/** @throws RedisRefusal for a refusal of all commands, and NotRedis for any other answer */
function repliesIn(answer: unknown, form: Form, count: number): readonly unknown[] {
  if (form === "single") return [replyIn(answer)];
  if (Array.isArray(answer) && answer.length === count) return answer.map(replyIn);
  const reply = replyIn(answer);
  throw reply instanceof RedisRefusal ? reply : notRedis(answer);
}

function replyIn(answer: unknown): unknown {
  const { result, error } = (answer ?? {}) as RestReply;
  if (typeof error === "string") return new RedisRefusal(error);
  if (result === undefined) throw notRedis(answer);
  return result;
}

const notRedis = (answer: unknown) => new NotRedis(JSON.stringify(answer));
