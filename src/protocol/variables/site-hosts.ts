// Reads the variable SITE_HOST, the hosts of a site.
import { OperatorError } from "../../base/operator-error.ts";
import { type Env, isSet, textOf } from "./bindings.ts";

/**
 * Returns the hosts; empty if the variable is not set.
 *
 * @throws OperatorError if a value is not a host
 */
export function siteHostsOf(env: Env): string[] {
  if (!isSet(env, "SITE_HOST")) return [];
  const hosts = textOf(env, "SITE_HOST")?.toLowerCase().split(/\s+/) ?? [""];
  const isHost = (host: string) =>
    URL.canParse(`https://${host}`) && new URL(`https://${host}`).host === host;
  if (hosts.every(isHost)) return hosts;
  throw new OperatorError({
    what: "SITE_HOST is invalid.",
    why: `${hosts.length === 1 ? "Its value" : "One of its values"} is not a host as in a URL.`,
    hint:
      'Write only the host, with a port if it is not the default: "www.example.com". ' +
      "Separate several with spaces.",
  });
}
