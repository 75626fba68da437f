// Findings about a rejected purge, and about pages that stay old after a purge.
import type { CommandError } from "../../command-error.ts";
import type { DoctorFinding } from "../finding.ts";
import { cacheMembers } from "../../asking/cache-status.ts";
import type { PurgedPage } from "./read-pages.ts";

export function purgeFindings(pages: readonly PurgedPage[]): DoctorFinding[] {
  return pages.flatMap(({ path, before, after }): DoctorFinding | [] => {
    const { ours } = cacheMembers(after.headers);
    // The test waits until the purge applies, so the `Date` of a new response is later than the purge.
    const date = after.headers.get("date");
    const isOld = date !== null && date === before.headers.get("date");
    if (!isOld) return [];
    const isOfOrigin = ours !== undefined && !ours.isHit;
    return {
      code: "purge-not-seen",
      level: isOfOrigin ? "warning" : "critical",
      about: `page ${JSON.stringify(path)}`,
      what: "Clients still get the old response after a purge.",
      cause: isOfOrigin
        ? `Tidemark requested the page again, and got a response with a Date from before the purge: there is a cache in front of the origin.`
        : `The response has a Date from before the purge. A cache in front of Tidemark answered, or a cache in front of the origin returned the old page.`,
      remedy: isOfOrigin
        ? "Purge that cache before you purge Tidemark, or turn it off for Tidemark."
        : "Check for Workers Cache, cache rules of the zone or a CDN in front of the site, and turn them off for the site.",
    };
  });
}

export function purgeRefused({ fault }: CommandError): DoctorFinding {
  const what = "The site rejected the purge, so doctor could not test it.";
  const { why: cause, hint: remedy } = fault;
  return { code: "purge-refused", level: "critical", what, cause, remedy };
}
