// Reads a hook's secrets from the Worker's variables, and compares a text with them.
import type { Fault } from "../../../base/operator-error.ts";
import { type Env, textOf } from "../../../protocol/variables/bindings.ts";
import {
  hookVariable,
  othersWith,
  secretCharsMin,
  whyNotUsable,
} from "../../../protocol/variables/secret-variables.ts";
import { isFewWords } from "../../../protocol/variables/weak-secrets.ts";

/** A hook's secrets, or the fault if no secret is usable. */
export type HookSecrets = readonly string[] | Fault;

const listed = (text: string | undefined) =>
  (text ?? "").split(",").flatMap((one) => (one.trim() === "" ? [] : [one.trim()]));

/**
 * Reads comma-separated secrets. Several secrets allow rotation.
 *
 * @returns `faults`: faults of individual secrets; empty if no secret is usable
 */
export function hookSecretsOf(
  name: string,
  env: Env,
): { readonly secrets: HookSecrets; readonly faults: readonly Fault[] } {
  const variable = hookVariable(name);
  const all = listed(textOf(env, variable));
  const whys = all.map((secret) => whyNotUsable(secret));
  const usable = all.filter((_, at) => whys[at] === undefined);
  const why = whys.find((one) => one !== undefined);
  const hint = `Set a random string of ${secretCharsMin} characters or more as ${variable}, here and at the sender.`;
  if (usable.length === 0) {
    const what = `The hook ${JSON.stringify(name)} is closed, because it has no usable secret.`;
    const absent = `${variable} is not set.`;
    return { secrets: { what, why: why ?? absent, hint }, faults: [] };
  }
  const weak = `${variable} could be guessed.`;
  const faults = [
    ...(why === undefined ? [] : [{ what: `A secret in ${variable} is not used.`, why, hint }]),
    ...(usable.some(isFewWords)
      ? [{ what: weak, why: "A secret in it consists of two or three words.", hint }]
      : []),
    ...othersWith(usable, variable, env).map((other) => ({
      what: `A secret of the hook ${JSON.stringify(name)} also has another use.`,
      why: `${variable} and ${other} hold the same secret.`,
      hint: "Give each of them its own value.",
    })),
  ];
  return { secrets: usable, faults };
}

/** Returns whether a text is one of the secrets. */
export async function isOneOf(text: string, secrets: readonly string[]): Promise<boolean> {
  const bytesOf = (given: string) => new TextEncoder().encode(given);
  // Compares MACs under a random key. No function of all platforms compares texts in constant time.
  const bytes = crypto.getRandomValues(new Uint8Array(32));
  const algorithm = { name: "HMAC", hash: "SHA-256" };
  const key = await crypto.subtle.importKey("raw", bytes, algorithm, false, ["sign", "verify"]);
  const signature = await crypto.subtle.sign("HMAC", key, bytesOf(text));
  let isFound = false;
  for (const secret of secrets) {
    if (await crypto.subtle.verify("HMAC", key, signature, bytesOf(secret))) isFound = true;
  }
  return isFound;
}
