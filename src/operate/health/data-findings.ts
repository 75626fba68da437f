// Findings on application data: writes whose purge the journal has not accepted, failing loads, and values that cannot
// be stored.
import { isWithinMs } from "../../base/elapsed.ts";
import { isoOf } from "../../base/iso-date.ts";
import type { Finding } from "../../protocol/finding.ts";
import type { SiteState } from "./site-state.ts";

/** Shorter failures may be chance. */
const failingMsMin = 60_000;
/** Older failures may be over. */
const recentMs = 5 * 60_000;

export function dataUnpurged({ data }: SiteState): Finding | [] {
  if (data === undefined || data.unpurged.keys === 0) return [];
  const { keys, trouble } = data.unpurged;
  return {
    code: "data-unpurged",
    level: "critical",
    what: `Keys of data whose purges the journal has not accepted: ${keys}. Other isolates may answer with older values.`,
    since: trouble === undefined ? null : isoOf(trouble.sinceAtMs),
    cause: "The database did not accept the purges.",
    remedy:
      "Tidemark retries them by itself. Read the findings on Redis. If this isolate ends first, the older values stay until they expire: purge the namespaces that you write.",
  };
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
      what: "Loads of data fail. Stale values answer if the namespace allows it; other calls get the error.",
      since: isoOf(sinceAtMs),
      cause: `The last load ended with ${kind}.`,
      remedy: "Check the source that the loads of this namespace read.",
    }));
}

export function dataUnstorable({ data }: SiteState): Finding[] {
  return [...(data?.unstorable ?? [])].map(([namespace, count]) => ({
    code: "data-unstorable",
    level: "warning",
    about: `namespace ${JSON.stringify(namespace)}`,
    what: `Loads of data have returned ${count} values that are not stored. Each call for such a value loads it.`,
    since: null,
    cause:
      "The codec would change or lose a part of the value, such as an instance of a class, or the value is too " +
      "large for every tier.",
    remedy:
      "Return plain and smaller data from the load, or set a codec. A log line, and cache.stats(), state the reason.",
  }));
}
