// Published prices of November 2026, in dollars.

/** Upstash: $0.20 per 100,000 commands. */
export const commandDollars = 0.2 / 100_000;
/** Upstash: $0.03 per GB. */
export const byteDollars = 0.03 / 1e9;
/** Workers: $0.02 per million milliseconds of CPU time. */
export const cpuMsDollars = 0.02 / 1e6;

/** What a million of them cost. */
export const perMillion = (dollars: number, digits = 2): string =>
  `$${(dollars * 1e6).toFixed(digits)}`;
