// Checks the values of a part by name, such as targets of outward purges. Their names are also in variables.
import { OperatorError } from "../base/operator-error.ts";
import { isPlain } from "../base/schemas.ts";

interface ValueForm {
  /** The function of the part, such as `outward()`. */
  readonly of: string;
  /** The noun for a value, such as `target`. */
  readonly noun: string;
  /** How to write a value. */
  readonly example: string;
  readonly isValue: (value: unknown) => boolean;
}

/** The form of the names of rules, and of values. */
export const nameForm = /^[a-z][a-z0-9-]{0,31}$/;

/** @throws OperatorError that names each invalid name and value */
export function checkNamed(given: unknown, { of, noun, example, isValue }: ValueForm): void {
  const faults = isPlain(given)
    ? Object.entries(given).flatMap(([name, value]) => {
        if (!nameForm.test(name)) return `${JSON.stringify(name)} ${noName}`;
        return isValue(value) ? [] : `${name} is not a ${noun}: write ${example}.`;
      })
    : [`It needs an object of ${noun}s by name, such as { ${noun}: ${example} }.`];
  if (faults.length === 0) return;
  throw new OperatorError({
    what: `${of} has invalid arguments.`,
    why: faults.join(" "),
    hint: "Fix them in your configuration, such as tidemark.config.ts.",
  });
}

const noName =
  "is not a valid name: write a small letter, then up to 31 small letters, digits or -.";
