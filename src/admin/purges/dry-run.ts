// Lists what a purge would cover, as far as one isolate can see: its own memory, and a part of the shared tier.
import type { DataBesidePages } from "../../data-beside-pages.ts";
import type { Coverage } from "../../cache/record/record.ts";
import { type ListingLimit, type ListingBounds, listingMsMax } from "../../cache/tiers/tier.ts";
import type { PurgeTargets } from "../../purge/journal/purge-target.ts";
import type { Tiers } from "../../proxy/stored/tiers.ts";
import { coveredBy } from "../../purge/view/target-index.ts";
import type { DryRunIds } from "./dry-run-ids.ts";

/** Limits of a dry run on the shared tier. docs/purging.md derives its cost from them. */
const boundsOf = {
  admin: { recordsMax: 1_000, commandsMax: 1_200 },
  // One more command claims the id.
  webhook: { recordsMax: 100, commandsMax: 119 },
} as const;
const urlsMax = 20;

/** The sender of a dry run, and its id. */
export interface DryRunSender {
  readonly by: keyof typeof boundsOf;
  readonly id: string;
}

/** The places where a dry run looks. */
export interface DryRunPlaces {
  readonly tiers: Pick<Tiers, "memory" | "ofWorld">;
  /** `undefined` if the Worker has no data cache. */
  readonly data: Pick<DataBesidePages, "stored"> | undefined;
  readonly dryRuns: DryRunIds;
}

/**
 * Looks for records that a purge of these targets would cover.
 *
 * @param sender the holder of a purge secret gets only counts, because URLs may contain secrets. Each of its
 *   ids works once
 * @returns examined and covered records, of this isolate's memory, of data in memory, and of the shared tier;
 *   for an operator, also some distinct URLs
 */
export async function dryRun(
  targets: PurgeTargets,
  { tiers: { memory, ofWorld }, data, dryRuns }: DryRunPlaces,
  { by, id }: DryRunSender,
) {
  const claim = by === "webhook" ? await dryRuns.claim(id) : "new";
  if (claim === "repeated") return claim;
  const bounds = boundsOf[by];
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
  const listed =
    ofWorld?.listed === undefined
      ? "not configured"
      : claim === "unknown"
        ? "unavailable"
        : await ofWorld.listed(bounds);
  const foundInShared =
    typeof listed === "string"
      ? listed
      : {
          ...found(listed.metadata),
          isWhole: listed.leftOut === undefined,
          ...(listed.leftOut && { whyNotWhole: whyLeftOut(listed.leftOut, bounds) }),
        };
  const limits =
    `What this isolate holds in memory, and up to ${bounds.recordsMax} records of the shared tier. ` +
    "Other isolates and the edge tiers of colos cannot be listed; the purge would reach them." +
    (data ? " Of data, this isolate's memory alone was looked at." : "");
  return {
    isolate,
    ...(ofData && { data: ofData }),
    shared: foundInShared,
    ...(by === "admin" && { urls: [...urls].slice(0, urlsMax) }),
    limits: by === "admin" ? limits : `${limits} URLs are listed for the admin token alone.`,
  };
}

function whyLeftOut(leftOut: ListingLimit, { recordsMax, commandsMax }: ListingBounds): string {
  const why = {
    records: `The shared tier holds more than ${recordsMax} records.`,
    keys: "The database holds so many other keys that not all were looked at.",
    time: `To look at all took longer than ${listingMsMax / 1_000} s.`,
    metadata: "The metadata of a record is too long to be looked at.",
    commands: `To look at all takes more than ${commandsMax} Redis commands.`,
  } satisfies Record<ListingLimit, string>;
  return why[leftOut];
}
