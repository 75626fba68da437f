// A Redis connection that reports an outage as the outcome of a command. The connection queues
// nothing, sends nothing twice, reconnects automatically, and writes commands in the order of the
// calls.
import { once } from "node:events";
import { setTimeout as delay } from "node:timers/promises";
import { Redis, ReplyError } from "ioredis";
import { OperatorError } from "../../src/base/operator-error.ts";

export type RedisArgument = string | Buffer;
/** A name in upper case, then its arguments. */
export type RedisCommand = readonly [name: string, ...args: RedisArgument[]];
/** Strings stay bytes, because the answer decides their encoding. */
export type RedisReply = Buffer | number | null | Error | RedisReply[];

export type Unreachable = { kind: "unreachable"; message: string };
export type CommandOutcome =
  | { kind: "replied"; reply: RedisReply }
  | { kind: "refused"; message: string }
  | Unreachable;
export type TransactionOutcome =
  | { kind: "executed"; outcomes: CommandOutcome[] }
  | { kind: "discarded"; message: string }
  | Unreachable;

export interface RedisConnection {
  /** Writes the command before returning. Never rejects. */
  send(command: RedisCommand): Promise<CommandOutcome>;
  /** Sends MULTI, the commands and EXEC without other commands in between. Never rejects. */
  transact(commands: readonly RedisCommand[]): Promise<TransactionOutcome>;
  /**
   * Subscribes to a channel over a connection of its own, until the signal. Never rejects.
   *
   * @param heard receives messages as `subscribe,CHANNEL,1` and `message,CHANNEL,TEXT`
   */
  subscribe(
    channel: string,
    heard: (message: string) => void,
    signal: AbortSignal,
  ): Promise<"ended" | Unreachable>;
  /** Calls the listener each time the connection is usable again after a loss. */
  onReconnected(listener: () => void): void;
  close(): void;
}

const ignored = (): void => undefined;

const startTimeoutMs = 1_800;
const reconnectDelayMsMax = 200;
const commandTimeoutMs = 5_000;

/** @throws OperatorError within 2 s if no usable Redis answers at that address */
export async function connectToRedis(redisUrl: string): Promise<RedisConnection> {
  const address = addressWithoutSecrets(redisUrl);
  const client = new Redis(redisUrl, {
    lazyConnect: true,
    // RESP2, whose replies are flat arrays and plain strings, like REST answers.
    protocol: 2,
    disableClientInfo: true,
    enableOfflineQueue: false,
    autoResendUnfulfilledCommands: false,
    maxRetriesPerRequest: 0,
    connectTimeout: startTimeoutMs,
    commandTimeout: commandTimeoutMs,
    retryStrategy: (attemptCount) => Math.min(attemptCount * 20, reconnectDelayMsMax),
  });
  let lastError: unknown;
  // Each command reports the outage; without a listener, ioredis prints every attempt.
  client.on("error", (error) => {
    lastError = error;
  });
  try {
    await Promise.race([client.connect(), rejectAfter(startTimeoutMs)]);
  } catch (cause) {
    client.disconnect();
    throw unreachableError(address, lastError ?? cause);
  }
  const send = async (command: RedisCommand): Promise<CommandOutcome> => {
    try {
      return { kind: "replied", reply: (await call(client, command)) as RedisReply };
    } catch (cause) {
      if (cause instanceof ReplyError) return { kind: "refused", message: errorText(cause) };
      const reason = client.status === "ready" ? cause : (lastError ?? cause);
      return { kind: "unreachable", message: unreachableMessage(address, reason) };
    }
  };
  return {
    send,
    transact: (commands) => transact(send, commands),
    subscribe: async (channel, heard, signal) => {
      const own = client.duplicate({ retryStrategy: () => null });
      own.on("error", () => undefined);
      const ended = once(own, "end", { signal }).then(ignored, ignored);
      own.on("message", (name, text) => heard(`message,${name},${text}`));
      try {
        await own.connect();
        heard(`subscribe,${channel},${String(await own.subscribe(channel))}`);
        await ended;
        return "ended";
      } catch (cause) {
        return { kind: "unreachable", message: unreachableMessage(address, cause) };
      } finally {
        own.disconnect();
      }
    },
    onReconnected: (listener) => void client.on("ready", listener),
    close: () => client.disconnect(),
  };
}

async function transact(
  send: RedisConnection["send"],
  commands: readonly RedisCommand[],
): Promise<TransactionOutcome> {
  // Write all commands in one turn of the event loop, so that no other call comes between them.
  const outcomes = await Promise.all(
    [["MULTI"] as const, ...commands, ["EXEC"] as const].map(send),
  );
  const lost = outcomes.find((outcome) => outcome.kind === "unreachable");
  if (lost !== undefined) return lost;
  const executed = outcomes.at(-1);
  if (executed?.kind === "replied" && Array.isArray(executed.reply)) {
    return { kind: "executed", outcomes: executed.reply.map(outcomeInside) };
  }
  const firstRefusal = outcomes.find((outcome) => outcome.kind === "refused");
  return { kind: "discarded", message: discardMessage(firstRefusal?.message) };
}

function discardMessage(reason: string | undefined): string {
  return `EXECABORT Transaction discarded: ${reason ?? "EXEC gave no replies"}`;
}

function outcomeInside(reply: RedisReply): CommandOutcome {
  return reply instanceof Error
    ? { kind: "refused", message: reply.message }
    : { kind: "replied", reply };
}

/** Relies on upper-case command names: for lower-case ones, ioredis converts some replies. */
function call(client: Redis, [name, ...args]: RedisCommand): Promise<unknown> {
  return client.callBuffer(name.toUpperCase(), ...args);
}

async function rejectAfter(timeoutMs: number): Promise<never> {
  await delay(timeoutMs, undefined, { ref: false });
  throw new Error(`no answer within ${timeoutMs} ms`);
}

/** Returns the address for messages, without user, password and query. */
function addressWithoutSecrets(redisUrl: string): string {
  const url = URL.parse(redisUrl);
  if (url?.protocol === "redis:" || url?.protocol === "rediss:") {
    return `${url.protocol}//${url.host}`;
  }
  throw new OperatorError({
    what: "The address of Redis cannot be read.",
    why: "It is not a URL that begins with redis:// or rediss://.",
    hint: "Write it as redis://user:password@host:port, with user and password percent-encoded.",
  });
}

function unreachableMessage(address: string, cause: unknown): string {
  return `ERR Redis at ${address} is unreachable (${errorText(cause)}). The server reconnects automatically.`;
}

function unreachableError(address: string, cause: unknown): OperatorError {
  return new OperatorError({
    what: `Redis at ${address} cannot be used.`,
    why: `Connecting ended with: ${errorText(cause).replace(/\.$/, "")}.`,
    hint: "Start Redis, correct the address or password, or omit the address to use the embedded Valkey.",
  });
}

function errorText(cause: unknown): string {
  return cause instanceof Error ? cause.message : String(cause);
}
