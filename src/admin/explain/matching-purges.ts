// The purges of the journal, as far as this isolate knows it, that name what is stored for a request.
import { isoOf } from "../../base/iso-date.ts";
import type { Coverage, Stamp } from "../../cache/record/record.ts";
import {
  acceptedAtMs,
  comparePositions,
  type Entry,
  isBeginning,
} from "../../purge/journal/entry.ts";
import {
  comparedTag,
  coverable,
  namedTargets,
  type PurgeTargets,
} from "../../purge/journal/purge-target.ts";
import { comparedUrl } from "../../purge/journal/spelling.ts";

/** An entry that names a response, by some of its targets. */
export interface MatchingPurge {
  readonly position: string;
  readonly at: string | null;
  readonly mode: Entry["mode"];
  readonly reason: string;
  readonly by: string;
  /** Those of its targets that name the response, by kind; kinds without any are left out. */
  readonly targets: Partial<ReturnType<typeof namedTargets>>;
  /** It was not known when the copy was asked for, so it covers it. One that was known does not. */
  readonly isSince: boolean;
  /** It is the one that decided. */
  readonly decides: boolean;
}

/** The newest of them, and how many there are. */
export interface MatchingPurges {
  /** What they name: the copy that was found, or the URL, since nothing is stored. */
  readonly of: "copy" | "url";
  /** When the copy was asked for. */
  readonly askedAt?: string;
  readonly count: number;
  readonly newest: readonly MatchingPurge[];
}

const newestMax = 20;

type StampedCopy = Coverage & { readonly stamp: Stamp; readonly requestedAtMs: number };

/**
 * Leaves the mark of the journal's beginning out, unless it decides: it names everything.
 *
 * @param entries in any order
 * @param stored  the copy; `undefined` where there is none, and whatever names its URL matches
 * @param url     what is known of a request for which nothing is stored
 */
export function matchingPurges(
  entries: readonly Entry[],
  { stored, url }: { stored: StampedCopy | undefined; url: Coverage },
  decidingPosition: string | undefined,
): MatchingPurges {
  const stamp = stored?.stamp ?? "none";
  const told = entries.filter(
    (entry) => !isBeginning(entry) || entry.position === decidingPosition,
  );
  const matching = told
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
      isSince: stamp === "none" || comparePositions(position, stamp.position) > 0,
      decides: position === decidingPosition,
    };
  });
  const count = matching.length;
  if (stored === undefined) return { of: "url", count, newest };
  return { of: "copy", askedAt: new Date(stored.requestedAtMs).toISOString(), count, newest };
}

/** Those of the targets that cover it. */
function targetsOn({ tags, prefixes }: PurgeTargets, coverage: Coverage): PurgeTargets {
  const { tags: own, paths } = coverable(coverage);
  return {
    tags: tags.filter((tag) => own.includes(comparedTag(tag))),
    prefixes: prefixes.filter((prefix) =>
      paths.some((path) => path.startsWith(comparedUrl(prefix))),
    ),
  };
}

function onlyNamed(targets: PurgeTargets): MatchingPurge["targets"] {
  const named = Object.entries(namedTargets(targets));
  return Object.fromEntries(
    named.filter(([, value]) => (Array.isArray(value) ? value.length > 0 : value)),
  );
}
