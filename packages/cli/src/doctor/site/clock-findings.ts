// Compares the clock of this machine with the site's.
import { spanOf } from "../../../../../src/protocol/finding.ts";
import type { DoctorFinding } from "../finding.ts";

/** The default of A, the clock allowance of the purge protocol. */
const allowanceMs = 1_000;
/** Standard Webhooks accepts a signature for five minutes. */
const signatureMs = 5 * 60_000;

/**
 * Reports a clock that is off by more than A. If both clocks are right, the site's time is between the start
 * and the end of the request.
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
        ? "The site rejects purges signed on this machine, and ages that this machine computes are wrong."
        : "Ages that this machine computes are wrong by this difference.",
      // A cached answer has an old time, so it can only make this machine's clock look ahead.
      cause: `The clock of this machine is ${spanOf(Math.abs(aheadMs))} ${aheadMs > 0 ? "ahead of the site's, or a cache answered in the site's place" : "behind the site's"}.`,
      remedy: "Set the clock of this machine by NTP.",
    },
  ];
}
