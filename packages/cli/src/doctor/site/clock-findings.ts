// A finding on the clock of this machine against the site's.
import { spanOf } from "../../../../../src/protocol/finding.ts";
import type { DoctorFinding } from "../finding.ts";

/** A, unless the configuration has another. */
const allowanceMs = 1_000;
/** Signatures of Standard Webhooks are taken within five minutes. */
const signatureMs = 5 * 60_000;

/**
 * Whatever the way back took, the site's clock stood between the two instants, if both clocks are right.
 *
 * @param given.at of the site, ISO 8601; `null` where it has none
 */
export function clockFindings(given: {
  readonly at: string | null;
  readonly askedAtMs: number;
  readonly answeredAtMs: number;
}): DoctorFinding[] {
  const { at, askedAtMs, answeredAtMs } = given;
  const siteAtMs = Date.parse(at ?? "");
  const aheadMs = Math.max(askedAtMs - siteAtMs, 0) - Math.max(siteAtMs - answeredAtMs, 0);
  if (!(Math.abs(aheadMs) > allowanceMs)) return [];
  const isTooFar = Math.abs(aheadMs) >= signatureMs;
  return [
    {
      code: "machine-clock",
      level: isTooFar ? "warning" : "info",
      what: isTooFar
        ? "Purges that are signed on this machine are refused, and ages that it works out are wrong."
        : "Ages that this machine works out are wrong by as much.",
      cause: `The clock of this machine is ${spanOf(Math.abs(aheadMs))} ${aheadMs > 0 ? "ahead of" : "behind"} the site's, or a cache has kept the site's answer.`,
      remedy: "Set the clock of this machine by NTP.",
    },
  ];
}
