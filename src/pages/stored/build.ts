// The build that made a page. A page of one build names assets that another build lacks, although
// frameworks often give both pages the same validators.
import { isReleaseId } from "../../base/release-id.ts";
import type { FieldLine } from "../../rules/fields.ts";
import { isTargeted } from "../../rules/cache-control.ts";
import { ofConnection } from "../../rules/storable.ts";
import { entityTag } from "../../rules/validators.ts";

/** Fields by which caches and clients use an answer, by their name in lower case. */
const withMeaning =
  /^(?:etag|last-modified|cache-|content-|date|age|expires|pragma|location|set-cookie|vary|surrogate-|(?:via|proxy-status)$)/;

/** Returns whether connections, caches or clients use a field by its name, so that no part changes it. */
export function hasMeaning(name: string): boolean {
  const lower = name.toLowerCase();
  return withMeaning.test(lower) || isTargeted(lower) || ofConnection.has(lower);
}

/** Begins the part of an ETag that names the build. */
const mark = ";release=";
const markPattern = /;release=[\w.:+-]{1,128}(?=")/g;

/** Adds the build to the ETag, so that no client keeps a page of another build because of a 304. */
export function markEntityTag(fields: Headers, build: string): void {
  const tag = entityTag(fields);
  if (tag !== null && isReleaseId(build)) fields.set("etag", `${tag.slice(0, -1)}${mark}${build}"`);
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
