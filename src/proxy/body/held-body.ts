// What clients read of a large body that is held whole, without a copy of all of it for each.
import type { Exchange } from "../site/exchange.ts";
import type { Site } from "../site/site.ts";
import type { Memory } from "../../cache/tiers/tier.ts";
import type { ByteRange } from "../../rules/ranges.ts";
import { openBytePipe } from "./byte-pipe.ts";
import { ClientEnd } from "./client-end.ts";

/** The part of an exchange that counts the body. */
interface Holding extends Pick<Exchange, "afterAnswer"> {
  readonly site: Pick<Site, "fillBudget"> & {
    readonly tiers: { readonly memory: Pick<Memory<never>, "holds"> };
  };
}

/**
 * A stream of a large body. No more than a piece of it is copied at a time, and it counts in the
 * budget until its client has taken it, or left.
 *
 * @param part first and last byte, both included; absent for all of it
 */
export function readableOf(
  held: Blob,
  { site: { fillBudget, tiers }, afterAnswer }: Holding,
  part?: ByteRange,
): ReadableStream<Uint8Array> {
  const asked = part === undefined ? held : held.slice(part.firstByte, part.lastByte + 1);
  const isCountedElsewhere = tiers.memory.holds(held);
  const letGo = fillBudget.hold(held, held.size, { isCountedElsewhere });
  // Of a stream of its own the runtime holds a copy for a client that has yet to take it, and does not
  // tell when it has: a large body goes piece by piece, and is let go of behind the last.
  const pipe = openBytePipe(asked.size);
  const client = new ClientEnd(pipe);
  client.queueWhole(asked);
  // Without this the runtime would drop the work together with a client that leaves.
  afterAnswer(() => client.close(fillBudget).finally(letGo));
  return pipe.readable;
}
