// The names in the journal's entries, as other caches may know them.
import type { Entry } from "../../purge/journal/entry.ts";
import { canaryTag, dataScheme, type PurgeMode } from "../../purge/journal/purge-target.ts";

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
  if (name.kind === "tag") return name.tag === canaryTag;
  if (name.kind === "url") return name.url.startsWith(dataScheme);
  return name.kind === "prefix" && name.prefix.startsWith(dataScheme);
}
