// Applies a route's changes of header fields, for the origin and for clients.
import type { FieldEdits } from "../config/route.ts";
import type { PhaseLines } from "../part/port/phases.ts";

/** Characters that some servers map to underscores. RFC 3875 §4.1.18 maps only dashes. */
const otherCharacters = /[^a-z\d-]/g;

/**
 * Returns the name as CGI may read it.
 *
 * @param name in lower case
 */
export const dashed = (name: string): string => name.replaceAll(otherCharacters, "-");

/**
 * Changes the fields. Returns the same object. Also removes aliases of the removed fields: CGI would read a
 * client's `x_env` as the `x-env` that the route sets.
 */
export function edit(fields: Headers, edits: FieldEdits | undefined): Headers {
  if (edits === undefined) return fields;
  for (const [name] of new Headers(fields))
    if (edits.removed.has(dashed(name))) fields.delete(name);
  for (const [name, value] of edits.lines) fields.append(name, value);
  return fields;
}

/** Sets the fields that rules give the origin, in place of those of the client and of their aliases. */
export function setLines(fields: Headers, given: PhaseLines): void {
  const lines = given.flatMap(([name, value]) =>
    value === null ? [] : [[name, value] as [string, string]],
  );
  edit(fields, { removed: new Set(given.map(([name]) => name)), lines });
}
