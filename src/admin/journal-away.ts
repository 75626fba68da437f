// Why the journal could not do what was asked of it, and what helps.
import type { Fault, Reason } from "../operator-error.ts";
import { mendOf, type RedisTrouble, whyOf } from "../redis/trouble.ts";

/** @param fault of what the database is reached with; `undefined` where nothing is set */
export function noJournal(fault: Fault | undefined): Reason {
  if (fault === undefined) {
    const mend = "First set UPSTASH_REDIS_REST_URL and UPSTASH_REDIS_REST_TOKEN.";
    return { why: "No journal is configured.", mend };
  }
  return { why: `No journal is usable: ${fault.why}`, mend: fault.mend };
}

/** @param again what the sender does then, such as `send it again` */
export function journalAway(trouble: RedisTrouble | undefined, again: string): Reason {
  const mend = trouble && mendOf(trouble);
  return {
    why: trouble === undefined ? "The journal did not answer." : `${whyOf(trouble)}.`,
    mend: mend === undefined ? `In a moment, ${again}.` : `First ${mend}. Then ${again}.`,
  };
}
