// Findings on application data: writes whose purge the journal has not accepted, and failing loads.
import { isWithinMs } from "../../base/elapsed.ts";
import { isoOf } from "../../base/iso-date.ts";
import type { Finding } from "../../protocol/finding.ts";
import type { SiteState } from "./site-state.ts";

/** Shorter failures may be chance. */
const failingMsMin = 60_000;
/** Older failures may be over. */
const recentMs = 5 * 60_000;

export function dataUnpurged({ data }: SiteState): Finding[] {
  if (data === undefined || data.unpurged.keys === 0) return [];
  const { keys, trouble } = data.unpurged;
  return [
    {
      code: "data-unpurged",
      level: "critical",
      what: `Keys of data that this isolate wrote, and whose purges the journal has not taken: ${keys}. Other isolates may answer with older values.`,
      since: trouble === undefined ? null : isoOf(trouble.sinceAtMs),
      cause: "The database did not take the purges.",
      remedy:
        "They are tried again by themselves. Read the findings on Redis. If this isolate ends first, the older values stay until they expire: purge the namespaces that you write.",
    },
  ];
}

export function dataLoadsFail({ data, atMs }: SiteState): Finding[] {
  return [...(data?.loads ?? [])]
    .filter(([, { sinceAtMs, lastAtMs }]) => {
      return lastAtMs - sinceAtMs >= failingMsMin && isWithinMs(recentMs, lastAtMs, atMs);
    })
    .map(([namespace, { kind, sinceAtMs }]) => ({
      code: "data-loads-fail",
      level: "warning",
      about: `namespace ${JSON.stringify(namespace)}`,
      what: "Loads of data fail. What is stale answers as far as its namespace allows it; other calls get the error.",
      since: isoOf(sinceAtMs),
      cause: `The last load ended with ${kind}.`,
      remedy: "Look at the source that the loads of this namespace read.",
    }));
}
