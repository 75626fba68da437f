// Faults of one colo, or of the origin.
import { changing, type Fault, type Victim } from "./fault.ts";
import type { Passage } from "./rest-front.ts";

type ColoFault = Fault<Victim<"colos">>;

/** Breaks one colo's connection to the database. The others continue. */
const passage =
  (kind: Passage): ColoFault =>
  (victim) => {
    const { front } = victim.draws.oneOf(victim.site.colos);
    return changing([0.5, 4], victim, [front, "passage", kind]);
  };

const farAway: ColoFault = (victim) => {
  const { front } = victim.draws.oneOf(victim.site.colos);
  return changing([1, 4], victim, [front, "wayMs", victim.draws.between(10, 350)]);
};

const restarted: ColoFault = async ({ site, draws }) => {
  await draws.oneOf(site.colos).restart();
};

const originFailing: ColoFault = (victim) =>
  changing([1, 3], victim, [victim.origin, "errorShare", victim.draws.between(0.3, 1)]);

const originSlow: ColoFault = (victim) =>
  changing([1, 4], victim, [victim.origin, "slowShare", 0.6]);

export const coloFaults = {
  "colo-cut-off": passage("cut"),
  "colo-unanswered": passage("silent"),
  "answers-to-appends-lost": passage("deaf"),
  "colo-far-away": farAway,
  "colo-restarted": restarted,
  "origin-failing": originFailing,
  "origin-slow": originSlow,
} as const satisfies Record<string, ColoFault>;
