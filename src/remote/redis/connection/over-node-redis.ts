// A connection of node-redis to a server or a cluster.
import type { BlockingConnection, WireCommand, Connection } from "./connection.ts";
import { keysOf } from "./slots.ts";

interface ClientState {
  readonly isOpen: boolean;
  readonly isReady: boolean;
  on(event: "error" | "end" | "disconnect", listener: (cause: Error) => void): unknown;
  connect(): Promise<unknown>;
  destroy(): void;
}

/** The parts of `createClient`'s result that are used here. */
export interface NodeRedisClient extends ClientState {
  readonly options: { readonly socket?: object } | undefined;
  duplicate(changes: object): NodeRedisClient;
  unref(): void;
  sendCommand(args: readonly string[]): Promise<unknown>;
  multi(): { addCommand(args: string[]): unknown; exec(): Promise<unknown> };
}

/** The parts of `createCluster`'s result that are used here. */
export interface NodeRedisCluster extends ClientState {
  readonly slots: unknown;
  duplicate(changes?: object): NodeRedisCluster;
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

export function isOfNodeRedis(given: object): given is NodeRedisClient | NodeRedisCluster {
  return "sendCommand" in given && "isReady" in given && "multi" in given;
}

/** Returns whether the value is a pool, or a client of Redis Sentinel. */
export function isPoolOfNodeRedis(given: object): boolean {
  return "sendCommand" in given && ("totalClients" in given || "getSentinelNode" in given);
}

/**
 * Wraps a client or a cluster. After a lost connection, commands in flight are rejected. Unsent commands are sent later, once.
 */
export function overNodeRedis(redis: NodeRedisClient | NodeRedisCluster): Connection {
  const shared = {
    isOpen: () => redis.isOpen,
    isReady: () => redis.isReady,
    onError: (listener: (cause: unknown) => void) => void redis.on("error", listener),
    reconnect() {
      if (redis.isOpen) redis.destroy();
      // Its errors reach the listener.
      redis.connect().catch(() => undefined);
    },
    onEnd: (listener: () => void) =>
      void redis.on("slots" in redis ? "disconnect" : "end", listener),
  };
  if ("slots" in redis) {
    return {
      ...shared,
      isCluster: true,
      duplicate() {
        const copy = redis.duplicate({ commandOptions: { timeout: undefined } });
        return blocking(copy, (command) =>
          copy.sendCommand(keysOf(command)[0], false, [...command]),
        );
      },
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
    duplicate() {
      const socket = {
        ...redis.options?.socket,
        reconnectStrategy: false,
        socketTimeout: undefined,
      };
      const copy = redis.duplicate({ socket, commandOptions: { timeout: undefined } });
      copy.unref();
      return blocking(copy, (command) => copy.sendCommand(command));
    },
    send: (command) => redis.sendCommand(command),
    transact(commands: readonly WireCommand[]) {
      const chain = redis.multi();
      for (const command of commands) chain.addCommand([...command]);
      return repliesOf(chain);
    },
  };
}

function blocking(copy: ClientState, send: BlockingConnection["send"]): BlockingConnection {
  // Without a listener, an error ends the process.
  copy.on("error", () => undefined);
  const close = () => {
    // `destroy` throws if the client is already closed.
    if (copy.isOpen) copy.destroy();
  };
  return { open: () => copy.connect(), send, close };
}

/** Returns the replies. If a command was refused, `exec` throws an error that contains them. */
async function repliesOf(chain: { exec(): Promise<unknown> }): Promise<readonly unknown[]> {
  try {
    return (await chain.exec()) as readonly unknown[];
  } catch (cause) {
    const { replies } = cause as { replies?: readonly unknown[] };
    if (replies !== undefined) return replies;
    throw cause;
  }
}
