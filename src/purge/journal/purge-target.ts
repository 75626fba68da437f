// What a purge names: tags and path prefixes, nothing more. Everything, a host, a route, a URL and
// the groups of an origin are tags that a record carries unseen.
import type { Coverage } from "../../cache/record/record.ts";
import { comparedUrl } from "./spelling.ts";

export type PurgeMode = "hard" | "soft";

export interface PurgeTargets {
  /** In the journal's own form: users' tags and the unseen ones cannot be mistaken. */
  readonly tags: readonly string[];
  /** `/path/` for every host, or `https://host/path/`; compared as text, in one spelling. */
  readonly prefixes: readonly string[];
}

/** Bytes of UTF-8. No purge can name a longer tag, and a record that bears one is not purged by it. */
export const tagBytesMax = 256;

/** The length of a tag in UTF-8, as JSON and the journal hold it. */
export function tagBytes(tag: string): number {
  return new TextEncoder().encode(tag).length;
}

/** Every record bears it. */
export const everythingTag = "everything";
/** Covers every record. */
export const everything: PurgeTargets = { tags: [everythingTag], prefixes: [] };

/** Covers no record. It is written as empty lists, since a list that is left out means everything. */
export const nothing: PurgeTargets = { tags: [], prefixes: [] };

/** @param tag as a response or its route names it */
export const userTag = (tag: string): string => `tag:${tag}`;
/** @param host as keyed URLs have it */
export const hostTag = (host: string): string => `host:${host}`;
/** @param route its name */
export const routeTag = (route: string): string => `route:${route}`;
/** @param url as it is keyed */
export const urlTag = (url: string): string => `url:${url}`;
/**
 * A group as one origin knows it (RFC 9875 §2.1); a purge by tag names it for all origins.
 *
 * @param origin scheme and host, as keyed URLs begin
 */
export const groupTag = ({ origin, group }: { origin: string; group: string }): string =>
  `group:${origin} ${group}`;

/**
 * Targets by kind, as an operator is shown them. Each of the `groups`, which only answers of an
 * origin name, stands after its origin and a space.
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
 * The tag in the spelling that tags are compared in. The journal holds URLs as they were keyed, by
 * whatever version of the Worker wrote them.
 */
export function comparedTag(tag: string): string {
  return tag.startsWith(urlTag("")) ? comparedUrl(tag) : tag;
}

/** Begins the URL of what is no page. No purge of pages names it: hosts, prefixes and routes are of pages. */
export const dataScheme = "tidemark-data:";

export interface Coverable {
  /** Every tag under which a record can be purged. */
  readonly tags: readonly string[];
  /** The texts that a prefix may begin: the path, and the URL without its query. */
  readonly paths: readonly [path: string, url: string];
}

const known = new WeakMap<Coverage, Coverable>();

/** Asked on every use of a record, so worked out once for each. */
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
