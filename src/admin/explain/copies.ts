// Lists what each tier of a route has for a request, including tiers that a live request would not read.
import type { QuietSite } from "./quiet-context.ts";
import { type TierName, tierScopes } from "../../config/tier-names.ts";
import type { VaryMarker } from "../../cache/tiers/tier.ts";
import { variantKey } from "../../proxy/request/key.ts";
import { isPersonal } from "../../proxy/request/personal.ts";
import type { FoundResponse, Search } from "../../proxy/reuse/search.ts";
import { ageSeconds, isAlwaysValidated, termsOf } from "../../proxy/stored/lifetime.ts";
import type { StoredMetadata } from "../../proxy/stored/stored-response.ts";
import type { ResponseTier } from "../../proxy/stored/tiers.ts";
import { lifetimeSource } from "./grounds.ts";
import { look } from "./quiet-tiers.ts";

/** A stored response, as shown to operators. Seconds are rounded to thousandths. */
export interface Copy {
  readonly status: number;
  readonly ageSeconds: number;
  /** Above 2 if a cache in front of the origin had stored it, or if a clock is wrong. */
  readonly ageOnArrivalSeconds: number;
  readonly lifetimeSeconds: number;
  readonly lifetimeFrom: string;
  /** Negative if expired. A soft purge also ends the lifetime, but shows only in the verdict. */
  readonly secondsLeft: number;
  /** When the origin's response arrived, possibly a 304. */
  readonly storedAt: string;
  readonly tags: readonly string[];
  /** Colo that requested the body; empty if unknown. */
  readonly colo: string;
  /** `null` if unknown. */
  readonly bodyBytes: number | null;
  /** Position of the last known journal entry when the copy was requested. */
  readonly stamp: string;
}

export interface TierAccount {
  readonly tier: TierName;
  /** Whether a live request would read it. `passed-over`: Redis hardly ever has this kind of response. */
  readonly isAsked: boolean | "passed-over";
  /** Why a live request would not read it. */
  readonly because?: string;
  readonly has: "response" | "nothing" | "unavailable" | "invalidated variant";
  /** Why it is unavailable. */
  readonly cause?: string;
  readonly copy?: Copy;
}

/** The account of one tier, and the metadata behind it. */
export interface FoundCopy {
  readonly account: TierAccount;
  readonly metadata?: StoredMetadata;
  readonly marker?: VaryMarker;
}

/**
 * Returns an account of each tier of the route that this deployment has, in order.
 *
 * @param found the result of the search
 */
export async function copiesFor(
  search: Search<QuietSite>,
  found: FoundResponse | undefined,
): Promise<FoundCopy[]> {
  return Promise.all(search.used.all.map((tier) => copyIn(tier, search, found)));
}

async function copyIn(
  tier: ResponseTier,
  search: Search<QuietSite>,
  found: FoundResponse | undefined,
): Promise<FoundCopy> {
  const { asked, atMs } = search;
  const { name } = tier;
  let read = await look(tier, search.key, atMs);
  let { marker } = search;
  if (read.kind === "found" && read.record.kind === "vary") {
    marker = read.record;
    const own = variantKey(asked.key, marker.names, asked.forwarded);
    read = await look(tier, own, atMs);
  }
  const isAsked = isAskedOf(name, search);
  const because = isAsked === true ? undefined : whyNotAsked(name, search, found);
  const accountOf = (has: TierAccount["has"]) => ({
    tier: name,
    isAsked,
    ...(because !== undefined && { because }),
    has,
  });
  const led = marker && { marker };
  if (read.kind === "unavailable") {
    return { account: { ...accountOf("unavailable"), cause: read.cause }, ...led };
  }
  if (read.kind === "absent" || read.record.kind === "vary") {
    return { account: accountOf("nothing"), ...led };
  }
  const { metadata } = read.record.stored;
  const isGone = metadata.requestedAtMs < (marker?.sinceAtMs ?? -Infinity);
  const account = {
    ...accountOf(isGone ? "invalidated variant" : "response"),
    copy: copyAccount(metadata, search),
  };
  return { account, metadata, ...led };
}

function isAskedOf(
  name: TierName,
  { exchange: { decision } }: Search<QuietSite>,
): TierAccount["isAsked"] {
  if (tierScopes[name] === "isolate") return decision.foundInMemory + decision.absentInMemory > 0;
  const looks = decision.looks.filter(({ tier }) => tier === name);
  if (looks.some(({ kind }) => kind === "passed-over")) return "passed-over";
  return looks.length > 0;
}

/** Follows the rules of `find`, `Search` and `passesOver`. */
function whyNotAsked(
  name: TierName,
  search: Search<QuietSite>,
  found: FoundResponse | undefined,
): string {
  if (tierScopes[name] === "isolate") return "another request has just brought the response";
  if (isAskedOf(name, search) === "passed-over") return whyPassedOver(search);
  if (found !== undefined && search.accepts(found)) return "the response above answers";
  const { asked } = search;
  if (found && isAlwaysValidated(termsOf(found.candidate.stored.metadata, asked.route))) {
    return "the response above is validated at each use, so this tier can have nothing better";
  }
  return search.isHopeless()
    ? "the last answer may be stored for nobody; for some seconds after it, requests ask only memory"
    : "the origin is in trouble, and the stale response above may answer in its place";
}

function whyPassedOver({ asked, key, exchange, atMs }: Search<QuietSite>): string {
  return isPersonal(asked) && exchange.site.uncacheable.forSessions.has(key.text, atMs)
    ? "a request with an unknown cookie or a credential has just got an answer that no other client may have"
    : "it hardly ever has such a response";
}

function copyAccount(metadata: StoredMetadata, { asked, atMs }: Search<QuietSite>): Copy {
  const terms = termsOf(metadata, asked.route);
  const age = ageSeconds(metadata, terms, atMs);
  const { status, tags, colo, bodyBytes, stamp, respondedAtMs } = metadata;
  return {
    status,
    ageSeconds: rounded(age),
    ageOnArrivalSeconds: rounded(terms.initialAgeSeconds),
    lifetimeSeconds: rounded(terms.lifetimeSeconds),
    lifetimeFrom: lifetimeSource(metadata, asked.route),
    secondsLeft: rounded(terms.lifetimeSeconds - age),
    storedAt: new Date(respondedAtMs).toISOString(),
    tags,
    colo,
    bodyBytes,
    stamp: stamp === "none" ? stamp : stamp.position,
  };
}

export const rounded = (seconds: number): number => Math.round(seconds * 1_000) / 1_000;
