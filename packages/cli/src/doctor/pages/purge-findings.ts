// Findings on a purge that is refused, and on pages that are still the old ones after one that holds.
import type { CommandError } from "../../command-error.ts";
import type { DoctorFinding } from "../finding.ts";
import { cacheMembers } from "../../asking/cache-status.ts";
import type { PurgedPage } from "./read-pages.ts";

export function purgeFindings(pages: readonly PurgedPage[]): DoctorFinding[] {
  return pages.flatMap(({ path, before, after }): DoctorFinding[] => {
    const { ours } = cacheMembers(after.headers);
    // The site waits for as long as a purge takes, so a new answer has a later second.
    const date = after.headers.get("date");
    const isOld = date !== null && date === before.headers.get("date");
    if (!isOld) return [];
    const isOfOrigin = ours !== undefined && !ours.isHit;
    return [
      {
        code: "purge-not-seen",
        level: isOfOrigin ? "warning" : "critical",
        about: `page ${JSON.stringify(path)}`,
        what: "After a purge that holds, clients still get the old answer.",
        cause: isOfOrigin
          ? `Tidemark asked the origin anew, and got an answer with a Date from before the purge: a cache stands between them.`
          : `The answer has a Date from before the purge. A cache in front of Tidemark has answered, or one below it gave Tidemark the old page again.`,
        remedy: isOfOrigin
          ? "Purge that cache before Tidemark, or turn it off for Tidemark."
          : "Look for Workers Cache, cache rules of the zone or a CDN before the site, and turn them off for it.",
      },
    ];
  });
}

export function purgeRefused({ fault }: CommandError): DoctorFinding[] {
  const what = "The purge was refused, so none was seen to hold.";
  const { why: cause, mend: remedy } = fault;
  return [{ code: "purge-refused", level: "critical", what, cause, remedy }];
}
