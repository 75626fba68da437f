// Findings on reports, on the Cache API, on what is set, and on the switch.
import { type Fault } from "../../operator-error.ts";
import { type Bypass } from "../../purge/journal/switch-state.ts";
import { acceptedAtMs } from "../../purge/journal/entry.ts";
import { partsOf } from "../../observe/sums.ts";
import { type Finding, isoOf } from "./finding.ts";
import type { Looked } from "./looked.ts";

/** Twice as long as a run of the cron trigger may leave between two reports. */
const reportMs = 10 * 60_000;

export function reportsMissing({ totals, atMs }: Looked): Finding[] {
  if (totals === undefined) return [];
  const told = [...totals.colos.values()].map((state) => state.atMs);
  const newestAtMs = Math.max(totals.startedAtMs, ...told);
  if (atMs - newestAtMs <= reportMs) return [];
  return [
    {
      code: "reports-missing",
      level: "warning",
      what: "No isolate has told its counts for ten minutes: the metrics stand still.",
      since: isoOf(newestAtMs),
      cause: "The cron trigger is not set, or no isolate can write to the database.",
      remedy: 'Set crons = ["* * * * *"] under [triggers] in wrangler.toml, and deploy.',
    },
  ];
}

export function reportsLost({ totals, atMs }: Looked): Finding[] {
  const lost = (totals?.windows ?? [])
    .filter(({ fromAtMs }) => Math.abs(atMs - fromAtMs) < 2 * reportMs)
    .flatMap(({ fromAtMs, sums }) =>
      [...sums]
        .filter(([series]) => partsOf(series)?.family === "reportsLost")
        .map(([, count]) => ({ fromAtMs, count })),
    );
  const count = lost.reduce((sum, one) => sum + one.count, 0);
  if (count === 0) return [];
  return [
    {
      code: "reports-lost",
      level: "warning",
      what: `${count} reports of the last minutes were lost: the metrics are lower than what happened.`,
      since: isoOf(Math.min(...lost.map(({ fromAtMs }) => fromAtMs))),
      cause: "The database did not take them, or nobody added them up.",
      remedy: "Look at the findings on Redis, and whether the cron trigger runs.",
    },
  ];
}

export function cacheApiSlow({ cacheApi }: Looked): Finding[] {
  const trouble = cacheApi?.trouble;
  if (cacheApi === undefined || trouble === undefined || trouble.isOver) return [];
  return [
    {
      code: "cache-api-slow",
      level: "warning",
      what: cacheApi.isShutOff
        ? "This colo's Cache API is not used: memory and Redis answer, and the origin is asked more."
        : "This colo's Cache API did not answer in time.",
      since: isoOf(trouble.sinceAtMs),
      cause: `${trouble.why}.`,
      remedy:
        "Probes find out by themselves when it answers. If it lasts, look at the status page of Cloudflare.",
    },
  ];
}

/** A fault switches something off; a warning is of what has no effect. */
export function configuration({ faults, configWarnings }: Looked): Finding[] {
  const finding = (level: Finding["level"]) => (fault: Fault) => ({
    code: "configuration" as const,
    level,
    what: fault.what,
    since: null,
    cause: fault.why,
    remedy: fault.mend,
  });
  return [...faults.map(finding("warning")), ...configWarnings.map(finding("info"))];
}

export function switchThrown({ view }: Looked): Finding[] {
  const switched = view?.switched;
  if (switched === undefined || !isThrown(switched.bypass)) return [];
  return [
    {
      code: "switch-thrown",
      level: "info",
      what: `${whatIs(switched.bypass)} straight to the origin: nothing of it is looked up or stored.`,
      since: isoOf(acceptedAtMs(switched.position)),
      cause: "Somebody has thrown the switch.",
      remedy: 'To have the cache again: POST /_cache/switch with {"bypass": false}.',
    },
  ];
}

export function bypassSet({ bypass }: Looked): Finding[] {
  if (!isThrown(bypass)) return [];
  return [
    {
      code: "bypass-set",
      level: "info",
      what: `${whatIs(bypass)} straight to the origin: nothing of it is looked up or stored.`,
      since: null,
      cause: "The variable BYPASS is set.",
      remedy: "To have the cache again: unset BYPASS, and deploy.",
    },
  ];
}

const isThrown = (bypass: Bypass) => bypass === true || (bypass !== false && bypass.length > 0);

function whatIs(bypass: Bypass): string {
  if (typeof bypass === "boolean") return "Everything goes";
  const names = bypass.map((name) => JSON.stringify(name)).join(", ");
  return bypass.length === 1 ? `Route ${names} goes` : `Routes ${names} go`;
}
