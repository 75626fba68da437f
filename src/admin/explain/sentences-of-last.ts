// Sentences on previous events: the last response, and the last request that bypassed the cache.
import type { Copy } from "./copies.ts";
import type { LookAccount } from "./explanation.ts";
import type { Ground } from "./grounds.ts";
import { youngSeconds } from "./never-fresh.ts";
import type { LastAnswerAccount, LastPassedAccount } from "./last-answer.ts";

/** `(clause): why. To fix it: hint.` */
export function groundText({ clause, why, hint }: Ground): string {
  return `(${clause}): ${why}.${hint === undefined ? "" : ` To fix it: ${hint}.`}`;
}

/** Returns nothing for a response that was new on arrival. */
export function ageOnArrival({ ageOnArrivalSeconds }: Pick<Copy, "ageOnArrivalSeconds">): string {
  return ageOnArrivalSeconds < youngSeconds ? "" : ` (${ageOnArrivalSeconds} s when it came)`;
}

const saidStored =
  " Its Cache-Status said stored all the same: that was sent before the body had come.";
const madePrivate =
  " Its client got private in Cache-Control: Tidemark added that, so that no other cache keeps the answer.";

export function lastSentence(last: LastAnswerAccount): string {
  const { at, status, lifetimeSeconds, lifetimeFrom, said, notStored } = last;
  const age = last.ageOnArrivalSeconds;
  const old = age < youngSeconds ? "" : `, and it was ${age} s old when it came`;
  const lived = `Its lifetime was ${lifetimeSeconds} s (${lifetimeFrom})${old}.`;
  const fields = said.map(([name, value]) => `${name}: ${value}`).join("; ");
  const named =
    fields === "" ? "The origin said nothing about caching." : `The origin said: ${fields}.`;
  if (notStored !== undefined) {
    const { rule, names } = notStored;
    const sent = `${last.isReportedStored ? saidStored : ""}${last.isMadePrivate ? madePrivate : ""}`;
    const about = names.length === 0 ? rule : `${rule}: ${names.join(", ")}`;
    return `The last answer for it came at ${at}, a ${status}. It was not stored, by ${about} ${groundText(notStored)}${sent} ${lived} ${named}`;
  }
  return `The last answer for it came at ${at}, a ${status}. It was stored${tiersText(last)}. ${lived} ${named}`;
}

function tiersText({ tiers }: LastAnswerAccount): string {
  const told = Object.entries(tiers).map(([tier, came]) => `${tier} ${came}`);
  return told.length === 0 ? "" : ` (${told.join(", ")})`;
}

export function lastPassedSentence(passed: LastPassedAccount): string {
  const { at, method, rule, isMadePrivate } = passed;
  return `The last request for it that went past the cache came at ${at}, a ${method}: by ${rule} ${groundText(passed)}${isMadePrivate ? madePrivate : ""}`;
}

/** For a page that neither the tiers nor this isolate know. */
export const nothingKnown =
  "This isolate remembers no answer for it. Ask for the page as its client does, with the field Tidemark-Debug, and read detail in the Cache-Status of the answer. Or ask for the page, and then ask explain again.";

export function isNothingKnown({ tiers, vary, ...known }: LookAccount): boolean {
  const isStored = vary !== undefined || tiers.some(({ has }) => has !== "nothing");
  return !isStored && !known.last && !known.lastPassed && !known.nearest;
}
