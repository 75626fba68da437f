// Refuses members of options that do not exist, which JavaScript would ignore.
import { OperatorError } from "./operator-error.ts";

/**
 * @param of the function that takes the options, as code writes it
 * @throws OperatorError that names each unknown member and lists the known ones
 */
export function refuseUnknown(given: object, known: readonly string[], of: string): void {
  const unknown = Object.keys(given).filter((name) => !known.includes(name));
  if (unknown.length === 0) return;
  const names = unknown.map((name) => JSON.stringify(name.slice(0, 80))).join(", ");
  throw new OperatorError({
    what: `The options of ${of} are invalid.`,
    why: `${names}: no such option exists, so it would have no effect.`,
    hint: `Remove it, or write one of: ${known.join(", ")}.`,
  });
}
