// The finding on hooks whose mapping fails.
import { isWithinMs } from "../../base/elapsed.ts";
import { isoOf } from "../../base/iso-date.ts";
import type { Finding } from "../../protocol/finding.ts";
import type { Hook } from "./port/hook.ts";

/**
 * Failures are reported this long, even after a success, because a mapping may fail for only one
 * kind of event.
 */
const mappingMs = 60 * 60_000;

/** @param hooks hooks by name */
export function hookMapping(
  hooks: ReadonlyMap<string, Pick<Hook, "trouble">>,
  atMs: number,
): Finding[] {
  return [...hooks].flatMap(([name, { trouble }]): Finding | [] => {
    if (trouble === undefined || !isWithinMs(mappingMs, trouble.lastAtMs, atMs)) return [];
    const did =
      trouble.kind === "threw" ? "threw an error" : "returned something other than a purge";
    return {
      code: "hook-mapping",
      level: "critical",
      about: `hook ${JSON.stringify(name)}`,
      what: "Webhooks with a valid signature purged nothing. Pages may be out of date.",
      since: isoOf(trouble.sinceAtMs),
      cause: `The mapping of this hook ${did}.`,
      remedy:
        "Look for lines of the event hook in the log. Fix the mapping in the configuration, and deploy. After a 500, senders retry for some time; purge manually for events that they no longer send.",
    };
  });
}
