// Finds the purges in this isolate's view of the journal that match a request's response.
import { isoOf } from "../../../base/iso-date.ts";
import type { Coverage } from "../../../cache/record/record.ts";
import {
  acceptedAtMs,
  comparePositions,
  type Entry,
  isBeginning,
} from "../../../purge/journal/entry.ts";
import {
  comparedTag,
  coverable,
  namedTargets,
  type PurgeTargets,
  releasedBy,
  releaseTag,
} from "../../../purge/journal/purge-target.ts";
import type { MatchingPurges } from "../../../protocol/explain-answer.ts";
import { comparedUrl } from "../../../purge/journal/spelling.ts";
import type { PurgeSubject } from "../../../purge/view/view-port.ts";

const newestMax = 20;

/**
 * Finds matching purges. The mark at the journal's beginning matches everything, so it is listed only if it
 * decided the verdict.
 *
 * @param entries the purges that this isolate knows, in any order
 * @param stored  the copy; without one, purges are matched against `url`
 * @param url the coverage of the URL, for a request without a stored response
 */
export function matchingPurges(
  entries: readonly Entry[],
  { stored, url }: { stored: PurgeSubject | undefined; url: Coverage },
  decidingPosition: string | undefined,
): MatchingPurges {
  const stamp = stored?.stamp ?? "none";
  const matching = entries
    .filter((entry) => !isBeginning(entry) || entry.position === decidingPosition)
    .map((entry) => ({ entry, targets: targetsOn(entry.targets, stored ?? url) }))
    .filter(({ targets }) => targets.tags.length + targets.prefixes.length > 0)
    .sort((one, other) => comparePositions(other.entry.position, one.entry.position));
  const newest = matching.slice(0, newestMax).map(({ entry, targets }) => {
    const { position, mode, reason, by } = entry;
    return {
      position,
      at: isoOf(acceptedAtMs(position)),
      mode,
      reason,
      by,
      targets: onlyNamed(targets),
      isSince:
        position === decidingPosition ||
        stamp === "none" ||
        comparePositions(position, stamp.position) > 0,
      decides: position === decidingPosition,
    };
  });
  const count = matching.length;
  if (stored === undefined) return { of: "url", count, newest };
  return { of: "copy", askedAt: new Date(stored.requestedAtMs).toISOString(), count, newest };
}

/** Returns the targets that cover the response. */
function targetsOn({ tags, prefixes }: PurgeTargets, coverage: Coverage): PurgeTargets {
  const { tags: own, paths } = coverable(coverage);
  // The marker of a release only names the build.
  const isMarker = (tag: string) =>
    own.includes(releaseTag) && releasedBy({ tags: [tag], prefixes: [] }) !== undefined;
  return {
    tags: tags.filter((tag) => own.includes(comparedTag(tag)) || isMarker(tag)),
    prefixes: prefixes.filter((prefix) =>
      paths.some((path) => path.startsWith(comparedUrl(prefix))),
    ),
  };
}

/** Leaves out kinds without a target. */
function onlyNamed(targets: PurgeTargets): MatchingPurges["newest"][number]["targets"] {
  const named = Object.entries(namedTargets(targets));
  return Object.fromEntries(
    named.filter(([, value]) => (Array.isArray(value) ? value.length > 0 : value)),
  );
}
