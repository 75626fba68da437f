// Reads from INFO commandstats which commands a Redis has run, also those inside scripts, which Upstash may bill.
import type { Redis } from "ioredis";

/** Commands of connections and of this module. */
const ofConnections = /^(?:auth|client|config|exec|hello|info|multi|ping|quit|script|select)\b/i;

/** Returns the numbers of calls by the command's name in lower case. @param infos the answers of several servers */
export function callsIn(infos: readonly string[]): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const [, name = "", calls] of infos.join("\n").matchAll(/cmdstat_([^:]+):calls=(\d+)/g)) {
    counts[name] = (counts[name] ?? 0) + Number(calls);
  }
  return counts;
}

/** Returns how many commands the database has run inside scripts since the last `config("RESETSTAT")`. */
export async function innerCommands(
  redis: Redis,
  sent: Readonly<Record<string, number>>,
): Promise<number> {
  return sum(callsIn([await redis.info("commandstats")])) - sum(sent);
}

function sum(calls: Readonly<Record<string, number>>): number {
  const billed = Object.entries(calls).filter(([name]) => !ofConnections.test(name));
  return billed.reduce((total, [, count]) => total + count, 0);
}
