// What clients read of a large body that is held whole, without a copy of all of it for each.
import { FixedLengthStream } from "../../base/byte-streams.ts";
import type { Memory } from "../../cache/tiers/tier.ts";
import type { ByteRange } from "../../rules/ranges.ts";
import { patiently } from "../../base/patience.ts";
import { sliceBytes, stallMsMax } from "./client-end.ts";
import type { ByteBudget } from "../../cache/byte-budget.ts";

/** What a held body is read with. */
export interface HeldBodyPorts {
  /** What all bodies of an isolate may hold that memory does not. */
  readonly fillBudget: ByteBudget;
  readonly tiers: { readonly memory: Pick<Memory<never>, "holds"> };
  /** Starts work that may outlast the answer. */
  readonly afterAnswer: (work: () => Promise<void>) => void;
}

/**
 * A stream of a large body. No more than a piece of it is copied at a time, and it counts in the
 * budget until its client has taken it, or left.
 *
 * @param part first and last byte, both included; absent for all of it
 */
export function readableOf(
  held: Blob,
  { fillBudget, tiers, afterAnswer }: HeldBodyPorts,
  part?: ByteRange,
): ReadableStream<Uint8Array> {
  const asked = part === undefined ? held : held.slice(part.firstByte, part.lastByte + 1);
  const isCountedElsewhere = tiers.memory.holds(held);
  const letGo = fillBudget.hold(held, held.size, { isCountedElsewhere });
  // Of a stream of its own the runtime holds a copy for a client that has yet to take it, and does not
  // tell when it has: a large body goes piece by piece, and is let go of behind the last.
  const { readable, writable } = new FixedLengthStream(asked.size);
  // Without this the runtime would drop the work together with a client that leaves.
  afterAnswer(() => sendSlices(asked, writable, fillBudget).finally(letGo));
  return readable;
}

/** Here and not above: a stream that was cut keeps what its handlers could see, until its client reads. */
const ignore = (): void => undefined;

/** Settles once the client has taken the body, has left, or was cut off. */
async function sendSlices(
  body: Blob,
  writable: WritableStream<Uint8Array>,
  budget: ByteBudget,
): Promise<void> {
  const writer = writable.getWriter();
  writer.closed.catch(ignore);
  try {
    for (let at = 0; at < body.size; at += sliceBytes) {
      const slice = await body.slice(at, at + sliceBytes).arrayBuffer();
      const taken = writer.write(new Uint8Array(slice));
      if (await isStalled(taken, budget)) {
        void writer.abort(new Error("The client takes nothing.")).catch(ignore);
        return;
      }
      await taken;
    }
    await writer.close();
  } catch {
    // The client left.
  }
}

/** Waits until a slice was taken, or the client is in the way of others. */
async function isStalled(taken: Promise<void>, budget: ByteBudget): Promise<boolean> {
  while ((await patiently(taken, stallMsMax)) === "out-of-patience") {
    if (budget.isShort) return true;
  }
  return false;
}
