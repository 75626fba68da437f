// The targets of a purge: tags and path prefixes. Everything, a host, a route, a URL and an origin's groups
// are internal tags of each record.
import type { Coverage } from "../../cache/record/record.ts";
import { comparedUrl } from "./spelling.ts";

export type PurgeMode = "hard" | "soft";

export interface PurgeTargets {
  /** In the journal's form, whose prefixes keep users' tags apart from internal ones. */
  readonly tags: readonly string[];
  /** `/path/` on every host, or `https://host/path/`. Compared as text in one spelling. */
  readonly prefixes: readonly string[];
}

/** Bytes of UTF-8. No purge can name a longer tag, so records are not purgeable by it. */
export const tagBytesMax = 256;

/** Returns a tag's length in bytes of UTF-8, as in JSON and the journal. */
export function tagBytes(tag: string): number {
  return new TextEncoder().encode(tag).length;
}

/** The tag of every record. */
export const everythingTag = "everything";
export const everything: PurgeTargets = { tags: [everythingTag], prefixes: [] };

/** Covers no record. Written as empty lists, because an omitted list means everything. */
export const nothing: PurgeTargets = { tags: [], prefixes: [] };

/** @param tag as named by a response or its route */
export const userTag = (tag: string): string => `tag:${tag}`;
/** @param host as spelled in keyed URLs */
export const hostTag = (host: string): string => `host:${host}`;
/** @param route its name */
export const routeTag = (route: string): string => `route:${route}`;
/** @param url as keyed */
export const urlTag = (url: string): string => `url:${url}`;
/**
 * Returns the tag for a group of one origin (RFC 9875 §2.1). A purge by tag covers the group at all
 * origins.
 *
 * @param origin scheme and host, as keyed URLs begin
 */
export const groupTag = ({ origin, group }: { origin: string; group: string }): string =>
  `group:${origin} ${group}`;

/**
 * Returns targets by kind, for operators. Each group follows its origin and a space; only answers of an
 * origin name groups.
 */
export function namedTargets({ tags, prefixes }: PurgeTargets) {
  const under = (kind: string) =>
    tags.filter((tag) => tag.startsWith(kind)).map((tag) => tag.slice(kind.length));
  return {
    tags: under(userTag("")),
    urls: under(urlTag("")),
    prefixes,
    hosts: under(hostTag("")),
    routes: under(routeTag("")),
    groups: under("group:"),
    everything: tags.includes(everythingTag),
  };
}

/**
 * Returns a tag in the spelling used for comparison. The journal may hold URLs that another version of the
 * Worker keyed.
 */
export function comparedTag(tag: string): string {
  return tag.startsWith(urlTag("")) ? comparedUrl(tag) : tag;
}

/** Scheme of application data. Purges of pages by host, prefix or route do not cover it. */
export const dataScheme = "tidemark-data:";

export interface Coverable {
  /** All tags by which the record can be purged. */
  readonly tags: readonly string[];
  /** The texts that prefixes are compared with: the path, and the URL without its query. */
  readonly paths: readonly [path: string, url: string];
}

const known = new WeakMap<Coverage, Coverable>();

/** Returns what can cover a record. Cached per record, because every use asks. */
export function coverable(record: Coverage): Coverable {
  let worked = known.get(record);
  if (worked === undefined && record.url.startsWith(dataScheme)) {
    const url = comparedUrl(record.url);
    const tags = [everythingTag, urlTag(url), ...record.tags.map(userTag)];
    worked = { tags, paths: [url, url] };
    known.set(record, worked);
  }
  if (worked === undefined) {
    const { url, route, tags, groups = [] } = record;
    const [origin = "", host = ""] = /^\w+:\/\/([^/?#]*)/.exec(url) ?? [];
    const unseen = [everythingTag, hostTag(host), routeTag(route), comparedTag(urlTag(url))];
    const ofGroups = groups.map((group) => groupTag({ origin, group }));
    const withoutQuery = url.split("?", 1)[0] ?? url;
    const path = withoutQuery.slice(withoutQuery.indexOf("/", withoutQuery.indexOf("//") + 2));
    worked = {
      tags: [...unseen, ...tags.map(userTag), ...ofGroups],
      paths: [comparedUrl(path), comparedUrl(withoutQuery)],
    };
    known.set(record, worked);
  }
  return worked;
}
