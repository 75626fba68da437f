// Resolves a purge order into targets, under the names that this site's keys use.
import type { Reason } from "../../base/operator-error.ts";
import {
  type PurgeOrder,
  quoted,
  readPurgeOrder,
  tagBytes,
  tagBytesMax,
} from "../../protocol/purge-order.ts";
import {
  everythingTag,
  hostTag,
  type PurgeMode,
  type PurgeTargets,
  releaseTags,
  routeTag,
  urlTag,
  userTag,
} from "../journal/purge-target.ts";
import { tagSpellings } from "../journal/spelling.ts";

export const orderBytesMax = 65_536;
/** The size limit of a target as JSON, so that each target fits into an entry. */
const targetBytesMax = 4_096;

export interface ResolvedOrder {
  readonly targets: PurgeTargets;
  readonly reading: OrderReading;
  /** The mode. `soft` makes covered responses stale; `hard` forbids any use of them. */
  readonly mode: PurgeMode;
  readonly reason: string;
  /** The pages to fetch again, as sent. */
  readonly refresh: readonly string[];
  /** Whether to only report what the purge would cover. */
  readonly isDryRun: boolean;
}

/** The interpretation of an order, which is reported to its sender. */
export interface OrderReading {
  /** The number of names of each kind, before `tagSpellings` adds other spellings. */
  readonly counts: Readonly<
    Record<"tags" | "urls" | "prefixes" | "hosts" | "routes", number> & { everything: boolean }
  >;
  /** The URLs, prefixes and hosts that this site spells differently from the sender. */
  readonly readAs: readonly { readonly sent: string; readonly as: readonly string[] }[];
  /** Warnings about names that may not have the expected effect, as whole sentences. */
  readonly notes: readonly string[];
  /** The number of invalid names that the purge leaves out. A note explains each. */
  readonly leftOutCount: number;
}

/**
 * This site's names for a sender's name, or the reason why no stored response can have the name.
 */
export type Reading =
  | {
      readonly kind: "named";
      readonly as: readonly string[];
      readonly note?: string | undefined;
    }
  | ({ readonly kind: "fault" } & Reason);

/**
 * Translates a sender's names into the names of this site's keys. A URL becomes named URLs. A
 * prefix becomes a path, or scheme, host and path, normalized like keys. A host gets the spelling of
 * keys.
 */
export type TargetNames = Readonly<
  Record<"route" | "url" | "prefix" | "host", (sent: string) => Reading>
>;

/** Reads an order from the text of a request's body. */
export function readOrder(body: string, naming: TargetNames): ResolvedOrder | { fault: Reason } {
  const order = readPurgeOrder(body);
  return "fault" in order ? order : resolvedOrder(order, naming);
}

/**
 * Resolves an order's names. Leaves out names that cannot be purged, and notes why. Returns the fault
 * of the first such name if no other name is left.
 */
export function resolvedOrder(
  order: PurgeOrder,
  naming: TargetNames,
): ResolvedOrder | { fault: Reason } {
  const tags = readAll(order.tags, readTag, (tag) => tagSpellings(tag).map(userTag));
  const urls = readAll(order.urls, naming.url, (url) => [urlTag(url)]);
  const prefixes = readAll(order.prefixes, naming.prefix, (prefix) => [prefix]);
  const hosts = readAll(order.hosts, naming.host, (host) => [hostTag(host)]);
  const routes = readAll(order.routes, naming.route, (route) => [routeTag(route)]);
  const all = [tags, routes, urls, prefixes, hosts];
  const faults = all.flatMap((kind) => kind.faults);
  const { mode = "hard", reason = "", everything = false, dryRun: isDryRun = false } = order;
  const { release, refresh = [] } = order;
  const targets: PurgeTargets = {
    tags: distinct([
      ...(everything ? [everythingTag] : []),
      ...(release === undefined ? [] : releaseTags(release)),
      ...[tags, urls, hosts, routes].flatMap((kind) => kind.targets),
    ]),
    prefixes: distinct(prefixes.targets),
  };
  const named = [...targets.tags, ...targets.prefixes];
  if (named.length === 0) return { fault: faults[0] ?? namesNothing };
  const counts = {
    tags: tags.names.length,
    urls: urls.names.length,
    prefixes: prefixes.names.length,
    hosts: hosts.names.length,
    routes: routes.names.length,
    everything,
  };
  const readAs = [urls, prefixes, hosts].flatMap((kind) => kind.readAs);
  const notes = distinct([
    ...faults.map(({ why, hint }) => `Not purged: ${why} ${hint}`),
    ...all.flatMap((kind) => kind.notes),
  ]);
  const reading = { counts, readAs, notes, leftOutCount: faults.length };
  return { targets, reading, mode, reason, refresh, isDryRun };
}

const namesNothing: Reason = {
  why: "It names nothing to purge.",
  hint: 'Name something in tags, urls, prefixes, hosts or routes, or write "everything": true.',
};

const emptyName: Reading = { kind: "fault", why: "A name is empty.", hint: "Leave it out." };

const tooLongTarget: Reading = {
  kind: "fault",
  why: `A URL, prefix or host is over ${targetBytesMax} bytes.`,
  hint: "Purge a shorter prefix of it.",
};

/** @param targetsOf returns the targets of a name of this site */
function readAll(
  names: readonly string[] = [],
  read: (name: string) => Reading,
  targetsOf: (name: string) => readonly string[],
) {
  const isLong = (name: string) =>
    targetsOf(name).some((target) => tagBytes(JSON.stringify(target)) > targetBytesMax);
  const readings = names.map((sent) => {
    const reading = /\S/.test(sent) ? read(sent) : emptyName;
    const isTooLong = reading.kind === "named" && reading.as.some(isLong);
    return { sent, ...(isTooLong ? tooLongTarget : reading) };
  });
  const named = readings.filter((reading) => reading.kind === "named");
  return {
    faults: readings.filter((reading) => reading.kind === "fault"),
    names: distinct(named.flatMap(({ as }) => as)),
    targets: named.flatMap(({ as }) => as.flatMap(targetsOf)),
    readAs: named.filter(({ sent, as }) => as.length !== 1 || as[0] !== sent),
    notes: named.flatMap(({ note }) => note ?? []),
  };
}

function readTag(tag: string): Reading {
  if (tagBytes(tag) > tagBytesMax) {
    const why = `A tag is over ${tagBytesMax} bytes.`;
    const hint = "Shorten it at the origin as well. Purge stored responses by URL or prefix.";
    return { kind: "fault", why, hint };
  }
  return { kind: "named", as: [tag], note: noteOnTag(tag) };
}

/**
 * Returns a note on a tag that looks like a list, a pattern or another tag. Only groups and a route's own tags
 * can contain a comma and white space.
 */
export function noteOnTag(tag: string): string | undefined {
  if (/,/.test(tag) && /\s/.test(tag.trim())) {
    return `${quoted(tag)} was read as one tag. Send several tags as an array.`;
  }
  if (tag.includes("*"))
    return `${quoted(tag)} was read literally: a star in a tag is not a pattern.`;
  return tag === tag.normalize("NFC")
    ? undefined
    : `${quoted(tag)} has decomposed characters (NFD): the tag that looks the same in NFC is another one.`;
}

function distinct(texts: readonly string[]): string[] {
  return [...new Set(texts)];
}
