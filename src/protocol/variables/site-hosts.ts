// Reads SITE_HOST: the hosts that a site answers to.
import { OperatorError } from "../../base/operator-error.ts";
import { type Env, isSet, textOf } from "./bindings.ts";

/** @throws OperatorError for what is no host */
export function siteHostsOf(env: Env): string[] {
  if (!isSet(env, "SITE_HOST")) return [];
  const hosts = textOf(env, "SITE_HOST")?.toLowerCase().split(/\s+/) ?? [""];
  const isHost = (host: string) =>
    URL.canParse(`https://${host}`) && new URL(`https://${host}`).host === host;
  if (hosts.every(isHost)) return hosts;
  throw new OperatorError({
    what: "SITE_HOST is refused.",
    why: `${hosts.length === 1 ? "Its value" : "One of its values"} is no host as it stands in a URL.`,
    mend:
      'Write the host alone, with a port only if it is not the usual one: "www.example.com". ' +
      "Several stand with a space between.",
  });
}
