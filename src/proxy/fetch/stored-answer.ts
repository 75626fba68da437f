// Answers with a stored response where the origin was to be asked. One value tells what became of the
// request: Cache-Status and the counted outcome are both made from it.
import { discardBody } from "../../cache/record/record.ts";
import type { Handling } from "../../http/cache-status.ts";
import { unreachable } from "../../http/unreachable.ts";
import { type Answer, atHand, forwardedFor, type Need, policyOf } from "../reuse/need.ts";
import type { Candidate } from "../reuse/verdict.ts";
import { fromStored } from "../respond/respond.ts";
import { ageSeconds, termsOf } from "../stored/lifetime.ts";
import type { StoredResponse } from "../stored/stored-response.ts";

/** What became of a request for which the origin was to be asked. `kind` is the outcome that is counted. */
export type Became =
  /** Another's forward has brought the response. */
  | { readonly kind: "collapsed" }
  /** A 304 has freshened it. `stored`: it is stored so, too. */
  | { readonly kind: "validated"; readonly stored: boolean }
  /** It is stale, and allowed in place of an error (RFC 5861 §4). */
  | {
      readonly kind: "stale-hit";
      /** What the origin came to; `unasked` where it is known to fail. */
      readonly origin: OriginTold | "unasked";
      readonly ttlSeconds: number;
      readonly unverified: boolean;
    };

/** What Cache-Status tells of a forward (RFC 9211 §2.3, §2.6). */
export type OriginTold = Pick<Handling, "forwardStatus" | "collapsed">;

type RespondPorts = Parameters<typeof fromStored>[1]["ports"];
type PolicyPorts = Parameters<typeof policyOf>[0]["ports"];

export type StoredAnswerPorts = RespondPorts &
  PolicyPorts & {
    /** Epoch milliseconds. */
    readonly nowAtMs: () => number;
  };

/** @returns the answer that is made of the stored response, and its outcome */
export function storedAnswer(
  stored: StoredResponse,
  became: Became & { readonly ageSeconds: number },
  need: Need<StoredAnswerPorts>,
): Answer {
  const { asked, ports } = need;
  const handling = handlingOf(became, need);
  const response = fromStored(stored, { asked, ports, ageSeconds: became.ageSeconds, handling });
  return { response, outcome: became.kind };
}

/** @returns what Cache-Status tells of it (RFC 9211 §2) */
export function handlingOf(became: Became, need: Parameters<typeof forwardedFor>[0]): Handling {
  switch (became.kind) {
    case "collapsed":
      return { ...forwardedFor(need), collapsed: true };
    case "validated":
      return { ...forwardedFor(need), forwardStatus: 304, stored: became.stored };
    case "stale-hit": {
      const { origin, ttlSeconds, unverified } = became;
      const told = { detail: "stale-if-error", unverified };
      return origin === "unasked"
        ? { kind: "hit", ttlSeconds, ...told }
        : { ...forwardedFor(need), ...origin, ...told };
    }
    default:
      return unreachable(became);
  }
}

/** Answers with what another's forward has brought. What the look-up found is not needed any more. */
export function answeredBy({ stored }: Candidate, need: Need<StoredAnswerPorts>): Answer {
  const terms = termsOf(stored.metadata, policyOf(need));
  const age = ageSeconds(stored.metadata, terms, need.ports.nowAtMs());
  discardBody(atHand(need)?.stored);
  return storedAnswer(stored, { kind: "collapsed", ageSeconds: age }, need);
}
