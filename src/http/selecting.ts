// Which stored response of a resource matches a request: Vary (RFC 9111 §4.1).
import type { Fields } from "./stored-response.ts";

/** @returns names in `Vary`, lower case, sorted, without repeats; empty when there is none */
export function selectingFieldNames(response: Fields): string[] {
  const names = (response.get("vary") ?? "").split(",").map((name) => name.trim().toLowerCase());
  return [...new Set(names.filter((name) => name !== ""))].sort();
}

export type SelectingValues = readonly (readonly [name: string, value: string | null])[];

/**
 * The values a request has for the nominated fields. White space around list commas means nothing
 * (RFC 9111 §4.1 allows such normalisation); everything else is compared as text.
 */
export function selectingValues(names: readonly string[], request: Fields): SelectingValues {
  return names.map((name) => [
    name,
    request
      .get(name)
      ?.trim()
      .replaceAll(/\s*,\s*/g, ",") ?? null,
  ]);
}

/** RFC 9111 §4.1: all nominated fields match, an absent one only an absent one. */
export function selects(stored: SelectingValues, request: Fields): boolean {
  const asked = selectingValues(
    stored.map(([name]) => name),
    request,
  );
  return stored.every(([, value], index) => asked[index]?.[1] === value);
}
