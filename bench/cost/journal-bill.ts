// Computes the cost of reading the purge journal. The cost depends on time, not on the number of
// requests.
import { upstash } from "./prices.ts";

export interface Lag {
  readonly maxLagSeconds: number;
  readonly clockAllowanceSeconds: number;
}

/**
 * Returns the maximum number of journal reads of one colo, without those for purges. A colo reads
 * at most once per 0.35 × (N − A).
 *
 * @param seconds the number of seconds with traffic
 */
export function journalReadsMax(seconds: number, lag: Lag): number {
  return (2.9 * seconds) / (lag.maxLagSeconds - lag.clockAllowanceSeconds);
}

/**
 * Returns the bill of one colo with steady traffic for an hour. A second without a request costs
 * nothing.
 */
export function journalBillByTraffic(
  lag: Lag,
  requestsPerSecond: number,
): { commandsAnHour: number; dollarsAMillionRequests: number } {
  // A colo with fewer requests reads at most once per request.
  const commandsAnHour = Math.min(journalReadsMax(3_600, lag), requestsPerSecond * 3_600);
  const commandsARequest = commandsAnHour / (requestsPerSecond * 3_600);
  return {
    commandsAnHour,
    dollarsAMillionRequests: commandsARequest * upstash.commands.dollarsAMillion,
  };
}
