// Computes the number of commands that a site sends by the clock, for docs/costs.md and for bills: those
// of reports, at most, and those of checks of the free space.
import { upstash } from "./prices.ts";

/** The minutes of thirty days. */
const minutesAMonth = 43_200;

/**
 * The interval of the cron trigger. Each run sends a report, a read of three commands, and a fold.
 */
const cronEveryMinutes = 5;
const ofCronRun = 5;
/** SET, GET and XRANGE to read the totals and a page of reports, and INFO. */
const ofScrape = 4;
/** The number of requests per minute from which an isolate reports every minute. */
const busyRequests = 1_000;
const quietEveryMinutes = 5;

/**
 * An upper bound of the folds per report. Reports come in pages of 128 entries, each read and
 * folded with four commands. An isolate folds after finding more than 256 reports, which costs at
 * most one command per sixteen reports. Concurrent folds cost more.
 */
const foldsOfReport = 1 / 16;

interface ReportTraffic {
  readonly isolates: number;
  /** 1 for busy isolates, else 5. */
  readonly reportEveryMinutes: number;
  readonly scrapesAMinute: number;
}

export function reportCommands(of: ReportTraffic, minutes = minutesAMonth): number {
  const { isolates, reportEveryMinutes, scrapesAMinute } = of;
  const reports = (isolates * minutes) / reportEveryMinutes;
  const runs = minutes / cronEveryMinutes;
  const scrapes = scrapesAMinute * minutes;
  return (reports + runs) * foldsOfReport + reports + runs * ofCronRun + scrapes * ofScrape;
}

/**
 * Returns the commands of isolates that share a site's traffic evenly, with a scrape per minute.
 */
export function reportCommandsOf(traffic: {
  readonly isolates: number;
  readonly requests: number;
  readonly minutes: number;
}): number {
  const { isolates, requests, minutes } = traffic;
  const isBusy = requests / isolates / minutes >= busyRequests;
  const reportEveryMinutes = isBusy ? 1 : quietEveryMinutes;
  return reportCommands({ isolates, reportEveryMinutes, scrapesAMinute: 1 }, minutes);
}

/**
 * The interval at which an isolate checks the free space of a database that has much of it, and the
 * commands of the cron trigger for the free space, in a minute.
 */
const [roomCheckMinutes, ofRoomRun] = [5, 2];

/** Returns the commands of `reportCommandsOf`, and those for the free space. */
export function commandsByTheClock(traffic: Parameters<typeof reportCommandsOf>[0]): number {
  const { isolates, minutes } = traffic;
  return reportCommandsOf(traffic) + minutes * (isolates / roomCheckMinutes + ofRoomRun);
}

export const dollarsOf = (commands: number): number =>
  (commands / 1e6) * upstash.commands.dollarsAMillion;
