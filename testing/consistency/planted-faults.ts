// Workers with one fault each, which a run has to find: a change of the bundle's text, where names are
// still those of the source.
import type { FaultName } from "./nemesis.ts";

export const plantedFaults = {
  /** Rule 1 broken: what was purged while it was under way counts as newer than its purge. */
  "stamp-after-fetch": [
    /const stamp = (await ports\.view\.stamp\(\{[^}]*\}\));\s*(const validators =[^{}]*const \{ answer, asked(?:: \w+)? \} = await forwardSelecting\([^;]*;)/,
    "$2 const stamp = $1;",
  ],
  /** The purge view is asked of lower tiers alone. */
  "memory-not-judged": [
    /function judgedUnder\(question, candidate\) \{/,
    '$& if (candidate.tier === "memory") return { kind: "usable" };',
  ],
  /** Rule 7 broken: what no known purge covers answers, however old the view is. */
  "bound-ignored": [/if \(!isCurrent && !this\.#isTrusted\(\w+, \w+\)\)/, "if (false)"],
  /** Rules 16 and 17 broken: a join that fails counts as a refresh. */
  "loss-not-detected": [
    /await this\.#checkAtPrimary\(chain\)/,
    "this.#verified([], this.#settings.nowAtMs())",
  ],
  /** Rule 5 broken: the newest purge of a target stands for all of them. */
  "soft-hides-hard": [
    /else if \(number\d* > newestSoft\(covered\)\) covered\.softAts\.push\((number\d*)\);/,
    "else if ((covered.hardAt = -1, $1 > newestSoft(covered))) covered.softAts.push($1);",
  ],
  /** Rule 21 broken: 200 whether or not the journal answered. */
  "accepts-unwritten": [
    /if \(replies\.kind === "unavailable"\) return unavailableFor\(replies\.cause, this\.#settings\.redis\);(?=\s*const positions)/,
    'if (replies.kind === "unavailable") return { kind: "appended", positions: ["1-1"] };',
  ],
  /** A cache that keeps the promise by never answering from a tier. */
  "never-hits": [/judge\(record\w*, \w+\) \{/, '$& if (true) return { kind: "unverified" };'],
} as const satisfies Record<string, readonly [was: RegExp, becomes: string]>;

export type PlantedFault = keyof typeof plantedFaults;

/** What brings each of them to light soonest. */
export const revealing = {
  "stamp-after-fetch": ["origin-slow"],
  "memory-not-judged": [],
  "bound-ignored": ["colo-cut-off", "colo-unanswered"],
  "loss-not-detected": ["redis-restarted-empty"],
  "soft-hides-hard": ["colo-cut-off", "colo-unanswered", "origin-slow"],
  "accepts-unwritten": ["redis-paused", "answers-to-appends-lost"],
  "never-hits": [],
} as const satisfies Record<PlantedFault, readonly FaultName[]>;

export const isPlantedFault = (name: string): name is PlantedFault => name in plantedFaults;

/** @throws Error when the text to change is not there exactly once: a fault that is none proves nothing */
export function plant(fault: PlantedFault, worker: string): string {
  const [was, becomes] = plantedFaults[fault];
  const { length } = worker.match(new RegExp(was, "g")) ?? [];
  if (length === 1) return worker.replace(was, becomes);
  throw new Error(`${fault} cannot be planted: its place in the Worker has changed.`);
}
