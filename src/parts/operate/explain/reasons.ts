// The values of reasons. Their codes are in codes.ts, and their sentences in the command.
import { edgeBodyBytesMax, memoryBodyBytesMax } from "../../../cache/tiers/tier.ts";
import type { Config, Route } from "../../../config/config.ts";
import { reach } from "../../../config/tier-names.ts";
import type { NameCondition, RouteConditions } from "../../../config/route.ts";
import type { Reason } from "../../../protocol/explain-answer.ts";
import type { Values } from "../../../protocol/finding.ts";
import { fieldsOf } from "../../../rules/fields.ts";
import { explicitLifetimeSeconds, statedAgeSeconds } from "../../../rules/freshness.ts";
import { datedAtMs, parseHttpDate } from "../../../rules/http-date.ts";
import type { OtherReading } from "../../../routing/url-reader.ts";
import { assignedLifetimeSeconds, isRouteFirst, termsOf } from "../../../pages/stored/lifetime.ts";
import { provisionalSecondsMax } from "../../../pages/stored/provisional.ts";
import type { StoredMetadata } from "../../../pages/stored/stored-response.ts";
import type { NeverFresh, PassCase, VerdictCase } from "./codes.ts";

export const rounded = (seconds: number): number => Math.round(seconds * 1_000) / 1_000;

const conditionKinds = ["cookie", "header", "query", "country"] as const;

/** Returns the reason of a bypass by conditions: the configured names, and none of the request. */
export function reasonOfCondition(when: RouteConditions): Reason {
  const namesOf = ({ names, values }: NameCondition) => [...names, ...values.map(([name]) => name)];
  const conditions = conditionKinds.flatMap((kind) => {
    const condition = when[kind];
    const names = condition && "names" in condition ? namesOf(condition) : (condition ?? []);
    return names.map((name) => `${kind} ${name}`);
  });
  return { case: "condition" satisfies PassCase, values: { conditions } };
}

/** Returns why a URL gets 400. `name` is the route that matches the path as written. */
export function reasonOfRefusedUrl(otherwise: OtherReading | undefined, name: string): Reason {
  if (otherwise?.as === undefined) return {};
  const { path, route } = otherwise.as;
  const isOther = route.name !== name;
  const code: VerdictCase = isOther ? "other-route" : "outside-origin-to";
  return { case: code, values: { path, route: name, other: route.name } };
}

/** Returns the exceeded limits of a body; `bodyBytes` is `null` if only known to be over a limit. */
export function tooLarge(
  bodyBytes: number | null,
  { tiers }: Pick<Route, "tiers">,
  { limits }: Pick<Config, "limits">,
): Reason {
  const { sharedBodyBytes, bufferBytes, memoryBytes } = limits;
  const ofTiers = {
    memory: memoryBodyBytesMax(memoryBytes),
    edge: edgeBodyBytesMax,
    shared: sharedBodyBytes,
  };
  const all: [name: string, bytesMax: number][] = tiers.map((tier) => [tier, ofTiers[tier]]);
  if (!reach(tiers, "colo")) all.push(["limits.bufferBytes", bufferBytes]);
  const exceeded = all
    .filter(([, bytesMax]) => bytesMax < (bodyBytes ?? Infinity))
    .map(([name, bytesMax]) => `${name}: ${bytesMax}`);
  const values = { bodyBytes: bodyBytes ?? "an unknown number of", limits: exceeded };
  return { values: { ...values, edgeBytes: edgeBodyBytesMax } };
}

/** Dates in fields have whole seconds, so a response of this apparent age may be new. */
const youngSeconds = 2;

/** Returns why a response was not fresh on arrival; an empty object if it was fresh. */
export function neverFresh(metadata: StoredMetadata, route: Route): Reason {
  const terms = termsOf(metadata, route);
  const { lifetimeSeconds, initialAgeSeconds, alwaysValidate, canBeValidated } = terms;
  if (alwaysValidate && !canBeValidated) return because("no-validator", metadata, route);
  if (lifetimeSeconds <= 0) return withoutLifetime(metadata, route);
  return initialAgeSeconds >= lifetimeSeconds ? oldOnArrival(metadata, lifetimeSeconds) : {};
}

function because(
  code: NeverFresh,
  metadata: StoredMetadata,
  route: Route,
  seconds?: number,
): Reason {
  const from = lifetimeSource(metadata, route);
  const values = { from, status: metadata.status, ...overridden(metadata, route) };
  return { case: code, values: seconds === undefined ? values : { ...values, seconds } };
}

function withoutLifetime(metadata: StoredMetadata, route: Route): Reason {
  const from = lifetimeSource(metadata, route);
  const given = (code: NeverFresh, seconds?: number) => because(code, metadata, route, seconds);
  if (from === "none") return given("no-lifetime");
  if (/^(?:fresh|negative|answer)$/.test(from)) return given("zero-by-route");
  if (from !== "Expires") return given("zero-by-origin");
  const fields = fieldsOf(metadata);
  const { respondedAtMs } = metadata;
  const atMs = parseHttpDate(fields.get("expires"), respondedAtMs);
  if (typeof atMs !== "number") return given("expires-no-date");
  return given("expires-before-date", rounded((datedAtMs(fields, respondedAtMs) - atMs) / 1_000));
}

/** Returns what made the response old (RFC 9111 §4.2.3): its `Age`, its `Date`, or the response delay. */
function oldOnArrival(metadata: StoredMetadata, lifetimeSeconds: number): Reason {
  const { requestedAtMs, respondedAtMs } = metadata;
  const fields = fieldsOf(metadata);
  const statedSeconds = statedAgeSeconds(fields);
  const waitSeconds = (respondedAtMs - requestedAtMs) / 1_000;
  const datedSeconds = (respondedAtMs - datedAtMs(fields, respondedAtMs)) / 1_000;
  const [code, seconds]: [NeverFresh, number] =
    datedSeconds > statedSeconds + waitSeconds + youngSeconds
      ? ["late-date", datedSeconds]
      : statedSeconds > 0
        ? ["kept-below", statedSeconds]
        : ["slow-origin", waitSeconds];
  const [age, date] = [fields.get("age") ?? "none", fields.get("date") ?? "none"];
  const of = { seconds: rounded(seconds), lifetimeSeconds: rounded(lifetimeSeconds) };
  return { case: code, values: { ...of, age, date } };
}

/** Returns the lifetime of the route that `mode: "override"` would apply; empty if there is none. */
export function overridden(metadata: StoredMetadata, route: Route): Values {
  const { status } = metadata;
  const seconds = assignedLifetimeSeconds(route, metadata, termsOf(metadata, route).governing);
  if (seconds === undefined) return {};
  const isFresh = route.freshSecondsByStatus.has(status) || !route.negativeByStatus.has(status);
  return { assignedBy: isFresh ? "fresh" : "negative", assignedSeconds: seconds };
}

/** Returns the source of a response's lifetime: a response field, a setting, heuristics or none. */
export function lifetimeSource(metadata: StoredMetadata, route: Route): string {
  const fields = fieldsOf(metadata);
  const { governing, lifetimeSeconds, initialAgeSeconds } = termsOf(metadata, route);
  const { respondedAtMs: receivedAtMs, lifetimeSecondsMax, status } = metadata;
  if (lifetimeSecondsMax === lifetimeSeconds && lifetimeSecondsMax !== undefined) {
    return "purge.settleSeconds";
  }
  if (lifetimeSeconds === provisionalSecondsMax(route, metadata, initialAgeSeconds)) {
    return "purge.maxLagSeconds";
  }
  const explicit = explicitLifetimeSeconds({ governing, fields, receivedAtMs });
  const assigned = assignedLifetimeSeconds(route, metadata, governing);
  const isAssigned = isRouteFirst(route, metadata) || explicit === "unstated";
  if (assigned !== undefined && isAssigned) {
    if (metadata.ruleMatch?.freshSeconds !== undefined) return "answer";
    return route.negativeByStatus.has(status) ? "negative" : "fresh";
  }
  if (explicit === "unstated") return lifetimeSeconds > 0 ? "heuristics" : "none";
  const { sMaxageSeconds, maxAgeSeconds } = governing.directives;
  const { field } = governing;
  if (sMaxageSeconds !== undefined) return `s-maxage in ${field}`;
  return maxAgeSeconds !== undefined ? `max-age in ${field}` : "Expires";
}
