// The address of a site, as a user writes it.
import { usageError } from "../command-error.ts";

/** Where a site's operator routes are. */
export interface SiteAddress {
  /** Scheme and host, such as "https://www.example.com". */
  readonly origin: string;
  /** Without a slash at its end. */
  readonly operatorPath: string;
}

const localHosts = new Set(["localhost", "127.0.0.1", "[::1]"]);

/**
 * @param given.from what said it, such as `--site`
 * @throws CommandError for what is no address, and for one by which a token would travel in clear text
 */
export function siteAddress(given: {
  readonly site: string;
  readonly operatorPath: string | undefined;
  readonly from: string;
}): SiteAddress {
  const { site, operatorPath = "/_cache", from } = given;
  const url = URL.parse(site);
  const mend = "Write scheme and host alone, such as https://www.example.com.";
  const refused = (why: string, right = mend) =>
    usageError({ what: `${from} is refused.`, why, mend: right });
  if (url === null || !/^https?:$/.test(url.protocol)) {
    throw refused(`${JSON.stringify(site.slice(0, 200))} is no http or https URL.`);
  }
  if (url.username !== "" || url.password !== "") {
    throw refused("The address holds a user name or a password.");
  }
  if (url.pathname !== "/" || url.search !== "" || url.hash !== "") {
    throw refused(`${JSON.stringify(site.slice(0, 200))} has more than scheme and host.`);
  }
  if (url.protocol === "http:" && !localHosts.has(url.hostname)) {
    throw refused(
      `${url.origin} has no TLS, so the token would travel in clear text.`,
      "Write https://. Only this machine's own addresses may be http.",
    );
  }
  if (!/^(?:\/[\w.~-]+)+$/.test(operatorPath)) {
    throw usageError({
      what: "The operator path is refused.",
      why: `${JSON.stringify(operatorPath.slice(0, 80))} is no path such as /_cache.`,
      mend: "Write operatorPath as the site's configuration has it.",
    });
  }
  return { origin: url.origin, operatorPath };
}
