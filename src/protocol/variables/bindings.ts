// Reads text from the bindings of a Worker, and the variables NAMESPACE and SITE_HOST.
import { OperatorError } from "../../base/operator-error.ts";
import { isOperatorHost } from "../../base/operator-host.ts";

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

/** Returns whether a text is a host as in a URL, in lower case and without a default port. */
export function isHost(host: string): boolean {
  return /^[\w.:[\]-]+$/.test(host) && URL.parse(`https://${host}`)?.host === host;
}

/**
 * Returns the hosts; empty if the variable is not set.
 *
 * @param config.operatorHost a host that is not the site's; by default none
 * @throws OperatorError if a value is not a host, or is `operatorHost`
 */
export function siteHostsOf(
  env: Env,
  { operatorHost }: { readonly operatorHost?: string | undefined } = {},
): string[] {
  if (!isSet(env, "SITE_HOST")) return [];
  const hosts = textOf(env, "SITE_HOST")?.toLowerCase().split(/\s+/) ?? [""];
  if (hosts.some((host) => isOperatorHost(host, operatorHost))) {
    throw new OperatorError({
      what: "SITE_HOST is invalid.",
      why: `${operatorHost} is also operatorHost, which serves no page of the site.`,
      hint: "Remove it from SITE_HOST, or choose another operatorHost in the configuration.",
    });
  }
  if (hosts.every(isHost)) return hosts;
  throw new OperatorError({
    what: "SITE_HOST is invalid.",
    why: `${hosts.length === 1 ? "Its value" : "One of its values"} is not a host as in a URL.`,
    hint:
      'Write only the host, with a port if it is not the default: "www.example.com". ' +
      "Separate several with spaces. For any host, unset SITE_HOST.",
  });
}
