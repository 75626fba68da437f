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

const placeOf: Readonly<Record<CredentialKind, string>> = {
  bearer: "ADMIN_TOKEN in Authorization",
  debug: "ADMIN_TOKEN in Tidemark-Debug",
  challenge: "ADMIN_TOKEN of the command",
  signature: "PURGE_SECRET in webhook-signature",
  hook: "HOOK_SECRET_… of a hook",
  varnish: "address or HOOK_SECRET_VARNISH of a Varnish client",
};
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
  const list = [...most.counts].map(([kind, of]) => `${placeOf[kind]}: ${of}`).join("; ");
  return {
    code: "operator-refused",
    level: count >= manyMin ? "warning" : "info",
    what: `Requests with a wrong credential of an operator or a sender of purges: ${count} (${list}).`,
    since: isoOf(most.sinceAtMs),
    cause:
      "A tool or a sender of purges has a wrong secret or a wrong clock, a proxy changes the host that the command signs, or somebody guesses.",
    remedy:
      "Compare the secrets of your tools and senders with those of the deployment. If the command fails with the right one, it names both hosts: let the proxy send the host, with its port, in X-Forwarded-Host. Otherwise, somebody else sends these requests: limit who may reach the operator's routes, and check that ADMIN_TOKEN is random.",
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
  const bySwitch = switched && {
    code: "switch-thrown" as const,
    since: isUnread(switched) ? null : isoOf(acceptedAtMs(switched.position)),
    cause: isUnread(switched)
      ? "The journal's store has no readable state of the switch. Another version may have stored it."
      : "Somebody turned on the switch.",
    remedy:
      'To use the cache again, run tidemark switch off, or send POST /_cache/switch with {"bypass": false}.',
  };
  const byVariable = {
    code: "bypass-set" as const,
    since: null,
    cause: "The variable BYPASS is set.",
    remedy: "To use the cache again, unset BYPASS, and deploy.",
  };
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
  by: Omit<Finding, "level" | "what">,
  routeNames: readonly string[],
): Finding {
  const named = typeof bypass === "boolean" ? [] : bypass;
  const listed = (isKnown: boolean) =>
    named
      .filter((name) => routeNames.includes(name) === isKnown)
      .map((name) => JSON.stringify(name));
  const [routes, unknown] = [listed(true), listed(false)];
  const go = routes.length === 1 ? `Route ${routes[0]} goes` : `Routes ${routes.join(", ")} go`;
  const what = `${named.length === 0 ? "Everything goes" : go} straight to the origin. Tidemark looks up nothing and stores nothing for these requests.`;
  if (unknown.length === 0) return { ...by, level: "info", what };
  const without = `No route has the name ${unknown.join(" or ")}, so the bypass does not apply to it.`;
  return { ...by, level: "warning", what: routes.length === 0 ? without : `${what} ${without}` };
}
