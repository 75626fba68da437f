// Compares the clock of this machine with the site's.
import { spanOf } from "../../../../../src/protocol/finding.ts";
import type { DoctorFinding } from "../finding.ts";

/** A of the purge protocol, by its default. */
const allowanceMs = 1_000;
/** Standard Webhooks accept a signature within five minutes. */
const signatureMs = 5 * 60_000;

/**
 * Reports a clock that is off by more than A. If both are right, the site's instant lies between the two others.
 *
 * @param given.at the site's clock, ISO 8601; `null` if it is invalid
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
        ? "Purges signed on this machine are refused, and ages that it computes are wrong."
        : "Ages that this machine computes are wrong by this difference.",
      cause: `The clock of this machine is ${spanOf(Math.abs(aheadMs))} ${aheadMs > 0 ? "ahead of" : "behind"} the site's, or a cache answered in the site's place.`,
      remedy: "Set the clock of this machine by NTP.",
    },
  ];
}
