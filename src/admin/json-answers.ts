// Responses of the operator's routes: JSON with `no-store`, for answers and errors. Also says why there is no
// journal, and how an order was read.
import type { Fault, Reason } from "../base/operator-error.ts";
import type { OrderReading } from "../purge/acceptance/order.ts";
import type { Unavailable } from "../purge/journal/journal.ts";

type Fields = Readonly<Record<string, string>>;

/** Builds a JSON response. */
export function jsonAnswer(said: object, status = 200, headers: Fields = {}): Response {
  return Response.json(said, { status, headers: { "cache-control": "no-store", ...headers } });
}

/** Builds an error response: `{"error": {code, what, why, hint}}`. */
export function errorAnswer(
  status: number,
  { code, what, why, hint }: Fault & { readonly code: string },
  headers?: Fields,
): Response {
  return jsonAnswer({ error: { code, what, why, hint } }, status, headers);
}

/** @param fault of the database's settings; `undefined` if none are set */
export function noJournal(fault: Fault | undefined): Reason {
  if (fault === undefined) {
    const hint = "First set UPSTASH_REDIS_REST_URL and UPSTASH_REDIS_REST_TOKEN.";
    return { why: "No journal is configured.", hint };
  }
  return { why: `No journal is usable: ${fault.why}`, hint: fault.hint };
}

/** @param again what the sender should do next, such as `send it again` */
export function journalAway({ why, hint }: Unavailable, again: string): Reason {
  return {
    why: why ?? "The journal did not answer.",
    hint: hint === undefined ? `In a moment, ${again}.` : `First ${hint}. Then ${again}.`,
  };
}

const remarkCountMax = 20;
const remarkBytesMax = 4_096;

/**
 * Summarizes how an order was read: at most 20 remarks and 4 KiB of each kind.
 *
 * @returns `targets`: the resulting targets, by kind; `readAs`: targets that were normalized; `notes`: caveats
 *   for the sender. Empty `readAs` and `notes` are left out
 */
export function orderSummary({ counts, readAs, notes }: OrderReading) {
  const shownReadAs = bounded(readAs.map(({ sent, as }) => ({ sent, as })));
  const shownNotes = bounded(notes);
  const leftCount = readAs.length - shownReadAs.length + notes.length - shownNotes.length;
  const left = leftCount > 0 ? [`There are ${leftCount} more such remarks, left out here.`] : [];
  const allNotes = [...shownNotes, ...left];
  return {
    targets: counts,
    ...(shownReadAs.length > 0 ? { readAs: shownReadAs } : {}),
    ...(allNotes.length > 0 ? { notes: allNotes } : {}),
  };
}

/** Returns the leading items that fit, as JSON, without truncation. */
function bounded<Item>(items: readonly Item[]): Item[] {
  const fitting: Item[] = [];
  let leftBytes = remarkBytesMax;
  for (const item of items.slice(0, remarkCountMax)) {
    leftBytes -= new TextEncoder().encode(JSON.stringify(item)).length;
    if (leftBytes < 0) return fitting;
    fitting.push(item);
  }
  return fitting;
}
