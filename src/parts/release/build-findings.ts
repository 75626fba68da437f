// The findings on builds: pages of left releases, and names that cannot be read.
import type { OpenPart, PartHost } from "../../admin/part-contents.ts";
import { isWithinMs } from "../../base/elapsed.ts";
import { isoOf } from "../../base/iso-date.ts";
import { releaseIdForm } from "../../base/release-id.ts";
import { aboutRoute, type Finding } from "../../protocol/finding.ts";

/** A deployment on several servers may take this long until all have the new build. */
const deploymentMs = 15 * 60_000;

const buildsMax = 5;

interface State {
  readonly notes: Pick<PartHost["site"]["notes"], "recent">;
  readonly releases: Pick<PartHost["site"]["releases"], "current">;
}

/** Opens the findings on builds. */
export function findingsOfBuilds({ site }: { readonly site: State }): OpenPart {
  return { findings: (atMs) => [...leftReleases(site, atMs), ...unreadable(site, atMs)] };
}

/** One finding per route with pages of other builds than the current release. */
function leftReleases({ notes, releases }: State, atMs: number): Finding[] {
  const release = releases.current?.id;
  return notes.recent("left-release", atMs).flatMap(({ route, entries, sinceAtMs }) => {
    const left = entries.filter((build) => build !== release);
    if (left.length === 0) return [];
    return {
      code: "left-release",
      level: isWithinMs(deploymentMs, sinceAtMs, atMs) ? "info" : "warning",
      about: aboutRoute(route),
      since: isoOf(sinceAtMs),
      values: { builds: left.slice(0, buildsMax), release: release ?? "none" },
    };
  });
}

/** One finding per route with answers whose field names no build. */
function unreadable({ notes }: State, atMs: number): Finding[] {
  return notes.recent("build-unreadable", atMs).map(({ route, sinceAtMs }) => ({
    code: "build-unreadable",
    level: "warning",
    about: aboutRoute(route),
    since: isoOf(sinceAtMs),
    values: { form: releaseIdForm },
  }));
}
