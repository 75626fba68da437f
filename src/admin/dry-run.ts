// What a purge would cover, as far as one isolate can tell: its own memory, and a part of the shared
// tier. Nothing is purged, and nobody else is asked.
import type { TieredCache } from "../create-cache.ts";
import type { DataBesidePages } from "../data-beside-pages.ts";
import type { Coverage } from "../cache/record/record.ts";
import { type LeftOut, listingMsMax } from "../cache/tiers/record-listing.ts";
import type { PurgeTargets } from "../purge/journal/purge-target.ts";
import type { ResponseDetail } from "../proxy/stored/stored-response.ts";
import { coveredBy } from "../purge/view/target-index.ts";

/** Each costs a Redis command. */
const sharedRecordsMax = 1_000;
const urlsMax = 20;

/** Where a dry run looks. */
export interface DryRunPlaces {
  readonly tiers: Pick<TieredCache<ResponseDetail>["tiers"], "memory" | "shared">;
  /** `undefined` where the Worker was handed none. */
  readonly data: Pick<DataBesidePages, "stored"> | undefined;
}

/**
 * Looks at what an isolate can list for what a purge of these targets would cover.
 *
 * @returns what was found in this isolate's memory and in the shared tier: how many records were
 *   looked at, and how many of them are covered; the same of data in memory; some of the URLs that are covered, without repeats
 */
export async function dryRun(
  targets: PurgeTargets,
  { tiers: { memory, shared }, data }: DryRunPlaces,
) {
  const urls = new Set<string>();
  const isCovered = coveredBy(targets);
  const found = (all: Iterable<Coverage>) => {
    const examined = [...all];
    const covered = examined.filter(isCovered);
    for (const { url } of covered) urls.add(url);
    return { examined: examined.length, covered: covered.length };
  };
  const isolate = found(memory.stored());
  const ofData = data && found(data.stored());
  const listed = (await shared?.listed(sharedRecordsMax)) ?? "not configured";
  const foundInShared =
    typeof listed === "string"
      ? listed
      : {
          ...found(listed.metadata),
          isWhole: listed.leftOut === undefined,
          ...(listed.leftOut && { whyNotWhole: whyLeftOut[listed.leftOut] }),
        };
  const limits =
    `What this isolate holds in memory, and up to ${sharedRecordsMax} records of the shared tier. ` +
    "Other isolates and the edge tiers of colos cannot be listed; the purge would reach them." +
    (data ? " Of data, this isolate's memory alone was looked at." : "");
  return {
    isolate,
    ...(ofData && { data: ofData }),
    shared: foundInShared,
    urls: [...urls].slice(0, urlsMax),
    limits,
  };
}

const whyLeftOut: Readonly<Record<LeftOut, string>> = {
  records: `The shared tier holds more than ${sharedRecordsMax} records.`,
  keys: "The database holds so many other keys that not all were looked at.",
  time: `To look at all took longer than ${listingMsMax / 1_000} s.`,
  metadata: "The metadata of a record is too long to be looked at.",
};
