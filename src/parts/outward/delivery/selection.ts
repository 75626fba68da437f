// Turns the names in the journal's entries into what another cache can purge. A name that the cache
// cannot express becomes the next larger one, and in the end everything. The result is never
// narrower.
import type { Entry } from "../../../purge/journal/entry.ts";
import { dataScheme, type PurgeMode } from "../../../purge/journal/purge-target.ts";
import { unreachable } from "../../../base/unreachable.ts";
import { comparedUrl } from "../../../purge/journal/spelling.ts";

/** A target of a purge. Hosts and URLs are spelled as in keys. */
export type PurgedName =
  | { readonly kind: "everything" }
  | { readonly kind: "tag"; readonly tag: string }
  | { readonly kind: "url"; readonly url: string }
  /** `/path/` on every host, or a URL without a query. */
  | { readonly kind: "prefix"; readonly prefix: string }
  | { readonly kind: "host"; readonly host: string }
  | { readonly kind: "route"; readonly route: string }
  | { readonly kind: "group"; readonly origin: string; readonly group: string };

/** A name, and its place in a list of entries. */
export interface PlacedName {
  readonly name: PurgedName;
  readonly mode: PurgeMode;
  /** The index of the entry. */
  readonly entryAt: number;
  /** The index of the name among those of the entry. */
  readonly nameAt: number;
}

/** Returns the names of a purge. Omits application data and canaries, which no other cache stores. */
export function namesIn({ targets: { tags, prefixes } }: Pick<Entry, "targets">): PurgedName[] {
  const all = [
    ...tags.map(nameOf),
    ...prefixes.map((prefix) => ({ kind: "prefix", prefix }) as const),
  ];
  return all.filter((name) => !isOnlyHere(name));
}

/** Returns the names of entries, in their order. */
export function placedNames(entries: readonly Entry[]): PlacedName[] {
  return entries.flatMap((entry, entryAt) =>
    namesIn(entry).map((name, nameAt) => ({ name, mode: entry.mode, entryAt, nameAt })),
  );
}

function nameOf(target: string): PurgedName {
  const at = target.indexOf(":");
  const [kind, rest] = [target.slice(0, at), target.slice(at + 1)];
  switch (kind) {
    case "tag":
      return { kind, tag: rest };
    case "url":
      return { kind, url: rest };
    case "host":
      return { kind, host: rest };
    case "route":
      return { kind, route: rest };
    case "group": {
      const [origin = "", ...group] = rest.split(" ");
      return { kind, origin, group: group.join(" ") };
    }
    default:
      // `everything`, or a target of a newer version.
      return { kind: "everything" };
  }
}

function isOnlyHere(name: PurgedName): boolean {
  if (name.kind === "url") return name.url.startsWith(dataScheme);
  return name.kind === "prefix" && name.prefix.startsWith(dataScheme);
}

/** The names that a cache can purge. An absent member means that it cannot. */
export interface Reach {
  /** `exact`: one URL with its query. `any-query`: a URL with every query. */
  readonly url?: "exact" | "any-query";
  /**
   * `text`: everything that begins with the text. `directory`: a path and everything below it, but
   * not paths that only begin with the same letters.
   */
  readonly prefix?: "text" | "directory";
  readonly host?: true;
  /** Returns whether the cache can name the tag. */
  readonly tag?: (tag: string) => boolean;
  /** Whether the cache accepts a prefix without a host. */
  readonly anyHost?: true;
}

/** Facts about the cache in front, which the operator states. */
export interface CacheFacts {
  /** Whether its keys ignore the query parameters that Tidemark's keys ignore. */
  readonly urls: "exact" | "widened";
  /** Whether its responses have all tags. */
  readonly tags: boolean;
  /** The hosts by which it knows the site; empty if purges name all of them. */
  readonly hosts: readonly string[];
  /** The hosts of Tidemark's keys; empty if each host is a site. */
  readonly siteHosts: readonly string[];
}

export interface PathPrefix {
  readonly scheme: string;
  /** Empty for every host. */
  readonly host: string;
  readonly path: string;
}

/** The items to purge at a target. */
export interface Selection {
  readonly everything: boolean;
  readonly urls: readonly string[];
  readonly prefixes: readonly PathPrefix[];
  readonly hosts: readonly string[];
  readonly tags: readonly string[];
}

const selected = { everything: false, urls: [], prefixes: [], hosts: [], tags: [] };
export const selectedEverything: Selection = { ...selected, everything: true };

type Part = Partial<Selection>;

/** Returns what purges all the names. Each item is in the result once. */
export function selectionOf(
  names: readonly PurgedName[],
  reach: Reach,
  facts: CacheFacts,
): Selection {
  const parts = names.flatMap((name) => partsOf(name, reach, facts));
  if (parts.some(({ everything }) => everything)) return selectedEverything;
  const all = <Item>(of: (part: Part) => readonly Item[] | undefined) =>
    parts.flatMap((part) => of(part) ?? []);
  const prefixes = new Map(all(({ prefixes: of }) => of).map((one) => [JSON.stringify(one), one]));
  return {
    everything: false,
    urls: [...new Set(all(({ urls }) => urls))],
    prefixes: [...prefixes.values()],
    hosts: [...new Set(all(({ hosts }) => hosts))],
    tags: [...new Set(all(({ tags }) => tags))],
  };
}

const everything: readonly Part[] = [{ everything: true }];

function partsOf(name: PurgedName, reach: Reach, facts: CacheFacts): readonly Part[] {
  switch (name.kind) {
    case "tag":
      return facts.tags && reach.tag?.(name.tag) === true ? [{ tags: [name.tag] }] : everything;
    case "url":
      return partsOfUrl(name.url, reach, facts);
    case "prefix":
      return partsOfPrefix(name.prefix, reach, facts);
    case "host":
      return hostsFor(name.host, facts).flatMap((host) => partsOfHost(host, reach));
    case "group":
      return hostsFor(name.origin.replace(/^\w+:\/\//, ""), facts).flatMap((host) =>
        partsOfHost(host, reach),
      );
    case "route":
    case "everything":
      return everything;
    default:
      return unreachable(name);
  }
}

const urlForm = /^(\w+):\/\/([^/?#]*)([^?]*)(\?.*)?$/s;

function partsOfUrl(keyed: string, reach: Reach, facts: CacheFacts): readonly Part[] {
  return spellingsOf(keyed).flatMap((url): readonly Part[] => {
    const [, scheme = "", host = "", path = "/", query = ""] = urlForm.exec(url) ?? [];
    return hostsFor(host, facts).flatMap((one): readonly Part[] => {
      if (reach.url === "any-query") return [{ urls: [`${scheme}://${one}${path}`] }];
      if (reach.url === "exact" && facts.urls === "exact") {
        return [{ urls: [`${scheme}://${one}${path}${query}`] }];
      }
      return partsOfPath({ scheme, host: one, path }, reach);
    });
  });
}

function partsOfPrefix(prefix: string, reach: Reach, facts: CacheFacts): readonly Part[] {
  const [, scheme = "https", named = "", path = ""] = urlForm.exec(prefix) ?? [
    "",
    "https",
    "",
    prefix,
  ];
  const hosts = named === "" ? hostsOfAll(reach, facts) : hostsFor(named, facts);
  if (hosts === undefined) return everything;
  const cut = reach.prefix === "directory" ? path.slice(0, path.lastIndexOf("/") + 1) : path;
  return hosts.flatMap((host) =>
    spellingsOf(cut).flatMap((one) => partsOfPath({ scheme, host, path: one }, reach)),
  );
}

/**
 * Returns the spellings of a named URL or path that the cache in front may distinguish. A purge covers
 * `*` besides `%2A`. Named URLs have escapes in capital letters, but links such as those of WordPress have
 * `%c3%a9`.
 */
function spellingsOf(keyed: string): readonly string[] {
  const inSmallLetters = keyed.replaceAll(/%[\dA-F]{2}/g, (escape) => escape.toLowerCase());
  return [...new Set([keyed, comparedUrl(keyed), inSmallLetters])];
}

/** Returns the hosts of a prefix on every host; `undefined` if nobody knows them. */
function hostsOfAll(reach: Reach, { hosts, siteHosts }: CacheFacts): readonly string[] | undefined {
  if (hosts.length > 0) return hosts;
  if (siteHosts.length > 0) return siteHosts;
  return reach.anyHost === undefined ? undefined : [""];
}

function partsOfPath(prefix: PathPrefix, reach: Reach): readonly Part[] {
  const isWholeHost = reach.prefix === undefined || prefix.path.length <= 1;
  if (isWholeHost) return prefix.host === "" ? everything : partsOfHost(prefix.host, reach);
  return [{ prefixes: [prefix] }];
}

function partsOfHost(host: string, reach: Reach): readonly Part[] {
  return reach.host ? [{ hosts: [host] }] : everything;
}

/**
 * Returns the hosts by which the cache knows a keyed host. A host outside of `siteHosts` has the first
 * of them in its keys. The cache may also request by a host that nobody listed, so an unknown host
 * becomes all hosts. A site that the cache does not serve has nothing to purge there.
 */
function hostsFor(keyed: string, { hosts, siteHosts }: CacheFacts): readonly string[] {
  if (hosts.length === 0) return [keyed];
  const known = hosts.filter((host) => {
    const names = [host, host.replace(/:\d+$/, "")];
    const isListed = names.some((name) => siteHosts.includes(name));
    return names.includes(keyed) || (keyed === siteHosts[0] && !isListed);
  });
  if (known.length > 0) return known;
  const isElsewhere = [keyed, ...hosts].every((host) => siteHosts.includes(host));
  return isElsewhere ? [] : hosts;
}
