// The entity tag of a body, which clients get in place of the origin's validators if these lie: the same
// validator stood for another body before a purge, as with the ETag of a build or a Last-Modified of 1970.
import type { Route } from "../../config/config.ts";
import { type FieldLine, type Fields, fieldsOf } from "../../rules/fields.ts";
import { selectingFieldNames } from "../../rules/selecting.ts";
import { contentTagName, entityTag, isWeak } from "../../rules/validators.ts";
import type { StoredMetadata } from "./stored-response.ts";

/** Returns whether the validators of the origin have lied about this URL. */
export function isOfLyingUrl({ selecting }: Pick<StoredMetadata, "selecting">): boolean {
  return selecting.some(([name]) => name === contentTagName);
}

/**
 * Returns the entity tag that clients get in place of the origin's validators: empty for none, and `undefined`
 * if clients get those of the origin.
 */
export function contentTagFor(metadata: StoredMetadata, route: Route): string | undefined {
  if (metadata.contentTag !== undefined || !route.hasContentTags) return metadata.contentTag;
  return contentTagOf(metadata);
}

/**
 * Returns the SHA-256 of the body as an entity tag; empty if it is unknown. The tag is weak if the origin's is,
 * or if other clients may get the body with another coding.
 */
export function contentTagOf(metadata: StoredMetadata): string {
  const { status, bodyDigest, heldApart } = metadata;
  if (bodyDigest === null || heldApart !== undefined || status >= 300) return "";
  const fields = fieldsOf(metadata);
  const isCoded = fields.has("content-encoding");
  const mayBeCoded = isCoded || selectingFieldNames(fields).includes("accept-encoding");
  return `${mayBeCoded || isWeak(entityTag(fields) ?? "") ? "W/" : ""}"${bodyDigest}"`;
}

const validators = ["etag", "last-modified"];

export const isValidator = (name: string): boolean => validators.includes(name);

/** Returns the field lines with the validators that clients get. */
export function linesForClients(metadata: StoredMetadata, route: Route): readonly FieldLine[] {
  const tag = contentTagFor(metadata, route);
  if (tag === undefined) return metadata.fields;
  const others = metadata.fields.filter(([name]) => !isValidator(name));
  return tag === "" ? others : [...others, ["etag", tag]];
}

/** Returns the fields with the validators that clients get. */
export function fieldsForClients(metadata: StoredMetadata, route: Route): Fields {
  return fieldsOf({ fields: linesForClients(metadata, route) });
}

/** Removes the validators of the origin. Returns the same object. */
export function withoutValidators(fields: Headers): Headers {
  for (const name of validators) fields.delete(name);
  return fields;
}
