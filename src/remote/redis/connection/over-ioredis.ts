// A connection of ioredis to a server or a cluster.
import { nodeGlobals } from "../../../base/node-globals.ts";
import type { BlockingConnection, WireCommand, Connection } from "./connection.ts";

/** The parts of ioredis' `Redis` and `Cluster` that are used here. */
export interface IoredisConnection {
  readonly status: string;
  readonly isCluster: boolean;
  readonly options: object;
  /** The socket. Absent for a cluster, and before the first connection. */
  readonly stream?: { cork(): void; uncork(): void; unref(): unknown };
  connect(): Promise<unknown>;
  disconnect(reconnect?: boolean): void;
  duplicate(...changes: (object | undefined)[]): IoredisConnection;
  on(event: "connect" | "close" | "error" | "end", listener: (cause: Error) => void): unknown;
  call(name: string, ...args: string[]): Promise<unknown>;
  multi(): IoredisChain;
}

interface IoredisChain {
  call(name: string, ...args: string[]): unknown;
  exec(): Promise<[error: Error | null, reply: unknown][] | null>;
}

export function isOfIoredis(given: object): given is IoredisConnection {
  return "call" in given && "status" in given && "multi" in given;
}

/** Returns whether ioredis adds a prefix to each key. A cluster has the option in two places. */
export function hasKeyPrefix({ options }: IoredisConnection): boolean {
  const { keyPrefix, redisOptions } = options as {
    readonly keyPrefix?: string;
    readonly redisOptions?: { readonly keyPrefix?: string };
  };
  return (keyPrefix ?? "") !== "" || (redisOptions?.keyPrefix ?? "") !== "";
}

/**
 * Wraps a connection of ioredis. WireCommand names must be upper-case. With a lower-case name such as
 * `hgetall`, ioredis changes the form of the reply.
 */
export function overIoredis(redis: IoredisConnection): Connection {
  const join = joinedWrites(redis);
  const mayResend = redis.isCluster || resendsByOption(redis.options);
  let lossCount = 0;
  if (mayResend) redis.on("close", () => (lossCount += 1));
  return {
    isCluster: redis.isCluster,
    mayResend,
    lossCount: mayResend ? () => lossCount : undefined,
    isReady() {
      // With `lazyConnect`, ioredis connects on the first command.
      if (redis.status === "wait") redis.connect().catch(() => undefined);
      return redis.status === "ready";
    },
    isStarting: () => redis.status === "connect",
    isOpen: () => redis.status !== "end",
    onError: (listener) => void redis.on("error", listener),
    onEnd: (listener) => void redis.on("end", listener),
    reconnect: () => redis.disconnect(true),
    duplicate: () => duplicateOf(redis),
    send(command) {
      join();
      return redis.call(...command);
    },
    transact: (commands) => transact(redis, commands),
  };
}

function duplicateOf(redis: IoredisConnection): BlockingConnection {
  const retries = { retryStrategy: null, sentinelRetryStrategy: null, clusterRetryStrategy: null };
  // These timeouts would end a command that blocks.
  const timeouts = {
    commandTimeout: undefined,
    socketTimeout: undefined,
    blockingTimeout: undefined,
  };
  // ioredis 5 replaces `redisOptions` as a whole, and with it the password and TLS.
  const { redisOptions: given } = redis.options as { readonly redisOptions?: object };
  const redisOptions = { ...given, ...timeouts };
  const changes = { ...retries, ...timeouts, lazyConnect: true };
  const copy = redis.isCluster
    ? redis.duplicate([], { ...changes, redisOptions })
    : redis.duplicate(changes);
  // Without a listener, ioredis prints errors.
  copy.on("error", () => undefined);
  copy.on("connect", () => void copy.stream?.unref());
  return {
    open: () => copy.connect(),
    send: ([name, ...args]) => copy.call(name, ...args),
    close: () => copy.disconnect(),
  };
}

/**
 * Returns a function that makes the socket send all commands of one turn of the event loop
 * together. Without it, ioredis makes a system call for each command.
 */
function joinedWrites(redis: IoredisConnection): () => void {
  let isJoining = false;
  return () => {
    const { stream } = redis;
    if (isJoining || stream === undefined) return;
    isJoining = true;
    stream.cork();
    nodeGlobals.process?.nextTick(() => {
      isJoining = false;
      stream.uncork();
    });
  };
}

/** Returns whether ioredis resends commands to a single server, as it does by default. */
function resendsByOption(options: { readonly autoResendUnfulfilledCommands?: boolean }): boolean {
  return options.autoResendUnfulfilledCommands !== false;
}

async function transact(redis: IoredisConnection, commands: readonly WireCommand[]) {
  const chain = redis.multi();
  for (const [name, ...args] of commands) chain.call(name, ...args);
  try {
    const replies = await chain.exec();
    return (replies ?? []).map(([error, reply]) => error ?? reply);
  } catch (cause) {
    // The error EXECABORT states no reason, but the error of the first refused command does.
    const [first] = (cause as { previousErrors?: readonly unknown[] }).previousErrors ?? [];
    throw first ?? cause;
  }
}
