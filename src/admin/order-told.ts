// What the answer to a purge tells of how its order was read, bounded however long the order is.
import type { OrderReading, ReadAs, TargetCounts } from "../purge/acceptance/order.ts";

export interface OrderTold {
  /** What the order became, by kind. */
  readonly targets: TargetCounts;
  /** What is named otherwise here than it was sent; absent where nothing is. */
  readonly readAs?: readonly ReadAs[];
  /** Sentences on what a sender may not expect; absent where there is nothing to say. */
  readonly notes?: readonly string[];
}

const toldCountMax = 20;
const toldBytesMax = 4_096;

/** What of a reading goes into the answer: 20 remarks and 4 KiB of each kind at the most. */
export function toldOf({ counts, readAs, notes }: OrderReading): OrderTold {
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
