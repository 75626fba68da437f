// Which values can be a configuration at all: plain objects, as an object literal or JSON makes them.
import type { Fault } from "../operator-error.ts";

/** Else a promise or a `Map` would count as a configuration that leaves everything out. */
export function formFault(written: unknown): Fault | undefined {
  if (isPlain(written)) return undefined;
  return {
    what: "The configuration is refused.",
    why:
      written === undefined
        ? "The module has no default export."
        : `at the top: must be an object, and is ${formOf(written)}.`,
    mend: "Write `export default defineConfig({ … })`.",
  };
}

function formOf(written: unknown): string {
  if (written === null) return "null";
  if (typeof written !== "object") return `a ${typeof written}`;
  const { name = "" } = written.constructor as { name?: string };
  return `of the class ${JSON.stringify(name)}`;
}

/** Was it made by an object literal, by JSON, or without a prototype? */
export function isPlain(value: unknown): value is Record<string, unknown> {
  if (typeof value !== "object" || value === null) return false;
  const prototype: unknown = Object.getPrototypeOf(value);
  return prototype === Object.prototype || prototype === null;
}
