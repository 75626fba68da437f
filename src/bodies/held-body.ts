// Lets clients read a large body from memory without a full copy per client.
import type { ByteBudget } from "../cache/byte-budget.ts";
import type { StartPorts } from "../cache/flights.ts";
import type { Memory } from "../cache/tiers/tier.ts";
import type { ByteRange } from "../rules/ranges.ts";
import { openBytePipe, ClientEnd, type ClientSite } from "./client-end.ts";

/** The parts of an exchange that account for the body's memory. */
interface SendPorts extends Pick<StartPorts, "afterAnswer"> {
  readonly site: ClientSite & {
    readonly fillBudget: ByteBudget;
    readonly tiers: { readonly memory: Pick<Memory<never>, "holds"> };
  };
}

/**
 * Returns a stream of a large body, which copies one piece at a time. The budget counts the body
 * until its client has read it or disconnected, except while memory holds and counts it.
 *
 * @param part the first and last byte, both included; `undefined` for the whole body
 */
export function readableOf(
  blob: Blob,
  { site, afterAnswer }: SendPorts,
  part?: ByteRange,
): ReadableStream<Uint8Array> {
  const { fillBudget, tiers } = site;
  const range = part === undefined ? blob : blob.slice(part.firstByte, part.lastByte + 1);
  const isCountedElsewhere = tiers.memory.holds(blob);
  const release = fillBudget.hold(blob, blob.size, { isCountedElsewhere });
  // With a plain stream, the runtime would copy the whole body for a slow client, and would not
  // report when the client has read it. So send the body in pieces, and release it after the last
  // piece.
  const pipe = openBytePipe(range.size);
  const client = new ClientEnd(pipe, site, { bytes: () => fillBudget.shareOf(blob), release });
  client.queueWhole(range);
  // Without `afterAnswer`, the runtime would drop this work when the client disconnects, and the
  // body would stay in the budget.
  afterAnswer(() => client.close().finally(release));
  return pipe.readable;
}
