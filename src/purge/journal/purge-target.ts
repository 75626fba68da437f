// What a purge covers: tags and path prefixes, nothing more. Everything, a host, a route, a URL and
// the groups of an origin are tags that a stored response carries unseen.
import { groupsIn } from "../../http/cache-groups.ts";
import type { StoredMetadata } from "../../proxy/stored/stored-response.ts";
import { comparedUrl } from "./spelling.ts";

export type PurgeMode = "hard" | "soft";

export interface PurgeTargets {
  /** In the journal's own form: users' tags and the unseen ones cannot be mistaken. */
  readonly tags: readonly string[];
  /** `/path/` for every host, or `https://host/path/`; compared as text, in one spelling. */
  readonly prefixes: readonly string[];
}

/** A tag that takes more, in UTF-8, can neither be purged nor makes a response be purged. */
export const tagBytesMax = 256;

/** As JSON and the journal hold it. */
export function tagBytes(tag: string): number {
  return new TextEncoder().encode(tag).length;
}

export const everythingTag = "everything";
export const userTag = (tag: string): string => `tag:${tag}`;
export const hostTag = (host: string): string => `host:${host}`;
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

/** The same as a purge names them. */
export interface NamedTargets {
  readonly tags: readonly string[];
  readonly urls: readonly string[];
  readonly prefixes: readonly string[];
  readonly hosts: readonly string[];
  readonly routes: readonly string[];
  /** Each after its origin and a space. Only answers of an origin name them. */
  readonly groups: readonly string[];
  readonly everything: boolean;
}

export function namedTargets({ tags, prefixes }: PurgeTargets): NamedTargets {
  const under = (inJournalForm: (name: string) => string) =>
    tags
      .filter((tag) => tag.startsWith(inJournalForm("")))
      .map((tag) => tag.slice(inJournalForm("").length));
  return {
    tags: under(userTag),
    urls: under(urlTag),
    prefixes,
    hosts: under(hostTag),
    routes: under(routeTag),
    groups: under((group) => `group:${group}`),
    everything: tags.includes(everythingTag),
  };
}

/**
 * The journal holds URLs as they are keyed, whatever version of the Worker wrote them; they are
 * compared in one spelling.
 */
export function comparedTag(tag: string): string {
  return tag.startsWith(urlTag("")) ? comparedUrl(tag) : tag;
}

export interface Coverable {
  /** Every tag under which a stored response can be purged. */
  readonly tags: readonly string[];
  /** The texts that a prefix may begin: the path, and the URL without its query. */
  readonly paths: readonly [path: string, url: string];
}

const known = new WeakMap<StoredMetadata, Coverable>();

/** Asked on every use of a stored response, so worked out once for each. */
export function coverable(stored: StoredMetadata): Coverable {
  let worked = known.get(stored);
  if (worked === undefined) {
    const { url, route, tags } = stored;
    const implicit = [
      everythingTag,
      hostTag(hostOf(url)),
      routeTag(route),
      comparedTag(urlTag(url)),
    ];
    const visible = tags.map(userTag);
    worked = { tags: [...implicit, ...visible, ...groupTagsOf(stored)], paths: pathsOf(url) };
    known.set(stored, worked);
  }
  return worked;
}

/** Read from their own field, so that a `Cache-Tag` of the same name is none of them. */
function groupTagsOf({ url, fields, withheldTags = [] }: StoredMetadata): string[] {
  const lines = fields.filter(([name]) => name === "cache-groups").map(([, value]) => value);
  const withheld = withheldTags.filter(([name]) => name === "cache-groups");
  const groups = [...groupsIn(lines.join(", ")), ...withheld.flatMap(([, tags]) => tags)];
  if (groups.length === 0) return [];
  const origin = originOf(url);
  return groups.map((group) => groupTag({ origin, group }));
}

function originOf(url: string): string {
  return /^\w+:\/\/[^/?#]*/.exec(url)?.[0] ?? "";
}

function pathsOf(url: string): [path: string, url: string] {
  const withoutQuery = url.split("?", 1)[0] ?? url;
  const pathAt = withoutQuery.indexOf("/", withoutQuery.indexOf("//") + 2);
  return [comparedUrl(withoutQuery.slice(pathAt)), comparedUrl(withoutQuery)];
}

function hostOf(url: string): string {
  return /^\w+:\/\/([^/?#]*)/.exec(url)?.[1] ?? "";
}
