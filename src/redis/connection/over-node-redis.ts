// A connection of node-redis, to one server or to a cluster.
import type { Command, Connection } from "./connection.ts";
import { keysOf } from "./slots.ts";

interface Connected {
  readonly isReady: boolean;
  on(event: "error", listener: (cause: Error) => void): unknown;
}

/** What is used of what `createClient` makes. */
export interface NodeRedisClient extends Connected {
  sendCommand(args: readonly string[]): Promise<unknown>;
  multi(): { addCommand(args: string[]): unknown; exec(): Promise<unknown> };
}

/** What is used of what `createCluster` makes. */
export interface NodeRedisCluster extends Connected {
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

export function overNodeRedis(redis: NodeRedisClient | NodeRedisCluster): Connection {
  const shared = {
    // What was on its way is rejected; what was not yet written is sent once, later.
    mayResend: false,
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

/** Where one of them was refused, it rejects with an error that has all replies. */
async function repliesOf(chain: { exec(): Promise<unknown> }): Promise<readonly unknown[]> {
  try {
    return (await chain.exec()) as readonly unknown[];
  } catch (cause) {
    const { replies } = cause as { replies?: readonly unknown[] };
    if (replies !== undefined) return replies;
    throw cause;
  }
}
