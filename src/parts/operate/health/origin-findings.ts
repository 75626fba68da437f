// Findings on the origins and the fields of their pages, and whether any origin can be used.
import { isoOf } from "../../../base/iso-date.ts";
import { isWithinMs } from "../../../base/elapsed.ts";
import {
  aboutRoute,
  type Finding,
  type FindingCode,
  type Level,
  type Values,
} from "../../../protocol/finding.ts";
import { outwardTargetOf } from "../../../protocol/caches-below.ts";
import type { RouteNote } from "../../../observe/operator-notes.ts";
import type { SiteState } from "./site-state.ts";

/**
 * The time for which an origin counts as down after its last failure. With traffic, failed probes renew
 * that failure every few seconds.
 */
const downMs = 60_000;

/**
 * Returns whether only stored responses can be served, because each origin that a route uses is unusable or
 * was down within the last minute.
 */
export function isUnable(state: SiteState): boolean {
  const { originNames, usableOrigins } = state;
  return originNames.every((name) => !usableOrigins.has(name) || isDownNow(state, name));
}

function isDownNow(state: SiteState, name: string): boolean {
  const lastAtMs = state.originTroubles.get(name)?.lastAtMs;
  const isRecent = lastAtMs !== undefined && isWithinMs(downMs, lastAtMs, state.atMs);
  return state.openBreakers.includes(name) && isRecent;
}

type OriginTrouble =
  SiteState["originTroubles"] extends ReadonlyMap<string, infer One> ? One : never;

/** One finding per origin that has failed, and has not answered since. */
export function originTroubles(state: SiteState): Finding[] {
  return [...state.originTroubles]
    .filter(([, { isOver }]) => !isOver)
    .map(([name, trouble]) => originFinding(name, trouble, state.openBreakers.includes(name)));
}

function originFinding(name: string, trouble: OriginTrouble, isBreakerOpen: boolean): Finding {
  const { kind, counts, sinceAtMs, lastAtMs } = trouble;
  const isOfFields = !isBreakerOpen && kind === "fields-too-large";
  const failures = Object.entries(counts).map(([failure, count]) => `${failure}: ${count}`);
  return {
    code: isBreakerOpen ? "origin-down" : codes[kind],
    ...(isOfFields && { case: kind }),
    level: isBreakerOpen ? "critical" : "warning",
    about: aboutOrigin(name),
    since: isoOf(sinceAtMs),
    values: { failures, lastAt: isoOf(lastAtMs) ?? "" },
  };
}

const codes = {
  unreachable: "origin-unreachable",
  "invalid-response": "origin-invalid",
  "fields-too-large": "origin-invalid",
  timeout: "origin-slow",
} as const satisfies Readonly<Record<OriginTrouble["kind"], FindingCode>>;

/** Returns one finding per origin that refused all recent anonymous requests, unless its breaker is open. */
export function anonymousRefused(state: SiteState): Finding[] {
  return [...state.refusingAnonymous]
    .filter(([name]) => !state.openBreakers.includes(name))
    .map(([name, sinceAtMs]) => ({
      code: "anonymous-refused",
      level: "info",
      about: aboutOrigin(name),
      since: isoOf(sinceAtMs),
    }));
}

const aboutOrigin = (name: string) => `origin ${JSON.stringify(name)}`;

const pagesMax = 5;
const firstOf = (paths: readonly string[]) => [...new Set(paths)].slice(0, pagesMax);

/** Returns the values of a note for its finding. */
type NoteValues = (entries: RouteNote["entries"]) => Values;

const pages: NoteValues = (entries) => ({ pages: firstOf(entries) });
const names: NoteValues = (entries) => ({ names: entries });

/** The caches that answers name; empty for one that none of them names. */
const caches: NoteValues = (entries) => {
  const named = entries.filter((name) => name !== "");
  const targets = named.flatMap((name) => outwardTargetOf(name) ?? []);
  return { caches: named, targets: targets.map((target) => `${target}()`) };
};

/** The findings on notes of routes: one per code and route. */
const noted: readonly [code: FindingCode, level: Level, values: NoteValues][] = [
  ["credential-field", "info", names],
  [
    "varies-silently",
    "warning",
    (entries) => {
      const pairs = entries.map((entry) => entry.split(" ", 2) as [field: string, path: string]);
      const fields = [...new Set(pairs.map(([field]) => field))];
      return { fields, pages: firstOf(pairs.map(([, path]) => path)) };
    },
  ],
  ["validator-lies", "info", pages],
  ["nonce-shared", "warning", pages],
  ["extension-mismatch", "info", () => ({})],
  ["cache-unpurged", "warning", caches],
  ["age-too-low", "warning", caches],
  ["gate-refused", "warning", names],
  ["part-failed", "warning", names],
];

export function routeNotes({ notes }: SiteState): Finding[] {
  return noted.flatMap(([code, level, valuesOf]) =>
    notes(code).map(({ route, entries, sinceAtMs }) => ({
      code,
      level,
      about: aboutRoute(route),
      since: isoOf(sinceAtMs),
      values: valuesOf(entries),
    })),
  );
}
