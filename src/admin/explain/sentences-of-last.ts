// Sentences on previous events: the last response, and the last request that bypassed the cache.
import type { Copy } from "./copies.ts";
import type { LookAccount } from "./explanation.ts";
import type { Ground } from "./grounds.ts";
import { youngSeconds } from "./never-fresh.ts";
import type { LastAnswerAccount, LastPassedAccount } from "./last-answer.ts";

/** Returns `(clause): why. To fix it: hint.`, without the last sentence if there is no hint. */
export function groundText({ clause, why, hint }: Ground): string {
  return `(${clause}): ${why}.${hint === undefined ? "" : ` To fix it: ${hint}.`}`;
}

/** Returns the age on arrival in parentheses; an empty string for a response that was new. */
export function ageOnArrival({ ageOnArrivalSeconds }: Pick<Copy, "ageOnArrivalSeconds">): string {
  return ageOnArrivalSeconds < youngSeconds ? "" : ` (${ageOnArrivalSeconds} s on arrival)`;
}

const saidStored = " Its Cache-Status says stored, because that was sent before the body arrived.";
const madePrivate =
  " Tidemark added private to its Cache-Control, so that no other cache stores it.";

export function lastSentence(last: LastAnswerAccount): string {
  const { at, status, lifetimeSeconds, lifetimeFrom, said, notStored } = last;
  const age = last.ageOnArrivalSeconds;
  const old = age < youngSeconds ? "" : `, and it was ${age} s old on arrival`;
  const lived = `Its lifetime was ${lifetimeSeconds} s (${lifetimeFrom})${old}.`;
  const fields = said.map(([name, value]) => `${name}: ${value}`).join("; ");
  const named = fields === "" ? "The origin sent no caching fields." : `The origin sent ${fields}.`;
  if (notStored !== undefined) {
    const { rule, names } = notStored;
    const sent = `${last.isReportedStored ? saidStored : ""}${last.isMadePrivate ? madePrivate : ""}`;
    const about = names.length === 0 ? rule : `${rule}: ${names.join(", ")}`;
    return `The last answer for it arrived at ${at}, a ${status}. It was not stored, by the rule ${about} ${groundText(notStored)}${sent} ${lived} ${named}`;
  }
  return `The last answer for it arrived at ${at}, a ${status}. It was stored${tiersText(last)}. ${lived} ${named}`;
}

function tiersText({ tiers }: LastAnswerAccount): string {
  const results = Object.entries(tiers).map(([tier, result]) => `${tier} ${result}`);
  return results.length === 0 ? "" : ` (${results.join(", ")})`;
}

export function lastPassedSentence(passed: LastPassedAccount): string {
  const { at, method, rule, isMadePrivate } = passed;
  return `The last request for it that bypassed the cache arrived at ${at}, a ${method}: by the rule ${rule} ${groundText(passed)}${isMadePrivate ? madePrivate : ""}`;
}

/** The sentence for a page that no tier has and that this isolate has not answered. */
export const nothingKnown =
  "This isolate remembers no answer for it. Request the page like its client, with the field Tidemark-Debug, and read detail in the answer's Cache-Status. Or request the page, and then run explain again.";

export function isNothingKnown({ tiers, vary, ...known }: LookAccount): boolean {
  const isStored = vary !== undefined || tiers.some(({ has }) => has !== "nothing");
  return !isStored && !known.last && !known.lastPassed && !known.nearest;
}
