// Responses of the operator's routes: JSON with `no-store`, for answers and errors. Also has the reasons for
// an unavailable journal, and the summary of an order.
import type { Fault, Reason } from "../base/operator-error.ts";
import type { OrderReading } from "../purge/acceptance/resolve-order.ts";
import type { Unavailable } from "../purge/journal/journal.ts";

type Fields = Readonly<Record<string, string>>;

/** Builds a JSON response. */
export function jsonAnswer(body: object, status = 200, headers: Fields = {}): Response {
  return Response.json(body, { status, headers: { "cache-control": "no-store", ...headers } });
}

/** Builds an error response: `{"error": {code, what, why, hint}}`. */
export function errorAnswer(
  status: number,
  { code, what, why, hint }: Fault & { readonly code: string },
  headers?: Fields,
): Response {
  return jsonAnswer({ error: { code, what, why, hint } }, status, headers);
}

/**
 * Returns a function that builds the errors of a route. `what` states the effect of these errors.
 */
export const errorsOf =
  (what: string) =>
  (status: number, code: string, { why, hint }: Reason): Response =>
    errorAnswer(status, { code, what, why, hint });

/** The fields of an answer to a sender that should send the same again. */
export const sendAgain: Fields = { "retry-after": "5" };

/** Builds the 503 for an order that the journal did not accept. */
export const notAccepted = (what: string, { why, hint }: Reason): Response =>
  errorAnswer(503, { code: "unavailable", what, why, hint }, sendAgain);

/**
 * Returns the reason for an unavailable journal.
 *
 * @param again the sender's next step, such as `send it again`
 */
export function journalAway({ why, hint }: Unavailable, again: string): Reason {
  return {
    why: why ?? "The journal did not answer.",
    hint: hint === undefined ? `Wait a moment, then ${again}.` : `First ${hint}. Then ${again}.`,
  };
}

/** Builds the error for a request that only `operate()` answers. `what` states the effect. */
export const lacksOperate = (status: number, what: string): Response =>
  errorAnswer(status, {
    code: "no-operate",
    what,
    why: "This Worker was created without operate.",
    hint: "Add operate() of tidemark/operate to `parts` of the configuration, and deploy.",
  });

const remarkCountMax = 20;
const remarkBytesMax = 4_096;

/**
 * Summarizes the reading of an order: at most 20 remarks and 4 KiB of each kind.
 *
 * @returns `targets`: the number of targets by kind; `readAs`: targets that were normalized;
 *   `notes`: caveats for the sender. Empty `readAs` and `notes` are left out
 */
export function orderSummary({ counts, readAs, notes }: OrderReading) {
  const shownReadAs = bounded(readAs.map(({ sent, as }) => ({ sent, as })));
  const shownNotes = bounded(notes);
  const leftCount = readAs.length - shownReadAs.length + notes.length - shownNotes.length;
  const left = leftCount > 0 ? [`${leftCount} more such remarks were left out.`] : [];
  const allNotes = [...shownNotes, ...left];
  return {
    targets: counts,
    ...(shownReadAs.length > 0 ? { readAs: shownReadAs } : {}),
    ...(allNotes.length > 0 ? { notes: allNotes } : {}),
  };
}

/** Returns the first items, as many as both limits allow. Truncates no item. */
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
