// Lists each tier's copy for a request, including tiers that a live request would not read.
import { type TierName, tierScopes } from "../../../config/tier-names.ts";
import type { Copy, TierAccount } from "../../../protocol/explain-answer.ts";
import type { VaryMarker } from "../../../cache/tiers/tier.ts";
import { discardBody } from "../../../cache/record/record.ts";
import { fieldsOf } from "../../../rules/fields.ts";
import { browserUseSeconds } from "../../../rules/browser-lifetime.ts";
import { sharesNonce } from "../../../rules/nonces.ts";
import { fieldsFromStored } from "../../../pages/respond/downstream.ts";
import { isOfLyingUrl } from "../../../pages/stored/content-tag.ts";
import { variantKey } from "../../../routing/key.ts";
import { type FoundResponse, readTier, type PageLookup } from "../../../pages/reuse/page-lookup.ts";
import { ageSeconds, isAlwaysValidated, termsOf } from "../../../pages/stored/lifetime.ts";
import { asRead, valueNamesIn } from "../../../pages/stored/tags.ts";
import {
  type StoredMetadata,
  type ResponseTier,
  wholeBytes,
} from "../../../pages/stored/stored-response.ts";
import type { Route } from "../../../config/config.ts";
import type { SkipReason } from "./codes.ts";
import { lifetimeSource, rounded } from "./reasons.ts";

/** A tier's account, with the metadata and the marker that it describes. */
export interface FoundCopy {
  readonly account: TierAccount;
  readonly metadata?: StoredMetadata;
  readonly marker?: VaryMarker;
}

/**
 * Returns an account of each of the route's tiers in this deployment, in lookup order.
 *
 * @param found the result of the lookup
 */
export async function copiesFor(
  lookup: PageLookup,
  found: FoundResponse | undefined,
): Promise<FoundCopy[]> {
  return Promise.all(lookup.used.all.map((tier) => copyIn(tier, lookup, found)));
}

async function copyIn(
  tier: ResponseTier,
  lookup: PageLookup,
  found: FoundResponse | undefined,
): Promise<FoundCopy> {
  const { request, atMs } = lookup;
  const { name } = tier;
  const { afterAnswer } = lookup.exchange;
  const ask = { atMs, part: "metadata", isPeek: true, afterAnswer } as const;
  let read = await readTier(tier, lookup.key, ask);
  let { marker } = lookup;
  if (read.kind === "found" && read.record.kind === "vary") {
    marker = read.record;
    const own = variantKey(request.key, marker.names, request.forwarded);
    read = await readTier(tier, own, ask);
  }
  const because = whyNotAsked(name, lookup, found);
  const accountOf = (has: TierAccount["has"]) => ({
    tier: name,
    ...(because !== undefined && { because }),
    has,
  });
  const ofMarker = marker && { marker };
  if (read.kind === "unavailable") {
    return { account: { ...accountOf("unavailable"), cause: read.cause }, ...ofMarker };
  }
  if (read.kind === "absent" || read.record.kind === "vary") {
    return { account: accountOf("nothing"), ...ofMarker };
  }
  const { metadata: stored } = read.record.stored;
  discardBody(read.record.stored);
  const isGone = stored.requestedAtMs < (marker?.sinceAtMs ?? -Infinity);
  const as = asRead(stored, request);
  const ofUse = as === undefined ? "untagged response" : "response";
  const account = {
    ...accountOf(isGone ? "invalidated variant" : ofUse),
    copy: copyAccount(stored, as?.tags ?? stored.tags, lookup),
  };
  return { account, metadata: as ?? stored, ...ofMarker };
}

/** Returns why a live request would not read a tier; `undefined` if it would. */
function whyNotAsked(
  name: TierName,
  lookup: PageLookup,
  found: FoundResponse | undefined,
): SkipReason | undefined {
  const { request, exchange } = lookup;
  const { foundInMemory, absentInMemory, lookups } = exchange.decision;
  if (tierScopes[name] === "isolate") {
    return foundInMemory + absentInMemory > 0 ? undefined : "just-fetched";
  }
  const own = lookups.filter(({ tier }) => tier === name);
  if (own.some(({ kind }) => kind === "passed-over")) return "passed-over";
  if (own.length > 0) return undefined;
  if (found !== undefined && lookup.accepts(found)) return "answered";
  if (found && isAlwaysValidated(termsOf(found.candidate.stored.metadata, request.route))) {
    return "always-validated";
  }
  return lookup.isUncacheable() ? "uncacheable" : "stale-if-error";
}

/** @param present the tags by which purges cover the copy for this request */
function copyAccount(
  metadata: StoredMetadata,
  present: readonly string[],
  lookup: PageLookup,
): Copy {
  const { request, atMs } = lookup;
  const added = present.filter((tag) => !metadata.tags.includes(tag));
  const ofValues = valueNamesIn(metadata);
  const terms = termsOf(metadata, request.route);
  const age = ageSeconds(metadata, terms, atMs);
  const { status, tags, colo, stamp, respondedAtMs } = metadata;
  const browsersSeconds = secondsInBrowsers(metadata, age, lookup);
  return {
    status,
    ageSeconds: rounded(age),
    ageOnArrivalSeconds: rounded(terms.initialAgeSeconds),
    lifetimeSeconds: rounded(terms.lifetimeSeconds),
    lifetimeFrom: lifetimeSource(metadata, request.route),
    secondsLeft: rounded(terms.lifetimeSeconds - age),
    ...(browsersSeconds > request.route.purgeMaxLagMs / 1_000 && { browsersSeconds }),
    storedAt: new Date(respondedAtMs).toISOString(),
    tags,
    ...(added.length > 0 && { addedTags: added }),
    ...(ofValues.length > 0 && { valueTags: ofValues }),
    colo,
    bodyBytes: wholeBytes(metadata),
    stamp: stamp === "none" ? stamp : stamp.position,
    findings: findingsOn(metadata, request.route),
  };
}

const yearSeconds = 365 * 86_400;

/** Returns how long browsers may show the answer to the next client, in whole seconds, at most a year. */
function secondsInBrowsers(
  metadata: StoredMetadata,
  age: number,
  { request: { route }, exchange }: PageLookup,
): number {
  const { site, decision: handling } = exchange;
  const ask = { route, config: site.config, ageSeconds: age, handling };
  const fields = fieldsFromStored(metadata, ask);
  const { status, respondedAtMs: receivedAtMs } = metadata;
  const seconds = browserUseSeconds({ status, fields, receivedAtMs });
  return Math.min(yearSeconds, Math.floor(seconds - Math.floor(age)));
}

function findingsOn(
  metadata: StoredMetadata,
  { traits }: Route,
): readonly ("validator-lies" | "nonce-shared")[] {
  const isShared = !traits.replacesNonces && sharesNonce(fieldsOf(metadata));
  return [
    ...(isOfLyingUrl(metadata) ? (["validator-lies"] as const) : []),
    ...(isShared ? (["nonce-shared"] as const) : []),
  ];
}
