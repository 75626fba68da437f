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
    return {
      code: "hook-mapping",
      level: "critical",
      about: `hook ${JSON.stringify(name)}`,
      since: isoOf(trouble.sinceAtMs),
      values: { did: trouble.kind },
    };
  });
}
