// How many commands the reports of a site cost in a month, at most: the figures of docs/costs.md.
import { upstash } from "../prices.ts";

/** Thirty days. */
export const minutesAMonth = 43_200;

/** Every fifth minute: a report, a read of three commands, and a fold. */
const cronEveryMinutes = 5;
const ofCronRun = 5;
const ofRead = 3;

/**
 * Of pages of 128 entries, each read and folded by four commands, and of what an isolate adds up that
 * finds more than 256: at most one for sixteen reports. Isolates that add up at the same time cost more.
 */
const foldsOfReport = 1 / 16;

export interface Reporting {
  readonly isolates: number;
  /** 1 where they are busy, else 5. */
  readonly reportEveryMinutes: number;
  readonly scrapesAMinute: number;
}

export function reportCommands(of: Reporting, minutes = minutesAMonth): number {
  const { isolates, reportEveryMinutes, scrapesAMinute } = of;
  const reports = (isolates * minutes) / reportEveryMinutes;
  const runs = minutes / cronEveryMinutes;
  const scrapes = scrapesAMinute * minutes;
  return (reports + runs) * foldsOfReport + reports + runs * ofCronRun + scrapes * ofRead;
}

export const dollarsOf = (commands: number): number =>
  (commands / 1e6) * upstash.commands.dollarsAMillion;
