// Responses of the operator's routes: JSON with `no-store`, for answers and errors. Also says why there is no
// journal, and how an order was read.
import type { Fault, Reason } from "../base/operator-error.ts";
import type { OrderReading } from "../purge/acceptance/order.ts";
import type { Unavailable } from "../purge/journal/journal.ts";
import { mendOf, whyOf } from "../redis/trouble.ts";

type Fields = Readonly<Record<string, string>>;

/** Builds a JSON response. */
export function told(said: object, status = 200, headers: Fields = {}): Response {
  return Response.json(said, { status, headers: { "cache-control": "no-store", ...headers } });
}

/** Builds an error response: `{"error": {code, what, why, mend}}`. */
export function toldError(
  status: number,
  { code, what, why, mend }: Fault & { readonly code: string },
  headers?: Fields,
): Response {
  return told({ error: { code, what, why, mend } }, status, headers);
}

/** @param fault of the database's settings; `undefined` if none are set */
export function noJournal(fault: Fault | undefined): Reason {
  if (fault === undefined) {
    const mend = "First set UPSTASH_REDIS_REST_URL and UPSTASH_REDIS_REST_TOKEN.";
    return { why: "No journal is configured.", mend };
  }
  return { why: `No journal is usable: ${fault.why}`, mend: fault.mend };
}

/** @param again what the sender should do next, such as `send it again` */
export function journalAway({ trouble, words }: Unavailable, again: string): Reason {
  const mend = trouble && mendOf(trouble, words);
  return {
    why: trouble === undefined ? "The journal did not answer." : `${whyOf(trouble, words)}.`,
    mend: mend === undefined ? `In a moment, ${again}.` : `First ${mend}. Then ${again}.`,
  };
}

const toldCountMax = 20;
const toldBytesMax = 4_096;

/**
 * Summarizes how an order was read: at most 20 remarks and 4 KiB of each kind.
 *
 * @returns `targets`: the resulting targets, by kind; `readAs`: targets that were normalized; `notes`: caveats
 *   for the sender. Empty `readAs` and `notes` are left out
 */
export function toldOf({ counts, readAs, notes }: OrderReading) {
  const toldReadAs = bounded(readAs.map(({ sent, as }) => ({ sent, as })));
  const toldNotes = bounded(notes);
  const leftCount = readAs.length - toldReadAs.length + notes.length - toldNotes.length;
  const left = leftCount > 0 ? [`There are ${leftCount} more such remarks, left out here.`] : [];
  const allNotes = [...toldNotes, ...left];
  return {
    targets: counts,
    ...(toldReadAs.length > 0 ? { readAs: toldReadAs } : {}),
    ...(allNotes.length > 0 ? { notes: allNotes } : {}),
  };
}

/** Returns the leading items that fit, as JSON, without truncation. */
function bounded<Item>(items: readonly Item[]): Item[] {
  const fitting: Item[] = [];
  let leftBytes = toldBytesMax;
  for (const item of items.slice(0, toldCountMax)) {
    leftBytes -= new TextEncoder().encode(JSON.stringify(item)).length;
    if (leftBytes < 0) return fitting;
    fitting.push(item);
  }
  return fitting;
}
