// The names of targets in the journal's book (docs/purge-protocol.md, rule 27). Different targets
// may share a name. A purge of one target then also counts for the others, so the book errs towards
// a purge.
import type { Coverage } from "../../cache/record/record.ts";
import { comparedTag, coverable, type PurgeTargets } from "./purge-target.ts";
import { comparedUrl } from "./spelling.ts";

/** The maximum length of a name, in UTF-16 code units. Longer names are cut at the front. */
const nameCharsMax = 64;

/** Returns the names of a purge's targets. A prefix is named by its directory. */
export function namesOf({ tags, prefixes }: PurgeTargets): readonly string[] {
  const directories = prefixes.map((prefix) => {
    const text = comparedUrl(prefix);
    return directory(text.slice(0, text.lastIndexOf("/") + 1));
  });
  return shortened([...tags.map(comparedTag), ...directories]);
}

/** Returns all names under which the book may note a purge of the record. */
export function namesCovering(record: Coverage): readonly string[] {
  const { tags, paths } = coverable(record);
  const directories = paths.flatMap((path) =>
    Array.from(path.matchAll(/\//g), ({ index }) => directory(path.slice(0, index + 1))),
  );
  // The directory of a prefix without a slash is empty.
  return shortened([...tags, directory(""), ...directories]);
}

function directory(path: string): string {
  return `dir:${path}`;
}

/**
 * Shortens names, and removes duplicates. Replaces lone surrogates, because connections to Redis
 * encode them in different ways.
 */
function shortened(names: readonly string[]): readonly string[] {
  return [...new Set(names.map((name) => name.slice(-nameCharsMax).toWellFormed()))];
}
