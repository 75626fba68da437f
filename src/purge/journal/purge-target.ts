// The targets of a purge: tags and path prefixes. Each response also has internal tags: for its
// host, route, URL and groups, for releases, and for everything. Application data has internal tags
// for its URL and for everything.
import { notesOn } from "../../base/notes.ts";
import type { Coverage } from "../../cache/record/record.ts";
import { comparedUrl } from "./spelling.ts";

export type PurgeMode = "hard" | "soft";

export interface PurgeTargets {
  /** The tags in the journal's form, such as `tag:news` for a user's tag and `host:example.com`. */
  readonly tags: readonly string[];
  /**
   * The prefixes: `/path/` on every host, or `https://host/path/`. They are compared as text, in
   * the spelling of `comparedUrl`.
   */
  readonly prefixes: readonly string[];
}

/** The tag of every record. */
export const everythingTag = "everything";
export const everything: PurgeTargets = { tags: [everythingTag], prefixes: [] };

/**
 * Targets that cover no record. The journal's entry contains both empty lists, because an entry
 * with a missing or invalid list covers everything.
 */
export const nothing: PurgeTargets = { tags: [], prefixes: [] };

/** @param tag the tag as a response or its route names it */
export const userTag = (tag: string): string => `tag:${tag}`;
/** @param host the host as named URLs spell it */
export const hostTag = (host: string): string => `host:${host}`;
/** @param route the route's name */
export const routeTag = (route: string): string => `route:${route}`;
/** @param url the named URL */
export const urlTag = (url: string): string => `url:${url}`;
/** The tag of the pages of any release. */
export const releaseTag = "release";
const releasedPrefix = "released:";

/**
 * Returns the targets by which an entry tells a release: all pages of releases, and a marker that
 * covers no record.
 */
export const releaseTags = (id: string): readonly string[] => [releaseTag, releasedPrefix + id];

/**
 * Returns the targets of an entry that another version wrote: everything, and the marker of a release, if the texts have
 * one.
 */
export function everythingAnd({ tags }: PurgeTargets = nothing): PurgeTargets {
  const markers = tags.filter((tag) => tag.startsWith(releasedPrefix));
  return markers.length === 0 ? everything : { tags: [everythingTag, ...markers], prefixes: [] };
}

/** Returns the release that an entry with these targets tells; `undefined` if it tells none. */
export function releasedBy({ tags }: PurgeTargets): string | undefined {
  return tags.find((tag) => tag.startsWith(releasedPrefix))?.slice(releasedPrefix.length);
}

/** The maximum length of a path in a prefix for it, in characters. */
const pathCharsMax = 256;

/**
 * Returns a prefix that covers a page with any query. If the path is long, the prefix covers all
 * paths that begin alike.
 */
export function pathPrefix({ origin, path }: { origin: string; path: string }): string {
  return origin + `${comparedUrl(path)}?`.slice(0, pathCharsMax);
}

/**
 * Returns the tag for a group of one origin (RFC 9875 §2.1). The group's name is also a user's tag.
 * A purge of that tag covers the group at all origins.
 *
 * @param origin the scheme and host of named URLs
 */
export const groupTag = ({ origin, group }: { origin: string; group: string }): string =>
  `group:${origin} ${group}`;

/** Returns targets by kind, for operators. A group is shown as its origin, a space and its name. */
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
    releases: under(releasedPrefix),
    everything: tags.includes(everythingTag),
  };
}

/** Returns a tag in the spelling for comparison. The journal has named URLs. */
export function comparedTag(tag: string): string {
  return tag.startsWith(urlTag("")) ? comparedUrl(tag) : tag;
}

/**
 * The scheme of URLs of application data. Purges by host, by route or by a prefix of pages do not
 * cover application data.
 */
export const dataScheme = "tidemark-data:";

export interface Coverable {
  /** All tags by which the record can be purged. */
  readonly tags: readonly string[];
  /**
   * The strings that prefixes are compared with: the path and the URL without the query, both with a
   * final `?`, at which a prefix of one page ends. For application data, both are the URL.
   */
  readonly paths: readonly [path: string, url: string];
}

const known = notesOn<Coverage, Coverable>();

/**
 * Returns the tags and paths by which purges cover a record. Cached per record, because every use
 * of the record needs them.
 */
export function coverable(record: Coverage): Coverable {
  const kept = known.get(record);
  if (kept !== undefined) return kept;
  const worked = record.url.startsWith(dataScheme) ? coverableData(record) : coverablePage(record);
  known.set(record, worked);
  return worked;
}

/** A record made of values has their URLs among its tags. An application may have a tag that looks like one. */
const tagsOf = (tag: string): string[] =>
  tag.startsWith(dataScheme) ? [userTag(tag), comparedTag(urlTag(tag))] : [userTag(tag)];

function coverableData(record: Coverage): Coverable {
  const url = comparedUrl(record.url);
  return { tags: [everythingTag, urlTag(url), ...record.tags.flatMap(tagsOf)], paths: [url, url] };
}

function coverablePage({ url, route, tags, groups = [], release }: Coverage): Coverable {
  const withoutQuery = url.split("?", 1)[0] ?? url;
  const hostAt = withoutQuery.indexOf("//") + 2;
  const pathAt = withoutQuery.indexOf("/", hostAt);
  const host = withoutQuery.slice(hostAt, pathAt);
  const origin = withoutQuery.slice(0, pathAt);
  const derived = [everythingTag, hostTag(host), routeTag(route), comparedTag(urlTag(url))];
  if (release !== undefined) derived.push(releaseTag);
  const ofGroups = groups.map((group) => groupTag({ origin, group }));
  return {
    tags: [...derived, ...tags.flatMap(tagsOf), ...ofGroups],
    paths: [`${comparedUrl(withoutQuery.slice(pathAt))}?`, `${comparedUrl(withoutQuery)}?`],
  };
}
