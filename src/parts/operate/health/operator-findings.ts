// Findings on what operators set: credentials, the configuration and the switch.
import { isWithinMs } from "../../../base/elapsed.ts";
import { isoOf } from "../../../base/iso-date.ts";
import type { CredentialKind } from "../../../protocol/families.ts";
import { configurationFinding, type Finding } from "../../../protocol/finding.ts";
import { acceptedAtMs } from "../../../purge/journal/entry.ts";
import { type Bypass, isUnread } from "../../../purge/journal/switch-state.ts";
import type { SiteState } from "./site-state.ts";
import { countedIn, recentMs, recentWindows } from "../../../observe/reports/totals.ts";

/** Fewer refusals do not change the status, because anybody can cause them. */
const manyMin = 100;

const kinds = ["bearer", "debug", "challenge", "signature", "hook", "varnish"] as const;

interface RefusalCounts {
  readonly sinceAtMs: number;
  readonly counts: ReadonlyMap<CredentialKind, number>;
}

/**
 * Returns the finding with the larger of two counts: the reported count of all isolates, or the
 * count of this isolate, which also includes refusals that it has not reported yet.
 */
export function operatorRefused(state: SiteState): Finding | [] {
  const found = [refusedEverywhere(state), refusedHere(state)];
  const [most] = found.toSorted((a, b) => sumOf(b) - sumOf(a));
  const count = sumOf(most);
  if (most === undefined || count === 0) return [];
  return {
    code: "operator-refused",
    level: count >= manyMin ? "warning" : "info",
    since: isoOf(most.sinceAtMs),
    values: { count, credentials: [...most.counts].map(([kind, of]) => `${kind}: ${of}`) },
  };
}

const sumOf = (refused: RefusalCounts | undefined) =>
  [...(refused?.counts.values() ?? [])].reduce((sum, count) => sum + count, 0);

function refusedEverywhere(state: SiteState): RefusalCounts {
  const counts = new Map<CredentialKind, number>();
  let sinceAtMs = state.atMs;
  for (const { fromAtMs, sums } of recentWindows(state)) {
    for (const { labels, count } of countedIn(sums, "operatorRefusals")) {
      const kind = kinds.find((one) => one === labels[0]);
      if (kind === undefined) continue;
      counts.set(kind, (counts.get(kind) ?? 0) + count);
      sinceAtMs = Math.min(sinceAtMs, fromAtMs);
    }
  }
  return { sinceAtMs, counts };
}

function refusedHere({ refusedHere: here, atMs }: SiteState): RefusalCounts | undefined {
  if (here === undefined || !isWithinMs(recentMs, here.lastAtMs, atMs)) return undefined;
  const counted = kinds.flatMap((kind) => {
    const count = here.counts[kind];
    return count === undefined ? [] : [[kind, count] as const];
  });
  return { sinceAtMs: here.sinceAtMs, counts: new Map(counted) };
}

/** Findings on the configuration. A fault disables a feature. A warning is about a setting without effect. */
export function configuration({ faults, configWarnings = [] }: SiteState): Finding[] {
  const warnings = configWarnings.map((fault) =>
    configurationFinding(fault, fault.level ?? "info"),
  );
  return [...faults.map((fault) => configurationFinding(fault)), ...warnings];
}

/** Findings on routes that bypass the cache, by the switch or by the variable BYPASS. */
export function bypasses({ view, bypass, routeNames }: SiteState): Finding[] {
  const switched = view?.switched;
  const isLost = switched !== undefined && isUnread(switched);
  const bySwitch = switched && {
    code: "switch-thrown" as const,
    ...(isLost && { case: "switch-unread" as const }),
    since: isLost ? null : isoOf(acceptedAtMs(switched.position)),
  };
  const byVariable = { code: "bypass-set" as const, since: null };
  return [
    ...(bySwitch && isThrown(switched.bypass)
      ? [bypassFinding(switched.bypass, bySwitch, routeNames)]
      : []),
    ...(isThrown(bypass) ? [bypassFinding(bypass, byVariable, routeNames)] : []),
  ];
}

const isThrown = (bypass: Bypass) => bypass === true || (bypass !== false && bypass.length > 0);

/** Warns about names that no route has, because a deployment has renamed or removed the route. */
function bypassFinding(
  bypass: Bypass,
  by: Omit<Finding, "level">,
  routeNames: readonly string[],
): Finding {
  const named = typeof bypass === "boolean" ? [] : bypass;
  const listed = (isKnown: boolean) =>
    named.filter((name) => routeNames.includes(name) === isKnown);
  const [routes, unknown] = [listed(true), listed(false)];
  const level = unknown.length === 0 ? "info" : "warning";
  return { ...by, level, values: { routes: named.length === 0 ? "all" : routes, unknown } };
}
