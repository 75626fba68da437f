// Grounds that depend on the explained request: they name its cookies, its fields, a limit, a purge,
// or why its response was never fresh.
import { acceptedAtMs, byInvalidation } from "../../../purge/journal/entry.ts";
import { edgeBodyBytesMax, memoryBodyBytesMax } from "../../../cache/tiers/tier.ts";
import type { Config, Route } from "../../../config/config.ts";
import { reach, type TierName } from "../../../config/tier-names.ts";
import { type Ground, lifetimeSource } from "./grounds.ts";
import { statedAgeSeconds } from "../../../rules/freshness.ts";
import { type Fields, fieldsOf } from "../../../rules/fields.ts";
import { datedAtMs, parseHttpDate } from "../../../rules/http-date.ts";
import { assignedLifetimeSeconds, termsOf } from "../../../pages/stored/lifetime.ts";
import type { StoredMetadata } from "../../../pages/stored/stored-response.ts";
import { rounded } from "./copies.ts";
import { quoted } from "./key-account.ts";
import type { MatchingPurges } from "./matching-purges.ts";

/**
 * Returns the hint for unknown cookies.
 *
 * @param names the cookies' names; a cookie without a name is left out
 */
export function hintOfCookies(names: readonly string[]): string {
  const shared = "let the origin send public or s-maxage: then one copy serves all clients";
  if (names.length === 0) return `let clients send no cookie without a name; or ${shared}`;
  const list = `[${names.map(quoted).join(", ")}]`;
  const cookie = names.length === 1 ? "cookie" : "cookies";
  return (
    `if the page does not depend on the ${cookie}, ${harmless(list)}: Tidemark ignores cookies that are listed there, and does not forward them. ` +
    `This is the usual way; cookies: { ignore: ${list} } does the same for one route. ` +
    `If the page differs by the ${cookie}, write key: { cookies: ${list} } in the route: then each value has its own copy. ` +
    `Or ${shared}. Do none of this for a session cookie`
  );
}

/** Returns the hint for fields that look like a credential. */
export function hintOfCredentials(names: readonly string[]): string {
  const list = `[${names.map(quoted).join(", ")}]`;
  const field = names.length === 1 ? "field" : "fields";
  return (
    `if the page does not depend on the ${field}, write credentialFields: { except: ${list} } in the route or at the top level of the configuration. ` +
    `If the page differs by the ${field}, write key: { headers: ${list} } in the route: then each value has its own copy. ` +
    `Or let the origin send public or s-maxage, or name the ${field} in Vary`
  );
}

/**
 * Returns the hint for cookies that the response sets.
 *
 * @param names the cookies' names; a cookie without a name is left out
 */
export function hintOfSetCookie(names: readonly string[]): string {
  const named = `if nobody needs the cookie, ${harmless(`[${names.map(quoted).join(", ")}]`)}; or `;
  return `let the origin set no cookie on this page; or ${names.length === 0 ? "" : named}give the route setCookie: "strip", unless key.cookies or when.cookie names the cookie`;
}

const harmless = (list: string) =>
  `write cookies: { harmless: ${list} } at the top level of the configuration`;

/** A limit, and its description. */
type Limit = readonly [bytesMax: number, text: string];

/**
 * Returns `why` and a hint for a body over a limit.
 *
 * @param bodyBytes `null` if only known to be over a limit
 */
export function tooLarge(
  bodyBytes: number | null,
  { tiers }: Pick<Route, "tiers">,
  { limits }: Pick<Config, "limits">,
): Partial<Ground> {
  const { sharedBodyBytes, bufferBytes, memoryBytes } = limits;
  const inMemoryBytesMax = memoryBodyBytesMax(memoryBytes);
  const takes: Readonly<Record<TierName, Limit>> = {
    memory: [inMemoryBytesMax, "bytes is the limit of memory"],
    edge: [edgeBodyBytesMax, "bytes is the limit of the edge tier"],
    shared: [sharedBodyBytes, "bytes is the limit of the shared tier (limits.sharedBodyBytes)"],
  };
  const buffer: Limit = [
    bufferBytes,
    "bytes is the limit of a body that Tidemark buffers (limits.bufferBytes)",
  ];
  const hasEdge = reach(tiers, "colo");
  const tierTexts = [...tiers.map((tier) => takes[tier]), ...(hasEdge ? [] : [buffer])]
    .filter(([bytesMax]) => bytesMax < (bodyBytes ?? Infinity))
    .map((limit) => limit.join(" "));
  const size = bodyBytes === null ? "its body" : `its body of ${bodyBytes} bytes`;
  // The edge tier accepts a body of this size, so this platform has no edge tier.
  const lacksEdge = bodyBytes !== null && bodyBytes <= edgeBodyBytesMax;
  const less = `let the origin send a smaller body${lacksEdge ? ", or raise limits.sharedBodyBytes" : ""}`;
  const mayRaise = reach(tiers, "world") || bufferBytes < inMemoryBytesMax;
  const edge = `add "edge" to tiers of the route: that tier accepts up to ${edgeBodyBytesMax} bytes`;
  return {
    why: `${size} is too large for the tiers of its route (${tiers.join(", ")}): ${tierTexts.join("; ")}`,
    hint: hasEdge ? less : `${edge}${mayRaise ? "; or raise limits" : ""}`,
  };
}

/** Senders of automatic entries. All other senders are people or sites. */
const notOrdered: readonly string[] = ["tidemark", byInvalidation];

/**
 * Returns `why` with the sender and the reason of the deciding purge, and a hint. Returns an empty
 * object if that purge is unknown or automatic.
 */
export function purgedBy(purges: MatchingPurges | "no journal", atMs: number): Partial<Ground> {
  const newest = purges === "no journal" ? [] : purges.newest;
  const decider = newest.find(({ decides }) => decides);
  const ordered = newest.filter(({ by }) => !notOrdered.includes(by));
  const oldest = ordered.at(-1);
  if (decider === undefined || oldest === undefined || !ordered.includes(decider)) return {};
  const because = decider.reason === "" ? "" : `, because: ${decider.reason}`;
  const seconds = Math.max(1, Math.round((atMs - acceptedAtMs(oldest.position)) / 1_000));
  const often =
    ordered.length > 1
      ? `. In the last ${seconds} s, ${ordered.length} purges have matched it`
      : "";
  return {
    why: `a purge by ${decider.by} covers it${because}${often}`,
    hint: "let the sender of the purge name only what changed",
  };
}

/** Dates in fields have whole seconds, so a response of this apparent age may be new. */
export const youngSeconds = 2;

/** Returns why a response was not fresh on arrival; an empty object if it was fresh. */
export function neverFresh(metadata: StoredMetadata, route: Route): Partial<Ground> {
  const { lifetimeSeconds, initialAgeSeconds, alwaysValidate, canBeValidated } = termsOf(
    metadata,
    route,
  );
  if (alwaysValidate && !canBeValidated) {
    return {
      why: "it says no-cache, and has no validator",
      hint: `let the origin send an ETag or omit no-cache, or ${overrideOf(metadata, route)}`,
    };
  }
  if (lifetimeSeconds <= 0) return withoutLifetime(metadata, route);
  return initialAgeSeconds >= lifetimeSeconds ? oldOnArrival(metadata, lifetimeSeconds) : {};
}

/** Returns what made the response old (RFC 9111 §4.2.3): its `Age`, its `Date`, or the response delay. */
function oldOnArrival(metadata: StoredMetadata, lifetimeSeconds: number): Ground {
  const { requestedAtMs, respondedAtMs } = metadata;
  const fields = fieldsOf(metadata);
  const clause = "RFC 9111 §4.2.3";
  const lives = `its lifetime is ${rounded(lifetimeSeconds)} s`;
  const statedSeconds = statedAgeSeconds(fields);
  const waitSeconds = (respondedAtMs - requestedAtMs) / 1_000;
  const datedSeconds = (respondedAtMs - datedAtMs(fields, respondedAtMs)) / 1_000;
  const agedSeconds = statedSeconds + waitSeconds;
  const statedAge = `Age: ${fields.get("age") ?? "none"}, Date: ${fields.get("date") ?? "none"}`;
  if (datedSeconds > agedSeconds + youngSeconds) {
    return {
      clause,
      why: `it arrived ${rounded(datedSeconds)} s after its Date (${statedAge}), and ${lives}`,
      hint: "check the origin's clock; if it is right, a cache between Tidemark and the origin adds no Age",
    };
  }
  if (statedSeconds > 0) {
    return {
      clause,
      why: `a cache between Tidemark and the origin had kept it for ${statedSeconds} s (${statedAge}), and ${lives}`,
      hint: "check that cache: it keeps the page too long",
    };
  }
  return {
    clause,
    why: `the origin took ${rounded(waitSeconds)} s to answer (${statedAge}), and ${lives}`,
    hint: "let the origin answer faster, or give a longer lifetime",
  };
}

function withoutLifetime(metadata: StoredMetadata, route: Route): Partial<Ground> {
  const from = lifetimeSource(metadata, route);
  if (from.startsWith("none")) {
    const field = metadata.status < 300 ? "fresh" : `fresh or negative for ${metadata.status}`;
    return {
      why: "neither the origin nor its route gives it a lifetime",
      hint: `let the origin send max-age, or give the route ${field}`,
    };
  }
  if (from.includes(" of the route ")) {
    return { why: `its lifetime is 0 s, from ${from}`, hint: "give the route a longer one" };
  }
  const override = overrideOf(metadata, route);
  const longer = `let the origin give a longer one, or ${override}`;
  if (from !== "Expires") return { why: `its lifetime is 0 s, from ${from}`, hint: longer };
  const { why, isBefore } = expiry(fieldsOf(metadata), metadata.respondedAtMs);
  const clock = `check the origin's clock and its time zone: Expires is in GMT. Or let it send max-age, or ${override}`;
  return { why: `its lifetime is 0 s, from Expires, ${why}`, hint: isBefore ? clock : longer };
}

function expiry(fields: Fields, respondedAtMs: number): { why: string; isBefore: boolean } {
  const atMs = parseHttpDate(fields.get("expires"), respondedAtMs);
  if (typeof atMs !== "number") {
    return { why: "which is not a date, so Tidemark treats it as past", isBefore: false };
  }
  const seconds = rounded((datedAtMs(fields, respondedAtMs) - atMs) / 1_000);
  return seconds > 0
    ? { why: `which is ${seconds} s before Date`, isBefore: true }
    : { why: "which is the same as Date", isBefore: false };
}

/** Returns the route setting that would override the origin's lifetime or `no-cache`. */
export function overrideOf(metadata: StoredMetadata, route: Route): string {
  const { status } = metadata;
  const seconds = assignedLifetimeSeconds(route, metadata, termsOf(metadata, route).governing);
  if (seconds === undefined) return 'give the route mode: "override" with fresh';
  const isFresh = route.freshSecondsByStatus.has(status) || !route.negativeByStatus.has(status);
  const field = isFresh ? "fresh" : "negative";
  return `give the route mode: "override". Without that, its ${field} of ${seconds} s has no effect, because the origin's fields take precedence`;
}
