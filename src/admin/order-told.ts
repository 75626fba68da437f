// What the answer to a purge tells of how its order was read, bounded however long the order is.
import type { OrderReading } from "../purge/acceptance/order.ts";

const toldCountMax = 20;
const toldBytesMax = 4_096;

/**
 * What of a reading goes into the answer: 20 remarks and 4 KiB of each kind at the most.
 *
 * @returns `targets`: what the order became, by kind; `readAs`: what is named otherwise here than it
 *   was sent; `notes`: sentences on what a sender may not expect. The latter two only with something
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

/** The first of them that fit, as JSON, in full. */
function bounded<Item>(items: readonly Item[]): Item[] {
  const told: Item[] = [];
  let leftBytes = toldBytesMax;
  for (const item of items.slice(0, toldCountMax)) {
    leftBytes -= new TextEncoder().encode(JSON.stringify(item)).length;
    if (leftBytes < 0) return told;
    told.push(item);
  }
  return told;
}
