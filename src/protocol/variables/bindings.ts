// A Worker's bindings as the runtime hands them over, and how a text among them is read.

/** Texts and bindings by name. */
export type Env = Readonly<Record<string, unknown>>;

/** A text of white space alone counts as not set. */
export function isSet(env: Env, name: string): boolean {
  const value = env[name];
  return typeof value === "string" ? value.trim() !== "" : value !== undefined;
}

/**
 * @returns the text without white space around it, which a shell may have added; `undefined` where
 *   it is empty, not set, or no text
 */
export function textOf(env: Env, name: string): string | undefined {
  const value = env[name];
  const text = typeof value === "string" ? value.trim() : "";
  return text === "" ? undefined : text;
}

/** RFC 6750 §2.1: may it be sent as a bearer's token, which is of visible ASCII? */
export function canBeBorne(token: string): boolean {
  return /^[\x21-\x7e]+$/.test(token);
}
