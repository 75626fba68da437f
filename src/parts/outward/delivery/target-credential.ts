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
  /** The names of the parts, which white space separates, such as `access key id`. */
  readonly parts: readonly string[];
  /** The form of the first part, and a predicate of "It" for a part of another form. */
  readonly form?: { readonly pattern: RegExp; readonly why: string } | undefined;
  /** Whether the target works without a credential. */
  readonly isOptional?: boolean;
}

/**
 * Reads a credential.
 *
 * @returns the parts, or the fault if they are unusable; empty if the credential is optional and
 *   unset. `faults` concern a usable credential
 */
export function outwardSecretOf(
  name: string,
  env: Env,
  { parts, form, isOptional = false }: CredentialForm,
): { readonly secret: readonly string[] | Fault; readonly faults: readonly Fault[] } {
  const variable = outwardVariable(name);
  const text = textOf(env, variable);
  if (text === undefined && isOptional) return { secret: [], faults: [] };
  const found = text?.split(/\s+/) ?? [];
  const why = whyUnusable(text, found, { parts, form, variable });
  if (why !== undefined) {
    const what = `No purge reaches the target ${JSON.stringify(name)}, because its credential is not usable.`;
    const hint = `Set ${variable} to ${inWords(parts)}.`;
    return { secret: { what, why, hint }, faults: [] };
  }
  const faults = othersWith(found, variable, env).map((other) => ({
    what: `The credential of the target ${JSON.stringify(name)} also has another use.`,
    why: `${variable} and ${other} hold the same secret.`,
    hint: "Give each of them its own value.",
  }));
  return { secret: found, faults };
}

function whyUnusable(
  text: string | undefined,
  found: readonly string[],
  { parts, form, variable }: Omit<CredentialForm, "isOptional"> & { readonly variable: string },
): string | undefined {
  if (text === undefined) return `${variable} is not set.`;
  if (found.length !== parts.length) {
    return `${variable} has ${found.length} parts, which white space separates.`;
  }
  const isOfForm = form === undefined || form.pattern.test(found[0] ?? "");
  return isOfForm ? whyNotUsable(text) : `It ${form.why}.`;
}

function inWords(parts: readonly string[]): string {
  return parts.map((part) => `the ${part}`).join(", a space, ");
}
