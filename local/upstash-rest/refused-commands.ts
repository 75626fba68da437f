// Commands that do not work over stateless HTTP requests, with the reasons. They never reach Redis, where they could
// block, or change the shared connection.
import type { RedisCommand } from "./redis-connection.ts";

const reasonByGroup = {
  "it waits for data, and would block every other request":
    "BLPOP BRPOP BRPOPLPUSH BLMOVE BLMPOP BZPOPMIN BZPOPMAX BZMPOP WAIT WAITAOF",
  "it needs its own connection":
    "SUBSCRIBE PSUBSCRIBE SSUBSCRIBE UNSUBSCRIBE PUNSUBSCRIBE SUNSUBSCRIBE MONITOR SYNC PSYNC",
  "clients send a whole transaction to /multi-exec": "MULTI EXEC DISCARD WATCH UNWATCH",
  "it sets the state of a connection, and requests share one":
    "AUTH HELLO SELECT QUIT RESET CLIENT ASKING READONLY READWRITE",
  "it administers the server":
    "SHUTDOWN REPLICAOF SLAVEOF FAILOVER CLUSTER CONFIG DEBUG MODULE MIGRATE SWAPDB SAVE BGSAVE " +
    "BGREWRITEAOF",
};

const reasonByName = new Map(
  Object.entries(reasonByGroup).flatMap(([reason, names]) =>
    names.split(" ").map((name) => [name, reason] as const),
  ),
);

/** Returns the error to send; `undefined` if the command is allowed. */
export function refusalOf(command: RedisCommand): string | undefined {
  const [name, ...args] = command;
  const reason = reasonByName.get(name) ?? (mayBlock(name, args) ? blockReason : undefined);
  return reason && `ERR ${name} is not available over the REST interface: ${reason}.`;
}

const blockReason = "its BLOCK option waits for data, and would block every other request";

function mayBlock(name: string, args: readonly (string | Buffer)[]): boolean {
  if (name !== "XREAD" && name !== "XREADGROUP") return false;
  const words = args.map((argument) => argument.toString().toUpperCase());
  return words.slice(0, words.indexOf("STREAMS")).includes("BLOCK");
}
