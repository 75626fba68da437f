// Parses the address of a site from a user.
import { usageError } from "../command-error.ts";

/** The location of a site's operator routes. */
export interface SiteAddress {
  /** Scheme and host, such as "https://www.example.com". */
  readonly origin: string;
  /** Without a final slash. */
  readonly operatorPath: string;
}

const localHosts = new Set(["localhost", "127.0.0.1", "[::1]"]);

/**
 * @param given.from the source of the address, such as `--site`
 * @throws CommandError for an invalid address, and for one that would send a token in clear text
 */
export function siteAddress(given: {
  readonly site: string;
  readonly operatorPath: string | undefined;
  readonly from: string;
}): SiteAddress {
  const { site, operatorPath = "/_cache", from } = given;
  const url = URL.parse(site);
  const hint = "Write only scheme and host, such as https://www.example.com.";
  const refused = (why: string, right = hint) =>
    usageError({ what: `${from} is invalid.`, why, hint: right });
  // Errors below quote the address, so look for a password first, also in an invalid address.
  if (site.includes("@")) throw refused("The address contains a user name or a password.");
  if (url === null || !/^https?:$/.test(url.protocol)) {
    throw refused(`${JSON.stringify(site.slice(0, 200))} is not an http or https URL.`);
  }
  if (url.pathname !== "/" || url.search !== "" || url.hash !== "") {
    throw refused(`${JSON.stringify(site.slice(0, 200))} contains more than scheme and host.`);
  }
  if (url.protocol === "http:" && !localHosts.has(url.hostname)) {
    throw refused(
      `${url.origin} has no TLS, so the token would travel in clear text.`,
      "Write https://. Only this machine's own addresses may be http.",
    );
  }
  if (!/^(?:\/[\w.~-]+)+$/.test(operatorPath)) {
    throw usageError({
      what: "The operator path is invalid.",
      why: `${JSON.stringify(operatorPath.slice(0, 80))} is not a path such as /_cache.`,
      hint: "Write the operatorPath of the site's configuration.",
    });
  }
  return { origin: url.origin, operatorPath };
}
