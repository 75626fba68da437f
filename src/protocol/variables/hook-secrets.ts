// Reads and checks a hook's secrets from the Worker's variables.
import type { Fault } from "../../base/operator-error.ts";
import { type Env, textOf } from "./bindings.ts";
import { guessableBy, isFewWords } from "./weak-secrets.ts";

/** A hook's secrets, or the fault if no secret is usable. */
export type HookSecrets = readonly string[] | Fault;

const secretCharsMin = 16;

const otherSecrets = [
  "ADMIN_TOKEN",
  "PURGE_SECRET",
  "UPSTASH_REDIS_REST_TOKEN",
  "JOURNAL_REDIS_REST_TOKEN",
];

/** The beginnings of the variables of hooks, and of targets of outward purges. */
type SecretPrefix = "HOOK_SECRET_" | "OUTWARD_SECRET_";

/** Returns the name of a variable, such as `HOOK_SECRET_MY_SHOP` for `my-shop`. */
export function secretVariable(prefix: SecretPrefix, name: string): string {
  return `${prefix}${name.toUpperCase().replaceAll("-", "_")}`;
}

/** Returns the name in a variable; `undefined` if the variable has another prefix. */
export function nameInVariable(prefix: SecretPrefix, variable: string): string | undefined {
  if (!variable.startsWith(prefix) || variable === prefix) return undefined;
  return variable.slice(prefix.length).toLowerCase().replaceAll("_", "-");
}

export const hookVariable = (name: string): string => secretVariable("HOOK_SECRET_", name);

/** Returns the name of a variable's hook; `undefined` if the variable does not belong to a hook. */
export const hookOf = (variable: string): string | undefined =>
  nameInVariable("HOOK_SECRET_", variable);

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

/** Returns why a secret is refused; `undefined` if it is usable. */
export function whyNotUsable(secret: string): string | undefined {
  if (secret.length < secretCharsMin) {
    return `It has fewer than ${secretCharsMin} characters and could be guessed.`;
  }
  const guessable = guessableBy(secret);
  return guessable && `It ${guessable}.`;
}

/** Returns the other variables that hold one of these secrets. */
export function othersWith(secrets: readonly string[], variable: string, env: Env): string[] {
  const plain = secrets.map((secret) => secret.replace("whsec_", ""));
  const hooks = Object.keys(env).filter(
    (name) => /^(?:HOOK|OUTWARD)_SECRET_/.test(name) && name !== variable,
  );
  return [...otherSecrets, ...hooks].filter((name) => {
    const text = textOf(env, name) ?? "";
    const values = [text, ...text.split(/[\s,]+/)];
    return values.some((one) => plain.includes(one.replace("whsec_", "")));
  });
}
