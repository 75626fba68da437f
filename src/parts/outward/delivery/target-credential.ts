// Reads and checks the credential of a target of outward purges from the Worker's variables.
import type { Fault } from "../../../base/operator-error.ts";
import { type Env, textOf } from "../../../protocol/variables/bindings.ts";
import {
  othersWith,
  outwardVariable,
  whyNotUsable,
} from "../../../protocol/variables/secret-variables.ts";

/** The form of a target's credential. */
export interface CredentialForm {
  /** Its name in errors, such as `API token`. */
  readonly noun: string;
  /** Its form, and a predicate of "It" for a text of another form. */
  readonly form?: { readonly pattern: RegExp; readonly why: string } | undefined;
  /** Whether the target works without a credential. */
  readonly isOptional?: boolean;
}

/**
 * Reads a credential.
 *
 * @returns the fault if it is unusable; an empty text if it is optional and unset. `faults` concern a usable credential
 */
export function outwardSecretOf(
  name: string,
  env: Env,
  { noun, form, isOptional = false }: CredentialForm,
): { readonly secret: string | Fault; readonly faults: readonly Fault[] } {
  const variable = outwardVariable(name);
  const text = textOf(env, variable);
  if (text === undefined && isOptional) return { secret: "", faults: [] };
  const unusable = (why: string) => {
    const what = `No purge reaches the target ${JSON.stringify(name)}, because its credential is not usable.`;
    return { secret: { what, why, hint: `Set ${variable} to the ${noun}.` }, faults: [] };
  };
  if (text === undefined) return unusable(`${variable} is not set.`);
  if (/\s/.test(text)) return unusable(`${variable} contains white space.`);
  if (form?.pattern.test(text) === false) return unusable(`It ${form.why}.`);
  const why = whyNotUsable(text);
  if (why !== undefined) return unusable(why);
  const faults = othersWith([text], variable, env).map((other) => ({
    what: `The credential of the target ${JSON.stringify(name)} also has another use.`,
    why: `${variable} and ${other} hold the same secret.`,
    hint: "Give each of them its own value.",
  }));
  return { secret: text, faults };
}
