// Exports of `tidemark/release`: pages carry the build that made them, and assets outlive their build.
// See docs/releases.md.
import { isReleaseId } from "../../base/release-id.ts";
import { OperatorError } from "../../base/operator-error.ts";
import type { Route } from "../../config/config.ts";
import type { PartContents } from "../../admin/part-contents.ts";
import { hasMeaning } from "../../pages/stored/build.ts";
import { optionsOf, type PartedRoute, type RoutePart } from "../../part/port/part.ts";
import type { Phases } from "../../part/port/phases.ts";
import type { PhaseHost } from "../../pages/site/site.ts";
import { tokenPattern } from "../../rules/cache-control.ts";
import { responseMediaTypes, typesAgainst } from "../../rules/media-types.ts";
import { findingsOfBuilds } from "./build-findings.ts";

/** The builds of pages, by the field with the build's name; or the releases for which lost assets stay. */
export type ReleaseOptions = "keep" | { readonly header: string } | { readonly keep: number };

/**
 * Separates the pages of builds, or keeps the assets of left builds.
 *
 * @param options `{ header: "x-build-id" }`: pages name their build in this field of the origin's answers, and
 *   only pages of the current release are stored. `{ keep: 5 }`: assets stay for 1 to 20 releases after the
 *   origin has lost them. `"keep"`: for 3
 * @throws OperatorError for other options
 * @example
 * defineConfig({
 *   routes: [
 *     { name: "assets", match: "/assets/*", fresh: "365d", use: [release("keep")] },
 *     { name: "pages", match: "*", fresh: "10m", use: [release({ header: "x-build-id" })] },
 *   ],
 * });
 */
export function release(options: ReleaseOptions): RoutePart {
  const read = readOptions(options);
  const isNaming = "header" in read;
  const contents: PartContents = { openPhases, open: findingsOfBuilds };
  return {
    kind: "route",
    name: "release",
    traits: { builds: isNaming ? "named" : "shared" },
    options: read,
    isForStored: true,
    ...(!isNaming && { faultOn: faultOfKeeping }),
    contents,
  };
}

type ReadOptions = { readonly header: string } | { readonly keep: number };

function readOptions(options: ReleaseOptions): ReadOptions {
  if (options === "keep") return { keep: 3 };
  const { header, keep, ...others } = (options ?? {}) as { header?: unknown; keep?: unknown };
  const isOne = (header === undefined) !== (keep === undefined);
  if (!isOne || Object.keys(others).length > 0) throw refusal("has other options");
  if (keep !== undefined) {
    const isRight = Number.isInteger(keep) && Number(keep) >= 1 && Number(keep) <= 20;
    if (!isRight) throw refusal("has keep, which must be a whole number of releases from 1 to 20");
    return { keep: Number(keep) };
  }
  if (typeof header !== "string" || !tokenPattern.test(header)) {
    throw refusal("has header with a name that no header field can have");
  }
  if (hasMeaning(header)) {
    throw refusal(`has header: ${JSON.stringify(header)}, which clients need`);
  }
  return { header };
}

const refusal = (fault: string): OperatorError =>
  new OperatorError({
    what: "The Worker does not start.",
    why: `release ${fault}.`,
    hint: 'Write release({ header: "x-build-id" }), release({ keep: 3 }) or release("keep").',
  });

function faultOfKeeping({ negative = {}, fresh }: PartedRoute): string | undefined {
  const byStatus = { negative, fresh: typeof fresh === "object" ? fresh : {} };
  for (const [field, lifetimes] of Object.entries(byStatus)) {
    const missing = ["404", "410"].find((status) => Object.hasOwn(lifetimes, status));
    if (missing === undefined) continue;
    return `has release with keep, and ${field} has ${missing}, but a server of another build may lack an asset; remove ${missing}`;
  }
  return undefined;
}

function openPhases(host: PhaseHost) {
  return (route: Route): Phases => {
    const options = optionsOf(route, "release") as ReadOptions;
    return "header" in options
      ? phasesOfPages(options.header, route, host)
      : phasesOfAssets(options.keep, route, host);
  };
}

function phasesOfPages(
  field: string,
  { name: route }: Route,
  { releases, notes, nowAtMs }: PhaseHost,
): Phases {
  /** Returns whether a response is of the current release. Returns `true` before the first release. */
  const isOfCurrent = (build: string | undefined) =>
    releases.current === undefined || releases.current.id === build;
  return {
    build({ headers }) {
      const text = headers.get(field)?.trim() ?? "";
      const isReadable = text === "" || isReleaseId(text);
      if (!isReadable) notes.note("build-unreadable", route, [], nowAtMs());
      return { build: isReadable ? text : "", field };
    },
    refuses({ release: build = "" }) {
      if (build === "" || isOfCurrent(build)) return undefined;
      notes.note("left-release", route, [build], nowAtMs());
      return { rule: "left-release", names: [] };
    },
    against: ({ release: build }, isPurged) =>
      isPurged && !isOfCurrent(build) ? "origin-first" : undefined,
  };
}

/** The time for which an asset is kept that the origin may lose in a release. */
const keptSeconds = 30 * 86_400;

function phasesOfAssets(
  keep: number,
  { deceptionArmour }: Route,
  { releases, nowAtMs }: PhaseHost,
): Phases {
  return {
    // Some servers answer with a page in place of a missing asset, such as the front page.
    fails({ status, headers }, path) {
      const isMissing = status === 404 || status === 410;
      const isPage =
        deceptionArmour &&
        status === 200 &&
        typesAgainst([path], responseMediaTypes(headers)).length > 0;
      return isMissing || isPage ? { rule: "missing-asset", names: [] } : undefined;
    },
    keepSeconds: ({ status }) => (status < 300 ? keptSeconds : 0),
    /**
     * Departs from RFC 9111 §4.2.4: overrides directives that forbid stale use, because the name of such an
     * asset has a hash of its content.
     */
    standsIn: ({ status, mark }) =>
      status < 300 && (mark === undefined || releases.countSince(mark) < keep)
        ? "kept-asset"
        : undefined,
    // This isolate may not know older releases that another isolate counts.
    mark: () => releases.current?.position ?? `${nowAtMs()}-0`,
  };
}
