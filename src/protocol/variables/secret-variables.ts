// The variables that hold the secrets of hooks and the credentials of targets of outward purges, and the
// checks of their values.
import { type Env, textOf } from "./bindings.ts";
import { guessableBy } from "./weak-secrets.ts";

/** The minimum length of a secret. */
export const secretCharsMin = 16;

const otherSecrets = [
  "ADMIN_TOKEN",
  "PURGE_SECRET",
  "UPSTASH_REDIS_REST_TOKEN",
  "JOURNAL_REDIS_REST_TOKEN",
];

/** The beginnings of the variables of hooks, and of targets of outward purges. */
type SecretPrefix = "HOOK_SECRET_" | "OUTWARD_SECRET_";

/** Returns the name of a variable, such as `HOOK_SECRET_MY_SHOP` for `my-shop`. */
function secretVariable(prefix: SecretPrefix, name: string): string {
  return `${prefix}${name.toUpperCase().replaceAll("-", "_")}`;
}

/** Returns the name in a variable; `undefined` if the variable has another prefix. */
function nameInVariable(prefix: SecretPrefix, variable: string): string | undefined {
  if (!variable.startsWith(prefix) || variable === prefix) return undefined;
  return variable.slice(prefix.length).toLowerCase().replaceAll("_", "-");
}

export const hookVariable = (name: string): string => secretVariable("HOOK_SECRET_", name);

/** Returns the name of a variable's hook; `undefined` if the variable does not belong to a hook. */
export const hookOf = (variable: string): string | undefined =>
  nameInVariable("HOOK_SECRET_", variable);

/** Returns the name of a target's variable, such as `OUTWARD_SECRET_EDGE` for `edge`. */
export const outwardVariable = (name: string): string => secretVariable("OUTWARD_SECRET_", name);

/** Returns the name of a variable's target; `undefined` if the variable belongs to none. */
export const outwardOf = (variable: string): string | undefined =>
  nameInVariable("OUTWARD_SECRET_", variable);

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
