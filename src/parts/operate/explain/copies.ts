// Lists each tier's copy for a request, including tiers that a live request would not read.
import { type TierName, tierScopes } from "../../../config/tier-names.ts";
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
import { asRead } from "../../../pages/stored/tags.ts";
import {
  type StoredMetadata,
  type ResponseTier,
  wholeBytes,
} from "../../../pages/stored/stored-response.ts";
import type { Route } from "../../../config/config.ts";
import { lifetimeSource } from "./grounds.ts";

/** A stored response, as shown to operators. Seconds are rounded to thousandths. */
export type Copy = Readonly<ReturnType<typeof copyAccount>>;

export interface TierAccount {
  readonly tier: TierName;
  /**
   * Whether a live request would read this tier. `passed-over`: the request would skip this tier,
   * because each session gets an answer of its own.
   */
  readonly isAsked: boolean | "passed-over";
  /** Why a live request would not read this tier. */
  readonly because?: string;
  readonly has:
    | "response"
    | "nothing"
    | "unavailable"
    | "invalidated variant"
    | "untagged response";
  /** Why the tier is unavailable. */
  readonly cause?: string;
  readonly copy?: Copy;
}

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
  const isAsked = isAskedOf(name, lookup);
  const because = isAsked === true ? undefined : whyNotAsked(name, lookup, found);
  const accountOf = (has: TierAccount["has"]) => ({
    tier: name,
    isAsked,
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

function isAskedOf(name: TierName, { exchange: { decision } }: PageLookup): TierAccount["isAsked"] {
  if (tierScopes[name] === "isolate") return decision.foundInMemory + decision.absentInMemory > 0;
  const lookups = decision.lookups.filter(({ tier }) => tier === name);
  if (lookups.some(({ kind }) => kind === "passed-over")) return "passed-over";
  return lookups.length > 0;
}

/** Returns why a live request would not read a tier. */
function whyNotAsked(name: TierName, lookup: PageLookup, found: FoundResponse | undefined): string {
  if (tierScopes[name] === "isolate") return "another request has just fetched the response";
  if (isAskedOf(name, lookup) === "passed-over") {
    return "a request with an unknown cookie or a credential has just got an answer that no other client may have";
  }
  if (found !== undefined && lookup.accepts(found)) return "the response above answers";
  const { request } = lookup;
  if (found && isAlwaysValidated(termsOf(found.candidate.stored.metadata, request.route))) {
    return "each use of the response above is validated, so this tier can have nothing better";
  }
  return lookup.isUncacheable()
    ? "the last answer was not storable for any client, so requests read only memory for some seconds"
    : "the origin fails, and the stale response above may answer instead";
}

/** @param present the tags by which purges cover the copy for this request */
function copyAccount(metadata: StoredMetadata, present: readonly string[], lookup: PageLookup) {
  const { request, atMs } = lookup;
  const added = present.filter((tag) => !metadata.tags.includes(tag));
  const terms = termsOf(metadata, request.route);
  const age = ageSeconds(metadata, terms, atMs);
  const { status, tags, colo, stamp, respondedAtMs } = metadata;
  const browsersSeconds = secondsInBrowsers(metadata, age, lookup);
  return {
    status,
    ageSeconds: rounded(age),
    /** Above 2, another cache had stored the response, the origin was slow, or a clock is wrong. */
    ageOnArrivalSeconds: rounded(terms.initialAgeSeconds),
    lifetimeSeconds: rounded(terms.lifetimeSeconds),
    lifetimeFrom: lifetimeSource(metadata, request.route),
    /** Negative if expired. A soft purge also ends the lifetime, but shows only in the verdict. */
    secondsLeft: rounded(terms.lifetimeSeconds - age),
    /** How long browsers may show the answer; absent if not longer than N. */
    ...(browsersSeconds > request.route.purgeMaxLagMs / 1_000 && { browsersSeconds }),
    /** When the origin's last response arrived, which may be a 304. */
    storedAt: new Date(respondedAtMs).toISOString(),
    tags,
    /** The tags that its route has given it since. */
    ...(added.length > 0 && { addedTags: added }),
    /** Colo that requested the body; empty if unknown. */
    colo,
    /** `null` if unknown. */
    bodyBytes: wholeBytes(metadata),
    /** The last journal position that the requesting isolate knew; `none` if it knew none. */
    stamp: stamp === "none" ? stamp : stamp.position,
    /** Findings about this response. */
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

export const rounded = (seconds: number): number => Math.round(seconds * 1_000) / 1_000;
