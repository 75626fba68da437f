// Detects the library of a connection that the application provides, and wraps it: ioredis or node-redis,
// with a server or a cluster.
import { OperatorError } from "../../base/operator-error.ts";
import type { Command, Connection } from "./connection.ts";
import { keysOf } from "./slots.ts";

/** A connection of ioredis or node-redis, to a server or a cluster. */
export type GivenConnection = IoredisConnection | NodeRedisClient | NodeRedisCluster;

const what = "The Redis connection is unsuitable.";
const prefixed = {
  what,
  why: "Its option `keyPrefix` renames keys, so that Workers and processes without it do not find the journal.",
  hint: "Remove `keyPrefix`, and set `namespace` of the cache instead: all keys of the cache begin with it.",
};
const pooled = {
  what,
  why: "It is a pool, which sends commands over several connections, out of their order, and queues commands while it has no connection.",
  hint: "Pass `createClient(…)`, because one connection must carry all commands of the cache.",
};

/**
 * Returns the connection.
 *
 * @throws OperatorError if the client is of another library, or cannot carry the cache's commands
 */
export function connectionOf(given: object): Connection {
  if (isOfIoredis(given)) {
    if (hasKeyPrefix(given)) throw new OperatorError(prefixed);
    return overIoredis(given);
  }
  if (isOfNodeRedis(given)) return overNodeRedis(given);
  if (isPoolOfNodeRedis(given)) throw new OperatorError(pooled);
  throw new OperatorError({
    what: "The Redis connection is invalid.",
    why: "It is neither a client of ioredis nor one of node-redis.",
    hint: 'Pass `new Redis(…)` of "ioredis", `createClient(…)` of "redis", or { url, token } of Upstash.',
  });
}

/** The parts of ioredis' `Redis` and `Cluster` that are used here. */
export interface IoredisConnection {
  readonly status: string;
  readonly isCluster: boolean;
  readonly options: object;
  connect(): Promise<unknown>;
  on(event: "error", listener: (cause: Error) => void): unknown;
  call(name: string, ...args: string[]): Promise<unknown>;
  multi(): IoredisChain;
}

interface IoredisChain {
  call(name: string, ...args: string[]): unknown;
  exec(): Promise<[error: Error | null, reply: unknown][] | null>;
}

function isOfIoredis(given: object): given is IoredisConnection {
  return "call" in given && "status" in given && "multi" in given;
}

/** Returns whether ioredis adds a prefix to each key. A cluster has the option in two places. */
function hasKeyPrefix({ options }: IoredisConnection): boolean {
  const { keyPrefix, redisOptions } = options as {
    readonly keyPrefix?: string;
    readonly redisOptions?: { readonly keyPrefix?: string };
  };
  return (keyPrefix ?? "") !== "" || (redisOptions?.keyPrefix ?? "") !== "";
}

/**
 * Wraps a connection of ioredis. Command names must be upper-case, because ioredis converts some
 * replies to commands with lower-case names.
 */
function overIoredis(redis: IoredisConnection): Connection {
  return {
    isCluster: redis.isCluster,
    mayResend: redis.isCluster || resendsByOption(redis.options),
    isReady() {
      // With `lazyConnect`, ioredis connects on the first command.
      if (redis.status === "wait") redis.connect().catch(() => undefined);
      return redis.status === "ready";
    },
    isOpen: () => redis.status !== "end",
    onError: (listener) => void redis.on("error", listener),
    send: ([name, ...args]) => redis.call(name, ...args),
    transact: (commands) => transact(redis, commands),
  };
}

/** Returns whether ioredis resends commands to a single server, as it does by default. */
function resendsByOption(options: { readonly autoResendUnfulfilledCommands?: boolean }): boolean {
  return options.autoResendUnfulfilledCommands !== false;
}

async function transact(redis: IoredisConnection, commands: readonly Command[]) {
  const chain = redis.multi();
  for (const [name, ...args] of commands) chain.call(name, ...args);
  try {
    const replies = await chain.exec();
    return (replies ?? []).map(([error, reply]) => error ?? reply);
  } catch (cause) {
    // The error EXECABORT has no reason, but the first refused command has one.
    const [first] = (cause as { previousErrors?: readonly unknown[] }).previousErrors ?? [];
    throw first ?? cause;
  }
}

interface ClientState {
  readonly isOpen: boolean;
  readonly isReady: boolean;
  on(event: "error", listener: (cause: Error) => void): unknown;
}

/** The parts of `createClient`'s result that are used here. */
export interface NodeRedisClient extends ClientState {
  sendCommand(args: readonly string[]): Promise<unknown>;
  multi(): { addCommand(args: string[]): unknown; exec(): Promise<unknown> };
}

/** The parts of `createCluster`'s result that are used here. */
export interface NodeRedisCluster extends ClientState {
  readonly slots: unknown;
  sendCommand(
    firstKey: string | undefined,
    isReadonly: boolean | undefined,
    args: string[],
  ): Promise<unknown>;
  multi(): {
    addCommand(
      firstKey: string | undefined,
      isReadonly: boolean | undefined,
      args: string[],
    ): unknown;
    exec(): Promise<unknown>;
  };
}

function isOfNodeRedis(given: object): given is NodeRedisClient | NodeRedisCluster {
  return "sendCommand" in given && "isReady" in given && "multi" in given;
}

/** Returns whether the value is a result of `createClientPool`. */
function isPoolOfNodeRedis(given: object): boolean {
  return "sendCommand" in given && "totalClients" in given;
}

function overNodeRedis(redis: NodeRedisClient | NodeRedisCluster): Connection {
  const shared = {
    // After a lost connection, commands in flight are rejected. Unsent commands are sent later,
    // once.
    mayResend: false,
    isOpen: () => redis.isOpen,
    isReady: () => redis.isReady,
    onError: (listener: (cause: unknown) => void) => void redis.on("error", listener),
  };
  if ("slots" in redis) {
    return {
      ...shared,
      isCluster: true,
      send: (command) => redis.sendCommand(keysOf(command)[0], false, [...command]),
      transact(commands) {
        const chain = redis.multi();
        for (const command of commands) chain.addCommand(keysOf(command)[0], false, [...command]);
        return repliesOf(chain);
      },
    };
  }
  return {
    ...shared,
    isCluster: false,
    send: (command) => redis.sendCommand(command),
    transact(commands: readonly Command[]) {
      const chain = redis.multi();
      for (const command of commands) chain.addCommand([...command]);
      return repliesOf(chain);
    },
  };
}

/** Returns the replies. If a command was refused, they are in the error of `exec`. */
async function repliesOf(chain: { exec(): Promise<unknown> }): Promise<readonly unknown[]> {
  try {
    return (await chain.exec()) as readonly unknown[];
  } catch (cause) {
    const { replies } = cause as { replies?: readonly unknown[] };
    if (replies !== undefined) return replies;
    throw cause;
  }
}
