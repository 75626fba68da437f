// Lets clients read a large body in memory without a full copy for each.
import type { Exchange } from "../site/exchange.ts";
import type { Site } from "../site/site.ts";
import type { Memory } from "../../cache/tiers/tier.ts";
import type { ByteRange } from "../../rules/ranges.ts";
import { openBytePipe } from "./byte-pipe.ts";
import { ClientEnd } from "./client-end.ts";

/** The part of an exchange that counts the body. */
interface BodyHolder extends Pick<Exchange, "afterAnswer"> {
  readonly site: Pick<Site, "fillBudget"> & {
    readonly tiers: { readonly memory: Pick<Memory<never>, "holds"> };
  };
}

/**
 * Returns a stream of a large body. Copies one piece at a time. The body counts in the budget until its
 * client has taken it or left.
 *
 * @param part first and last byte, both included; absent for the whole body
 */
export function readableOf(
  held: Blob,
  { site: { fillBudget, tiers }, afterAnswer }: BodyHolder,
  part?: ByteRange,
): ReadableStream<Uint8Array> {
  const asked = part === undefined ? held : held.slice(part.firstByte, part.lastByte + 1);
  const isCountedElsewhere = tiers.memory.holds(held);
  const release = fillBudget.hold(held, held.size, { isCountedElsewhere });
  // With a plain stream, the runtime holds a copy for a slow client and does not report when it is read. So
  // send a large body in pieces, and release it after the last.
  const pipe = openBytePipe(asked.size);
  const client = new ClientEnd(pipe);
  client.queueWhole(asked);
  // Otherwise the runtime would drop this work when the client leaves.
  afterAnswer(() => client.close(fillBudget).finally(release));
  return pipe.readable;
}
