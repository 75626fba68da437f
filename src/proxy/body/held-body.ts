// What clients read of a large body that is held whole, without a copy of all of it for each.
import { FixedLengthStream } from "../../base/byte-streams.ts";
import type { Memory } from "../../cache/tiers/tier.ts";
import type { ByteRange } from "../../rules/ranges.ts";
import { patiently } from "../../base/patience.ts";
import { stallMsMax } from "./client-end.ts";
import { smallBodyBytesMax } from "../../cache/tiers/tier.ts";
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
  afterAnswer(async () => {
    try {
      for (let at = 0; at < asked.size; at += smallBodyBytesMax) {
        const piece = asked.slice(at, at + smallBodyBytesMax);
        const sent = piece.stream().pipeTo(writable, { preventClose: true });
        if (await isStalled(sent, fillBudget)) {
          // Only once the piece is taken can the stream be aborted. Until then the piece alone is held.
          const cut = () => writable.abort(new Error("The client takes nothing."));
          void sent.then(cut).catch(() => undefined);
          return;
        }
        await sent;
      }
      await writable.close();
    } catch {
      // The client left.
    } finally {
      letGo();
    }
  });
  return readable;
}

/** Waits until a piece was taken, or the client is in the way of others. */
async function isStalled(sent: Promise<void>, budget: ByteBudget): Promise<boolean> {
  while ((await patiently(sent, stallMsMax)) === "out-of-patience") {
    if (budget.isShort) return true;
  }
  return false;
}
