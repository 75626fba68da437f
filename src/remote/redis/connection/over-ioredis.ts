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
  on(event: "+node", listener: (node: IoredisConnection) => void): unknown;
  /** The connections of a cluster. */
  nodes?(): readonly IoredisConnection[];
  /** Arguments may also be of Node's class Buffer. */
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
  const sendOnce = sendingOnce(redis);
  return {
    isCluster: redis.isCluster,
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
      return sendOnce(command);
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

/**
 * For each command that must not run twice, the place of an argument without which the server refuses the command: the
 * number of a script's keys, and the option of a SET.
 */
const vitalAt: Readonly<Record<string, number>> = { EVAL: 1, EVALSHA: 1, SET: 2 };

/** The server's error for a command without its vital argument. */
const refusalOfZeros = /\bERR\b.*\b(?:integer|syntax)\b/i;

/**
 * Returns a function that sends commands. After a lost connection, ioredis sends those in flight again, unless the
 * application has forbidden it, and a second run of a write could undo what others have written since the first. ioredis
 * then reads buffers anew, so this function has changed their vital arguments, and the server refuses the commands.
 */
function sendingOnce(redis: IoredisConnection): (command: WireCommand) => Promise<unknown> {
  const inFlight = new Set<Uint8Array>();
  const follow = (one: IoredisConnection) =>
    one.on("close", () => {
      for (const vital of inFlight) vital.fill(0);
      inFlight.clear();
    });
  follow(redis);
  // A cluster sends commands again over the connections to its other servers.
  for (const node of redis.nodes?.() ?? []) follow(node);
  if (redis.isCluster) redis.on("+node", follow);
  return async ([name, ...args]) => {
    const at = vitalAt[name];
    const text = at === undefined ? undefined : args[at];
    if (at === undefined || text === undefined) return redis.call(name, ...args);
    const vital = bufferOf(text);
    inFlight.add(vital);
    try {
      return await redis.call(name, ...args.with(at, vital as never));
    } catch (cause) {
      const isRefused = vital[0] === 0 && refusalOfZeros.test(String(cause));
      throw isRefused ? new Error("The connection was lost.") : cause;
    } finally {
      inFlight.delete(vital);
      // After `commandTimeout`, ioredis still keeps the command.
      vital.fill(0);
    }
  };
}

/** ioredis sends other bytes than those of Node's class as text. */
function bufferOf(text: string): Uint8Array {
  const bytes = new TextEncoder().encode(text);
  return nodeGlobals.Buffer?.from(bytes.buffer) ?? bytes;
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
