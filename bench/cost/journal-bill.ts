// What reading the purge journal costs, which goes by the clock and not by requests.
import { upstash } from "./prices.ts";

export interface Lag {
  readonly maxLagSeconds: number;
  readonly clockAllowanceSeconds: number;
}

/**
 * How often one colo reads the journal at most, beside what purges take: once in 0.35 of N − A.
 *
 * @param seconds with traffic
 */
export function journalReadsMax(seconds: number, lag: Lag): number {
  return (2.9 * seconds) / (lag.maxLagSeconds - lag.clockAllowanceSeconds);
}

/** Of one colo that is asked so often the whole hour. A second without a request costs nothing. */
export function journalBillByTraffic(
  lag: Lag,
  requestsPerSecond: number,
): { commandsAnHour: number; dollarsAMillionRequests: number } {
  // Who is asked less often than that reads no more often than it is asked.
  const commandsAnHour = Math.min(journalReadsMax(3_600, lag), requestsPerSecond * 3_600);
  const commandsARequest = commandsAnHour / (requestsPerSecond * 3_600);
  return {
    commandsAnHour,
    dollarsAMillionRequests: commandsARequest * upstash.commands.dollarsAMillion,
  };
}
