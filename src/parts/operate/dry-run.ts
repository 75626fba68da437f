// Counts the records that a purge would cover: in this isolate's memory, in its data, and in a part of
// the shared tier.
import type { DataBesidePages } from "../../compose/data-beside-pages.ts";
import type { Coverage } from "../../cache/record/record.ts";
import { type ListingLimit, type ListingBounds, listingMsMax } from "../../cache/tiers/tier.ts";
import type { PurgeTargets } from "../../purge/journal/purge-target.ts";
import type { Site } from "../../pages/site/site.ts";
import type { StoredMetadata, Tiers } from "../../pages/stored/stored-response.ts";
import { asRead } from "../../pages/stored/tags.ts";
import { coveredBy } from "../../purge/view/target-index.ts";
import type { DryRunSender } from "../../admin/part-contents.ts";
import { readTarget } from "../../routing/target.ts";
import type { DryRunIds } from "./dry-run-ids.ts";

/** Limits of a dry run on the shared tier. docs/purge-api.md states the numbers of commands. */
const boundsOf = {
  admin: { recordsMax: 1_000, commandsMax: 1_200 },
  // The claim of the id is one more command.
  "signed-request": { recordsMax: 100, commandsMax: 119 },
} as const;
const urlsMax = 20;

/** The places where a dry run looks. */
export interface DryRunPlaces {
  readonly tiers: Pick<Tiers, "memory" | "ofWorld">;
  readonly site: Pick<Site, "config" | "matchRoute" | "siteHosts">;
  /** `undefined` if the Worker has no data cache. */
  readonly data: Pick<DataBesidePages, "stored"> | undefined;
  readonly dryRuns: DryRunIds;
}

/**
 * Finds records that a purge of these targets would cover.
 *
 * @param sender a holder of a purge secret (`signed-request`) gets only counts, because URLs may contain
 *   secrets, and can use each id once
 * @returns the numbers of examined and covered records in this isolate's memory, in its data and in
 *   the shared tier; for an operator, also up to 20 distinct URLs
 */
export async function dryRun(
  targets: PurgeTargets,
  { tiers: { memory, ofWorld }, site, data, dryRuns }: DryRunPlaces,
  { by, id }: DryRunSender,
) {
  const claim = by === "signed-request" ? await dryRuns.claim(id) : "new";
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
  const pages = (all: Iterable<StoredMetadata>) =>
    found(Array.from(all, (metadata) => taggedNow(metadata, site)));
  const isolate = pages(memory.stored());
  const ofData = data && found(data.stored());
  const listed = await listedIn(ofWorld, claim, bounds);
  const foundInShared =
    typeof listed === "string"
      ? listed
      : {
          ...pages(listed.metadata),
          isWhole: listed.leftOut === undefined,
          ...(listed.leftOut && { whyNotWhole: whyLeftOut(listed.leftOut, bounds) }),
        };
  const limits =
    (typeof listed === "string"
      ? "The counts include only this isolate's memory. "
      : `The counts include this isolate's memory, and up to ${bounds.recordsMax} records of the shared tier. `) +
    "Other isolates and the edge tiers of colos cannot be listed; the purge would also reach them." +
    (data ? " For data, the counts include only this isolate's memory." : "");
  return {
    isolate,
    ...(ofData && { data: ofData }),
    shared: foundInShared,
    ...(by === "admin" && { urls: [...urls].slice(0, urlsMax) }),
    limits: by === "admin" ? limits : `${limits} The list of URLs needs the admin token.`,
  };
}

/** Returns a page with the present tags of its route, as its next reader judges it (rule 5). */
function taggedNow(
  metadata: StoredMetadata,
  { config, matchRoute, siteHosts }: DryRunPlaces["site"],
): Coverage {
  const own = config.routes.filter(({ name }) => name === metadata.route);
  const match = matchRoute(readTarget(metadata.url, siteHosts), "GET", own);
  const isOwn = match.route.name === metadata.route;
  return (isOwn && asRead(metadata, match)) || metadata;
}

/** Only Redis can list its records. */
async function listedIn(
  tier: DryRunPlaces["tiers"]["ofWorld"],
  claim: "new" | "unknown",
  bounds: ListingBounds,
) {
  if (tier === undefined) return "not configured";
  if (tier.listed === undefined) return "not listable";
  return claim === "unknown" ? "unavailable" : tier.listed(bounds);
}

function whyLeftOut(leftOut: ListingLimit, { recordsMax, commandsMax }: ListingBounds): string {
  const why = {
    records: `The examination stopped at its limit of ${recordsMax} records.`,
    keys: "The database holds so many other keys that not all were examined.",
    time: `The examination took longer than ${listingMsMax / 1_000} s.`,
    metadata: "The metadata of a record is too long to examine.",
    commands: `The examination needs more than ${commandsMax} Redis commands.`,
  } satisfies Record<ListingLimit, string>;
  return why[leftOut];
}
