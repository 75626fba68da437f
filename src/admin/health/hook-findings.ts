// The finding on webhooks whose mapping fails.
import { isWithinMs } from "../../base/elapsed.ts";
import { isoOf } from "../../base/iso-date.ts";
import type { Finding } from "../../protocol/finding.ts";
import type { SiteState } from "./site-state.ts";

/** Failures count this long even after a success, because a mapping may fail for only one kind of event. */
const recentMs = 60 * 60_000;

export function hookMapping({ hooks, atMs }: SiteState): Finding[] {
  return [...hooks].flatMap(([name, { trouble }]): Finding[] => {
    if (trouble === undefined || !isWithinMs(recentMs, trouble.lastAtMs, atMs)) return [];
    const did = trouble.kind === "threw" ? "threw an error" : "returned something that is no purge";
    return [
      {
        code: "hook-mapping",
        level: "critical",
        about: `hook ${JSON.stringify(name)}`,
        what: "Webhooks with a right signature purged nothing. Pages may show what is no longer true.",
        since: isoOf(trouble.sinceAtMs),
        cause: `The mapping of this hook ${did}.`,
        remedy:
          "Look for lines of the event hook in the log. Fix the mapping in the configuration, and deploy. Senders that got the 500 send again for some time; purge by hand what they gave up.",
      },
    ];
  });
}
