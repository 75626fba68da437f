// Fills the texts of codes with the values that a site answers.
import { percentOf, spanOf, type Values } from "../../../../src/protocol/finding.ts";

/**
 * Replaces each `{name}` with the value of this name. The name's end tells the unit, and lists are quoted.
 * A part in `«»` is left out if it has no value.
 */
export function fill(text: string, values: Values = {}): string {
  return text
    .replaceAll(/«([^»]*)»/g, (_, part: string) =>
      [...part.matchAll(placeholder)].every(([, name = ""]) => values[name]?.toString())
        ? part
        : "",
    )
    .replaceAll(placeholder, (whole, name: string) => {
      const value = Object.hasOwn(values, name) ? values[name] : undefined;
      return value === undefined ? whole : shown(name, value);
    });
}

const placeholder = /\{(\w+)\}/g;

function shown(name: string, value: Values[string]): string {
  if (typeof value === "object") return value.map((one) => JSON.stringify(one)).join(", ");
  if (typeof value === "string") return value;
  if (name.endsWith("Ms")) return spanOf(Math.abs(value));
  if (name.endsWith("Share")) return percentOf(value);
  return name.endsWith("econds") ? `${value} s` : `${value}`;
}
