// A purge as it comes over the wire: read as this site names things, and turned into targets.
import type { Reason } from "../../base/operator-error.ts";
import { type PurgeOrder, quoted, readPurgeOrder } from "../../protocol/purge-order.ts";
import {
  everythingTag,
  hostTag,
  type PurgeMode,
  type PurgeTargets,
  routeTag,
  tagBytes,
  tagBytesMax,
  urlTag,
  userTag,
} from "../journal/purge-target.ts";
import { tagSpellings } from "../journal/spelling.ts";

export const orderBytesMax = 65_536;
/** Written as JSON, so that any target fits into an entry with all that stands beside it. */
const targetBytesMax = 4_096;

export interface ResolvedOrder {
  readonly targets: PurgeTargets;
  readonly reading: OrderReading;
  /** `soft` makes stale what it covers, where `hard` forbids any use of it. */
  readonly mode: PurgeMode;
  readonly reason: string;
  /** Asks what it would cover, and changes nothing. */
  readonly isDryRun: boolean;
}

/** How an order was read, for whoever sent it. */
export interface OrderReading {
  /** How many of each kind the order became; the spellings of one tag count once. */
  readonly counts: Readonly<
    Record<"tags" | "urls" | "prefixes" | "hosts" | "routes", number> & { everything: boolean }
  >;
  /** URLs, prefixes and hosts that are named otherwise here than they were sent. */
  readonly readAs: readonly { readonly sent: string; readonly as: readonly string[] }[];
  /** What a sender may not expect of what was sent, in whole sentences. */
  readonly notes: readonly string[];
}

/** What a name of the sender's is here, or why it names nothing that can be stored. */
export type Reading =
  | { readonly kind: "named"; readonly as: readonly string[]; readonly note?: string | undefined }
  | ({ readonly kind: "fault" } & Reason);

/**
 * How this site names what it stores: a URL as the keyed URLs that it means; a prefix as a path, or
 * scheme, host and path, normalised as keys are; a host as keys have it.
 */
export type Naming = Readonly<
  Record<"route" | "url" | "prefix" | "host", (sent: string) => Reading>
>;

/**
 * @param body text of the request
 * @returns the order, or why it is none
 */
export function readOrder(body: string, naming: Naming): ResolvedOrder | { fault: Reason } {
  const order = readPurgeOrder(body);
  return "fault" in order ? order : resolvedOrder(order, naming);
}

/** @returns the order by the names of this site, or why it names nothing that can be purged */
export function resolvedOrder(
  order: PurgeOrder,
  naming: Naming,
): ResolvedOrder | { fault: Reason } {
  const tags = readAll(order.tags, readTag);
  const urls = readAll(order.urls, naming.url);
  const prefixes = readAll(order.prefixes, naming.prefix);
  const hosts = readAll(order.hosts, naming.host);
  const routes = readAll(order.routes, naming.route);
  const all = [tags, routes, urls, prefixes, hosts];
  const [fault] = all.flatMap(({ faults }) => faults);
  if (fault !== undefined) return { fault };
  const { mode = "hard", reason = "", everything = false, dryRun: isDryRun = false } = order;
  const targets: PurgeTargets = {
    tags: distinct([
      ...(everything ? [everythingTag] : []),
      ...tags.names.flatMap(tagSpellings).map(userTag),
      ...urls.names.map(urlTag),
      ...hosts.names.map(hostTag),
      ...routes.names.map(routeTag),
    ]),
    prefixes: distinct(prefixes.names),
  };
  const named = [...targets.tags, ...targets.prefixes];
  if (named.length === 0) return { fault: namesNothing };
  if (named.some((target) => tagBytes(JSON.stringify(target)) > targetBytesMax)) {
    return { fault: tooLongTarget };
  }
  const counts = {
    tags: tags.names.length,
    urls: urls.names.length,
    prefixes: prefixes.names.length,
    hosts: hosts.names.length,
    routes: routes.names.length,
    everything,
  };
  const readAs = [urls, prefixes, hosts].flatMap((kind) => kind.readAs);
  const notes = distinct(all.flatMap((kind) => kind.notes));
  return { targets, reading: { counts, readAs, notes }, mode, reason, isDryRun };
}

const namesNothing: Reason = {
  why: "It names nothing to purge.",
  mend: 'Name something in tags, urls, prefixes, hosts or routes, or write "everything": true.',
};

const tooLongTarget: Reason = {
  why: `A URL, prefix or host is over ${targetBytesMax} bytes.`,
  mend: "Purge a shorter prefix of it.",
};

function readAll(names: readonly string[] = [], read: (name: string) => Reading) {
  const readings = names.map((sent) => ({ sent, ...read(sent) }));
  const named = readings.filter((reading) => reading.kind === "named");
  return {
    faults: readings.filter((reading) => reading.kind === "fault"),
    names: distinct(named.flatMap(({ as }) => as)),
    readAs: named.filter(({ sent, as }) => as.length !== 1 || as[0] !== sent),
    notes: named.flatMap(({ note }) => note ?? []),
  };
}

function readTag(tag: string): Reading {
  if (tagBytes(tag) > tagBytesMax) {
    const why = `A tag is over ${tagBytesMax} bytes.`;
    const mend = "Shorten it, at the origin too; purge what is stored by URL or prefix.";
    return { kind: "fault", why, mend };
  }
  return { kind: "named", as: [tag], note: noteOnTag(tag) };
}

/** Only a group, or a route's own tags, can hold both. */
function noteOnTag(tag: string): string | undefined {
  if (/,/.test(tag) && /\s/.test(tag.trim())) {
    return `${quoted(tag)} was taken for one tag; several are a list of texts.`;
  }
  return tag.includes("*")
    ? `${quoted(tag)} was taken as it stands: a star in a tag is no pattern.`
    : undefined;
}

function distinct(texts: readonly string[]): string[] {
  return [...new Set(texts)];
}
