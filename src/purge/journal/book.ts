// The names under which the journal's book notes entries by target (docs/purge-protocol.md, rule 27).
// The book may only be too careful: different targets may share a name, so that a purge of one
// also ends records of the other.
import type { Coverage } from "../../cache/record/record.ts";
import { comparedTag, coverable, type PurgeTargets } from "./purge-target.ts";
import { comparedUrl } from "./spelling.ts";

/** The maximum length of a name. Of a longer name, only the end counts. */
const nameCharsMax = 64;

/** Returns the names of a purge's targets. A prefix is named by its directory. */
export function namesOf({ tags, prefixes }: PurgeTargets): readonly string[] {
  const directories = prefixes.map((prefix) => {
    const text = comparedUrl(prefix);
    return directory(text, text.lastIndexOf("/"));
  });
  return shortened([...tags.map(comparedTag), ...directories]);
}

/** Returns all names under which a purge of a record may be noted. */
export function namesCovering(record: Coverage): readonly string[] {
  const { tags, paths } = coverable(record);
  const directories = paths.flatMap((path) =>
    Array.from(path.matchAll(/\//g), ({ index }) => directory(path, index)),
  );
  // A prefix without a slash has no directory.
  return shortened([...tags, directory("", -1), ...directories]);
}

function directory(text: string, slashAt: number): string {
  return `dir:${text.slice(0, slashAt + 1)}`;
}

/** Replaces half surrogate pairs, which connections to Redis encode in different ways. */
function shortened(names: readonly string[]): readonly string[] {
  return [...new Set(names.map((name) => name.slice(-nameCharsMax).toWellFormed()))];
}
