// Reads text from the bindings of a Worker.

/** Variables, secrets and other bindings by name. */
export type Env = Readonly<Record<string, unknown>>;

/** Returns whether a binding is set. A string of only white space is treated as unset. */
export function isSet(env: Env, name: string): boolean {
  const value = env[name];
  return typeof value === "string" ? value.trim() !== "" : value !== undefined;
}

/**
 * Returns trimmed text, because a shell may have added white space; `undefined` if it is empty,
 * unset or not a string.
 */
export function textOf(env: Env, name: string): string | undefined {
  const value = env[name];
  const text = typeof value === "string" ? value.trim() : "";
  return text === "" ? undefined : text;
}

/** Returns whether a token can be sent as a bearer token, in visible ASCII (RFC 6750 §2.1). */
export function canBeBorne(token: string): boolean {
  return /^[\x21-\x7e]+$/.test(token);
}
