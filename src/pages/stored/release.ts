// The releases of a site. A page of one build names assets that another build lacks, although
// frameworks often give both pages the same validators. Assets stay for the pages of older builds.
import { isReleaseId } from "../../base/release-id.ts";
import type { Route } from "../../config/config.ts";
import type { KnownReleases } from "../../purge/view/known-releases.ts";
import type { FieldLine, Fields } from "../../rules/fields.ts";
import { responseMediaTypes, typesAgainst } from "../../rules/media-types.ts";
import { entityTag } from "../../rules/validators.ts";
import type { StoredMetadata } from "./stored-response.ts";

interface Releases {
  readonly releases: Pick<KnownReleases, "current" | "countSince">;
}

type OfBuild = Pick<StoredMetadata, "release">;
type BuildRoute = Pick<Route, "builds" | "isFallback">;

/**
 * Returns the build that made an answer: empty if unknown, and `undefined` on a route without builds.
 * `unreadable`: the field's text names no build.
 */
export function buildIn(
  fields: Fields,
  { builds, isFallback }: BuildRoute,
): { readonly id: string | undefined; readonly unreadable?: true } {
  if (builds === undefined) return { id: undefined };
  // A fallback origin is not the application whose build this process knows.
  if (builds.header === undefined) return { id: isFallback ? "" : builds.id };
  const text = fields.get(builds.header)?.trim() ?? "";
  return text === "" || isReleaseId(text) ? { id: text } : { id: "", unreadable: true };
}

/**
 * Returns whether an answer is known to be of another build than the current release. Returns `false`
 * for an unknown build, and before the first release.
 */
export function isOfOtherBuild(metadata: OfBuild, site: Releases): boolean {
  const { release = "" } = metadata;
  return release !== "" && !isOfCurrentBuild(metadata, site);
}

/** Returns whether a response is of the current release. Returns `true` before the first release. */
export function isOfCurrentBuild(
  { release }: OfBuild,
  { releases: { current } }: Releases,
): boolean {
  return current === undefined || current.id === release;
}

/** Returns whether a 304 is of the build whose page it would freshen. */
export function isSameBuild(fresh: OfBuild, stored: OfBuild): boolean {
  return fresh.release === stored.release;
}

/** Begins the part of an ETag that names the build. */
const mark = ";release=";
const markPattern = /;release=[\w.:+-]{1,128}(?=")/g;

/** Adds the build to the ETag, so that no client keeps a page of another build because of a 304. */
export function markEntityTag(fields: Headers, build: string): void {
  const tag = entityTag(fields);
  if (tag !== null && build !== "") fields.set("etag", `${tag.slice(0, -1)}${mark}${build}"`);
}

/** Returns the fields of a request with ETags as the origin has sent them. */
export function unmarked(fields: readonly FieldLine[]): FieldLine[] {
  return fields.map(([name, value]) => [name, value.replaceAll(markPattern, "")]);
}

/** Removes a client's conditions on dates, which the pages of two builds may share. */
export function dropDateConditions(fields: Headers): void {
  fields.delete("if-modified-since");
  if (/^(?!")/.test(fields.get("if-range") ?? '"')) {
    fields.delete("if-range");
    fields.delete("range");
  }
}

/**
 * Returns whether an answer says that the origin's build lacks an asset, which another may have. Some
 * servers answer with a page instead, such as the front page.
 */
export function isMissingAsset(
  { status, headers }: Pick<Response, "status"> & { readonly headers: Fields },
  { keptReleases, deceptionArmour }: Route,
  { path }: { readonly path: string },
): boolean {
  if (keptReleases === 0) return false;
  if (status === 404 || status === 410) return true;
  const isPage = status === 200 && typesAgainst([path], responseMediaTypes(headers)).length > 0;
  return isPage && deceptionArmour;
}

/** Returns whether an asset still stays for the pages of older builds. */
export function isAssetKept(
  { status, lostAt }: Pick<StoredMetadata, "status" | "lostAt">,
  { keptReleases }: Pick<Route, "keptReleases">,
  { releases }: Releases,
): boolean {
  if (keptReleases === 0 || status >= 300) return false;
  return lostAt === undefined || releases.countSince(lostAt) < keptReleases;
}
