// Explains why a response was not fresh on arrival, with hints.
import { statedAgeSeconds } from "../../rules/freshness.ts";
import { type Fields, fieldsOf } from "../../rules/fields.ts";
import { datedAtMs, parseHttpDate } from "../../rules/http-date.ts";
import type { Route } from "../../config/config.ts";
import { assignedLifetimeSeconds, termsOf } from "../../pages/stored/lifetime.ts";
import type { StoredMetadata } from "../../pages/stored/stored-response.ts";
import { rounded } from "./copies.ts";
import { type Ground, lifetimeSource } from "./grounds.ts";

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
