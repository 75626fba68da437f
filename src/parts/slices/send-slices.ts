// Sends the body of an answer, slice after slice. One slice is read ahead, at the client's pace.
import { CutBody } from "../../base/byte-streams.ts";
import { inNeutralContext } from "../../base/neutral-context.ts";
import { discardBody } from "../../cache/record/record.ts";
import { type ByteRange, lengthOf } from "../../rules/ranges.ts";
import { type BytePipe, ClientEnd, type HeldBody, openBytePipe } from "../../bodies/client-end.ts";
import { ChunkReader } from "../../bodies/gather.ts";
import { copyRange, fittedStream } from "../../bodies/ranged-stream.ts";
import { nthSliceAt, rangeOfSlice } from "./fit.ts";
import type { Slice, SliceBody, SlicedAnswer, SliceStore } from "./slice-store.ts";

/**
 * Returns the bytes of a range. If a slice cannot be had, the reader gets an error: the body is
 * never padded, and never has parts of two bodies.
 *
 * @param first the first slice, or its search
 */
export function openSlices(
  range: ByteRange,
  answer: SlicedAnswer,
  store: SliceStore,
  first: Slice | Promise<Slice>,
): ReadableStream<Uint8Array> {
  const bytes = lengthOf(range);
  if (typeof first === "object" && "kind" in first && first.kind === "part") {
    // The runtime itself copies a part that is the whole answer.
    if (lengthOf(first.range) === bytes) return fittedStream(first.stream, bytes);
  }
  const pipe = openBytePipe(bytes);
  const { decision, afterAnswer } = answer.place.exchange;
  const sent = Promise.withResolvers<void>();
  // The decision also records the requests for further slices.
  void decision.awaits(sent.promise);
  // A handler may write the rest of the body only when it is read.
  const sending = () => sendSlices(range, answer, store, { pipe, first });
  afterAnswer(() => inNeutralContext(sending).finally(sent.resolve));
  return pipe.readable;
}

/** Returns the part of a slice that a range needs, counted from the slice's first byte. */
export function partOfSlice(nth: number, range: ByteRange, { head }: SlicedAnswer): ByteRange {
  const { firstByte: from, lastByte: to } = rangeOfSlice(nth, head.heldApart);
  const firstByte = Math.max(range.firstByte, from) - from;
  return { firstByte, lastByte: Math.min(range.lastByte, to) - from };
}

/** Sends all slices. Never rejects. */
async function sendSlices(
  range: ByteRange,
  answer: SlicedAnswer,
  store: SliceStore,
  { pipe, first }: { readonly pipe: BytePipe; readonly first: Slice | Promise<Slice> },
): Promise<void> {
  const partOf = (nth: number) => partOfSlice(nth, range, answer);
  const lastNth = nthSliceAt(range.lastByte, answer.head);
  let nth = nthSliceAt(range.firstByte, answer.head);
  const inMemory = new Set<HeldBody>();
  const client = new ClientEnd(pipe, answer.place.exchange.site, allOf(inMemory));
  const whenFound = (found: Slice) => held(found, answer, { client, inMemory });
  let next = Promise.resolve(first).then(whenFound);
  try {
    for (; nth <= lastNth; nth += 1) {
      const { found, release } = await next;
      if (found === "no-room" || found === "limited") {
        const { firstByte } = rangeOfSlice(nth, answer.head.heldApart);
        const rest = { ...range, firstByte: Math.max(range.firstByte, firstByte) };
        const stream = await store.ask(rest, answer);
        if (typeof stream === "string") throw new CutBody(`The rest is missing: ${stream}.`);
        // The runtime itself copies the rest, which costs no memory here.
        pipe.writer.releaseLock();
        return await stream.pipeTo(pipe.writable);
      }
      if (typeof found === "string") throw new CutBody(`A slice is missing: ${found}.`);
      const ahead = nth + 1;
      if (ahead <= lastNth) next = store.find(ahead, answer, partOf(ahead)).then(whenFound);
      await sendPart(found, partOf(nth), client, answer).finally(release);
    }
    await client.close();
  } catch (cause) {
    // The abort of an unread stream never settles.
    void pipe.writer.abort(cause).catch(() => undefined);
    const { found, release } = await next;
    release();
    if (typeof found === "object") discardBody({ body: found });
  }
}

/** Counts a slice in memory, until `release`. */
function held(
  found: Slice,
  { place }: SlicedAnswer,
  { client, inMemory }: { readonly client: ClientEnd; readonly inMemory: Set<HeldBody> },
) {
  if (typeof found === "string" || found.kind !== "blob") return { found, release: () => {} };
  const { tiers, fillBudget } = place.exchange.site;
  const { blob } = found;
  const isCountedElsewhere = tiers.memory.holds(blob);
  const unhold = fillBudget.hold(blob, blob.size, { isCountedElsewhere });
  const release = fillBudget.untilRead(unhold, () => client.hasBegun);
  const slice = { bytes: () => fillBudget.shareOf(blob), release };
  inMemory.add(slice);
  return { found, release: () => (inMemory.delete(slice), release()) };
}

/** Returns the current slice and the next one as one body. */
const allOf = (inMemory: ReadonlySet<HeldBody>): HeldBody => ({
  bytes: () => [...inMemory].reduce((sum, { bytes }) => sum + bytes(), 0),
  release: () => inMemory.forEach(({ release }) => release()),
});

/**
 * Sends a part of a slice. Checks the length of a stream, because one that ends early would move all
 * later slices.
 */
async function sendPart(
  body: SliceBody,
  part: ByteRange,
  client: ClientEnd,
  { place: { exchange } }: SlicedAnswer,
): Promise<void> {
  const { site } = exchange;
  if (body.kind === "blob") {
    client.queueWhole(body.blob.slice(part.firstByte, part.lastByte + 1));
    await client.drained();
    if (client.hasLeft) throw new CutBody("The client has left.");
    return;
  }
  const { firstByte } = body.kind === "stream" ? part : { firstByte: 0 };
  const sent = { firstByte, lastByte: firstByte + lengthOf(part) - 1 };
  const { betweenBytesMs } = site.config.originTimeout;
  const reader = new ChunkReader(body.stream, betweenBytesMs, sent.lastByte + 1);
  return copyRange(reader, client, sent, site).finally(() => void reader.cancel());
}
