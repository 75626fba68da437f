// Findings on reports, slow tiers, webhooks, the configuration and the switch.
import type { TierTrouble } from "../../cache/tiers/tier.ts";
import { isoOf } from "../../base/iso-date.ts";
import { type Fault } from "../../base/operator-error.ts";
import { type Bypass } from "../../purge/journal/switch-state.ts";
import { acceptedAtMs } from "../../purge/journal/entry.ts";
import type { Finding } from "../../protocol/finding.ts";
import type { SiteState } from "./site-state.ts";
import { countedIn, recentCount } from "./traffic-findings.ts";
import { isWithinMs } from "../../base/elapsed.ts";

/** Twice the interval of the cron trigger's reports. */
const reportMs = 10 * 60_000;

export function reportsMissing({ totals, atMs }: SiteState): Finding | [] {
  if (totals === undefined) return [];
  const reportTimes = [...totals.colos.values()].map((state) => state.atMs);
  const newestAtMs = Math.max(totals.startedAtMs, ...reportTimes);
  if (atMs - newestAtMs <= reportMs) return [];
  return {
    code: "reports-missing",
    level: "warning",
    what: "No isolate has reported its counts for ten minutes. So the metrics do not change.",
    since: isoOf(newestAtMs),
    cause: "The cron trigger is not set, or no isolate can write to the database.",
    remedy: 'Set the cron trigger "* * * * *" in the file of wrangler, and deploy.',
  };
}

export function reportsLost(state: SiteState): Finding | [] {
  const lost = recentCount(state, (sums) => countedIn(sums, "reportsLost"));
  if (lost === undefined) return [];
  return {
    code: "reports-lost",
    level: "warning",
    what: `Reports lost in the last minutes: ${lost.count}. The metrics are too low.`,
    since: lost.since,
    cause: "The database did not accept the reports, or too many reports waited to be added up.",
    remedy: "Read the findings on Redis, and check that the cron trigger runs.",
  };
}

export function sealsBroken(state: SiteState): Finding | [] {
  const broken = recentCount(state, (sums) => countedIn(sums, "brokenSeals"));
  if (broken === undefined) return [];
  return {
    code: "seals-broken",
    level: "warning",
    what: `Texts in Redis without a valid seal in the last minutes: ${broken.count}. None of them was used.`,
    since: broken.since,
    cause:
      "SEAL_KEY was set or replaced recently, isolates have different keys, or somebody else writes to the database.",
    remedy:
      "If you did not change SEAL_KEY, rotate the token of the database. The log says what has no valid seal.",
  };
}

export function subrequestsSpent(state: SiteState): Finding | [] {
  const refused = recentCount(state, (sums) => countedIn(sums, "refusedSubrequests"));
  if (refused === undefined) return [];
  return {
    code: "subrequests-spent",
    level: "warning",
    what: `Single requests made more subrequests than the plan allows, in the last minutes: ${refused.count}. They did not use the stores any more.`,
    since: refused.since,
    cause:
      "Workers Free allows 50 subrequests for each request, Workers Paid 10,000 unless `limits.subrequests` of wrangler says otherwise. Those of the application count too.",
    remedy:
      "Read several values with getMany or getOrSetMany, make fewer requests in one invocation, or use Workers Paid.",
  };
}

/**
 * Tiers that can be slow, with the texts of their findings. `shared` is a store in code, because Redis has
 * findings of its own.
 */
const slowTiers = {
  edge: {
    code: "cache-api-slow",
    named: "This colo's Cache API",
    instead: "Memory and Redis still answer, and the origin gets more requests.",
  },
  shared: {
    code: "shared-slow",
    named: "The store of the shared tier",
    instead: "The origin gets more requests.",
  },
  r2: {
    code: "r2-slow",
    named: "R2",
    instead: "The shared tier has no large bodies, and the origin gets more requests.",
  },
} as const;

export function tiersSlow({ tiers }: SiteState): Finding[] {
  const all = tiers.flatMap(({ bodies, name, isShutOff, trouble }) => [
    { name, isShutOff, trouble },
    ...(bodies ? [{ name: "r2", isShutOff: bodies.isShutOff, trouble: bodies.trouble }] : []),
  ]);
  return all.flatMap(({ name, isShutOff, trouble }): Finding[] => {
    if (trouble === undefined || trouble.isOver || !(name in slowTiers)) return [];
    if (trouble.kind !== "timeout") return [storeRefusing(trouble)];
    const { code, named, instead } = slowTiers[name as keyof typeof slowTiers];
    const what = isShutOff
      ? `${named} is shut off. ${instead}`
      : `${named} did not answer in time.`;
    const remedy =
      "A probe notices when it answers again. If the trouble lasts, check Cloudflare's status page.";
    const since = isoOf(trouble.sinceAtMs);
    return [{ code, level: "warning", what, since, cause: `${trouble.why}.`, remedy }];
  });
}

/** Only the store of a shared tier in code reports these troubles. */
function storeRefusing({ kind, why, remedy, sinceAtMs }: TierTrouble): Finding {
  const isFull = kind === "full";
  return {
    code: isFull ? "shared-full" : "shared-failing",
    level: "warning",
    what: isFull
      ? "The store of the shared tier is full. The origin gets more requests."
      : "The store of the shared tier fails. The origin gets more requests.",
    since: isoOf(sinceAtMs),
    cause: `${why}.`,
    remedy: `${remedy ?? "check the Worker's logs"}.`.replace(/^./, (first) => first.toUpperCase()),
  };
}

/** Findings on the configuration. A fault disables a feature. A warning is about a setting without effect. */
export function configuration({ faults, configWarnings }: SiteState): Finding[] {
  const finding = (level: Finding["level"]) => (fault: Fault) => ({
    code: "configuration" as const,
    level,
    what: fault.what,
    since: null,
    cause: fault.why,
    remedy: fault.hint,
  });
  const found = configWarnings.map((fault) => finding(fault.level ?? "info")(fault));
  return [...faults.map(finding("warning")), ...found];
}

export function switchThrown({ view }: SiteState): Finding | [] {
  const switched = view?.switched;
  if (switched === undefined || !isThrown(switched.bypass)) return [];
  return {
    code: "switch-thrown",
    level: "info",
    what: `${whatIs(switched.bypass)} straight to the origin. Tidemark looks up nothing and stores nothing for these requests.`,
    since: isoOf(acceptedAtMs(switched.position)),
    cause: "Somebody turned on the switch.",
    remedy:
      'To use the cache again, run tidemark switch off, or send POST /_cache/switch with {"bypass": false}.',
  };
}

export function bypassSet({ bypass }: SiteState): Finding | [] {
  if (!isThrown(bypass)) return [];
  return {
    code: "bypass-set",
    level: "info",
    what: `${whatIs(bypass)} straight to the origin. Tidemark looks up nothing and stores nothing for these requests.`,
    since: null,
    cause: "The variable BYPASS is set.",
    remedy: "To use the cache again, unset BYPASS, and deploy.",
  };
}

const isThrown = (bypass: Bypass) => bypass === true || (bypass !== false && bypass.length > 0);

function whatIs(bypass: Bypass): string {
  if (typeof bypass === "boolean") return "Everything goes";
  const names = bypass.map((name) => JSON.stringify(name)).join(", ");
  return bypass.length === 1 ? `Route ${names} goes` : `Routes ${names} go`;
}

/**
 * Failures are reported this long, even after a success, because a mapping may fail for only one
 * kind of event.
 */
const recentMs = 60 * 60_000;

export function hookMapping({ hooks, atMs }: SiteState): Finding[] {
  return [...hooks].flatMap(([name, { trouble }]): Finding | [] => {
    if (trouble === undefined || !isWithinMs(recentMs, trouble.lastAtMs, atMs)) return [];
    const did =
      trouble.kind === "threw" ? "threw an error" : "returned something other than a purge";
    return {
      code: "hook-mapping",
      level: "critical",
      about: `hook ${JSON.stringify(name)}`,
      what: "Webhooks with a valid signature purged nothing. Pages may be out of date.",
      since: isoOf(trouble.sinceAtMs),
      cause: `The mapping of this hook ${did}.`,
      remedy:
        "Look for lines of the event hook in the log. Fix the mapping in the configuration, and deploy. After a 500, senders retry for some time; purge manually for events that they no longer send.",
    };
  });
}
