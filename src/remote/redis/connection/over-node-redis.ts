// A connection of node-redis to a server or a cluster.
import type { Command, Connection } from "./connection.ts";
import { keysOf } from "./slots.ts";

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

export function isOfNodeRedis(given: object): given is NodeRedisClient | NodeRedisCluster {
  return "sendCommand" in given && "isReady" in given && "multi" in given;
}

/** Returns whether the value is a pool, or a client of Redis Sentinel. */
export function isPoolOfNodeRedis(given: object): boolean {
  return "sendCommand" in given && ("totalClients" in given || "getSentinelNode" in given);
}

export function overNodeRedis(redis: NodeRedisClient | NodeRedisCluster): Connection {
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
