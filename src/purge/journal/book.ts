// The names of targets in the journal's book (docs/purge-protocol-book.md, rule 27). Different targets
// may share a name. A purge of one target then also counts for the others, so the book errs towards
// a purge.
import { BoundedMarks } from "../../base/bounded-map.ts";
import { sha256Short } from "../../base/sha256.ts";
import type { Coverage, Stamp } from "../../cache/record/record.ts";
import { comparedTag, coverable, type PurgeTargets } from "./purge-target.ts";
import { comparedUrl } from "./spelling.ts";

/**
 * The number of slashes up to which the book distinguishes prefixes. The path and the URL of a
 * record then have at most 63 names, whatever a client requests.
 */
const slashesMax = 30;

/** The maximum number of names of a record, which are 140 KB of a command. Cloudflare's own cache allows 1,000 tags. */
const namesMax = 10_000;

/** The names by text. A page has a dozen, most of them with other pages, and a digest takes 6 µs. */
const nameByText = new BoundedMarks<string>();

/** Returns the names of a purge's targets. A prefix is named by its directory. */
export function namesOf({ tags, prefixes }: PurgeTargets): readonly string[] {
  const directories = prefixes.map((prefix) => directoriesIn(comparedUrl(prefix)).at(-1) ?? "");
  // Few purges name the same target, so these names would only fill the map.
  return digested(tags.map(comparedTag), directories, sha256Short);
}

/** Returns all names under which the book may note a purge of the record. */
export function namesCovering(record: Coverage): readonly string[] {
  const { tags, paths } = coverable(record);
  return digested(tags, paths.flatMap(directoriesIn));
}

/** A record as the book is asked about it. */
export interface BookQuery {
  /** The `n` of the record's stamp. If it is empty, the answer is false. */
  readonly n: string;
  readonly names: readonly string[];
}

/** Returns the query for a record. The `n` is empty if the book cannot vouch for the record. */
export function bookQuery(record: Coverage & { readonly stamp: Stamp }): BookQuery {
  const names = record.stamp === "none" ? [] : namesCovering(record);
  if (record.stamp === "none" || names.length > namesMax) return { n: "", names: [] };
  return { n: record.stamp.n, names };
}

/**
 * Returns the text up to each of its first slashes, shortest first, and then up to its first `?`,
 * where the prefix of one page ends. The first is empty, for prefixes without a slash. Purges and
 * records must use the same cut.
 */
function directoriesIn(text: string): string[] {
  const directories = [""];
  let at = text.indexOf("/");
  while (at >= 0 && directories.length <= slashesMax) {
    directories.push(text.slice(0, at + 1));
    at = text.indexOf("/", at + 1);
  }
  const pageEnd = text.indexOf("?") + 1;
  return pageEnd > 0 ? [...directories, text.slice(0, pageEnd)] : directories;
}

/** Returns the digests as names of one length, without duplicates. */
function digested(
  tags: readonly string[],
  directories: readonly string[],
  digest: (text: string) => string = nameOf,
): readonly string[] {
  const texts = new Set([...tags, ...directories.map((path) => `dir:${path}`)]);
  return Array.from(texts, (text) => digest(text));
}

function nameOf(text: string): string {
  const known = nameByText.get(text);
  if (known !== undefined) return known;
  const name = sha256Short(text);
  nameByText.set(text, name);
  return name;
}
