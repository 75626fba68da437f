// Reads the variable NAMESPACE, the prefix of every key in Redis.
import { OperatorError } from "../../base/operator-error.ts";
import { type Env, isSet, textOf } from "./bindings.ts";

export const namespaceForm = /^[\w.-]{1,64}$/;

/**
 * Returns the namespace; `undefined` if the variable is not set.
 *
 * @throws OperatorError if the value is invalid
 */
export function namespaceOf(env: Env): string | undefined {
  if (!isSet(env, "NAMESPACE")) return undefined;
  const namespace = textOf(env, "NAMESPACE") ?? "";
  if (namespaceForm.test(namespace)) return namespace;
  throw new OperatorError({
    what: "NAMESPACE is invalid.",
    why: "Its value is not 1 to 64 letters, digits, dots, dashes or _.",
    hint: 'Set such a name, for example "staging", or unset NAMESPACE to use the configuration\'s.',
  });
}
