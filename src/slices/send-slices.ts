// Sends the body of an answer, slice after slice. One slice is read ahead, at the client's pace.
import { FixedLengthStream } from "../base/byte-streams.ts";
import type { ByteBudget } from "../cache/byte-budget.ts";
import type { Config } from "../config/config.ts";
import { discardBody, type StoredBody } from "../cache/record/record.ts";
import { type ByteRange, lengthOf } from "../rules/ranges.ts";
import { unreachable } from "../base/unreachable.ts";
import { ClientEnd } from "../pages/body/client-end.ts";
import { ChunkReader } from "../pages/body/gather.ts";
import { copyRange, fittedStream } from "../pages/body/sliced-stream.ts";
import { nthSliceAt, rangeOfSlice } from "./fit.ts";
import type { Slice, SlicedAnswer, SliceStore } from "./slice-store.ts";

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
  const pipe = new FixedLengthStream(bytes);
  const { decision, afterAnswer } = answer.place.exchange;
  const sent = Promise.withResolvers<void>();
  // The decision also records the requests for further slices.
  void decision.awaits(sent.promise);
  afterAnswer(() => sendSlices(range, answer, store, { pipe, first }).finally(sent.resolve));
  return pipe.readable;
}

/** Returns the part of a slice that a range needs, counted from the slice's first byte. */
export function partOfSlice(nth: number, range: ByteRange, { head }: SlicedAnswer): ByteRange {
  const { firstByte: from, lastByte: to } = rangeOfSlice(nth, head.slices);
  const firstByte = Math.max(range.firstByte, from) - from;
  return { firstByte, lastByte: Math.min(range.lastByte, to) - from };
}

type Pipe = TransformStream<Uint8Array, Uint8Array>;

/** Sends all slices. Never rejects. */
async function sendSlices(
  range: ByteRange,
  answer: SlicedAnswer,
  store: SliceStore,
  { pipe, first }: { readonly pipe: Pipe; readonly first: Slice | Promise<Slice> },
): Promise<void> {
  const partOf = (nth: number) => partOfSlice(nth, range, answer);
  const lastNth = nthSliceAt(range.lastByte, answer.head);
  let nth = nthSliceAt(range.firstByte, answer.head);
  let next = Promise.resolve(first).then((found) => held(found, answer));
  try {
    for (; nth <= lastNth; nth += 1) {
      const { found, release } = await next;
      if (found === "no-room" || found === "limited") {
        const { firstByte } = rangeOfSlice(nth, answer.head.slices);
        const rest = { ...range, firstByte: Math.max(range.firstByte, firstByte) };
        await passBy(rest, answer, store, pipe);
        break;
      }
      if (typeof found === "string") throw new Error(`A slice is missing: ${found}.`);
      const ahead = nth + 1;
      if (ahead <= lastNth) {
        next = store.find(ahead, answer, partOf(ahead)).then((slice) => held(slice, answer));
      }
      await sendPart(found, partOf(nth), pipe, answer).finally(release);
    }
    await pipe.writable.close();
  } catch (cause) {
    // The abort of an unread stream never settles.
    void pipe.writable.abort(cause).catch(() => undefined);
    const { found, release } = await next;
    release();
    if (typeof found === "object") discardBody({ body: found });
  }
}

/** Counts a slice in memory, until `release`. */
function held(found: Slice, { place }: SlicedAnswer) {
  if (typeof found === "string" || found.kind !== "blob") return { found, release: () => {} };
  const { tiers, fillBudget } = place.exchange.site;
  const { blob } = found;
  const isCountedElsewhere = tiers.memory.holds(blob);
  return { found, release: fillBudget.hold(blob, blob.size, { isCountedElsewhere }) };
}

/**
 * Sends a part of a slice. Checks the length of a stream, because one that ends early would move all
 * later slices.
 */
async function sendPart(
  body: StoredBody,
  part: ByteRange,
  pipe: Pipe,
  { place: { exchange } }: SlicedAnswer,
): Promise<void> {
  const { fillBudget, config } = exchange.site;
  switch (body.kind) {
    case "blob":
      return sendBlob(body.blob.slice(part.firstByte, part.lastByte + 1), pipe, fillBudget);
    case "stream":
      return sendStream(body.stream, part, pipe, config);
    case "part":
      return sendStream(body.stream, { firstByte: 0, lastByte: lengthOf(part) - 1 }, pipe, config);
    case "absent":
      throw new Error("A slice has no body.");
    default:
      return unreachable(body);
  }
}

async function sendBlob(part: Blob, { readable, writable }: Pipe, budget: ByteBudget) {
  const writer = writerOf(writable);
  const client = new ClientEnd({ readable, writable, writer });
  client.queueWhole(part);
  await client.drained(budget);
  writer.releaseLock();
  if (client.hasLeft) throw new Error("The client has left.");
}

async function sendStream(
  stream: ReadableStream<Uint8Array<ArrayBuffer>>,
  part: ByteRange,
  { writable }: Pipe,
  { originTimeout: { betweenBytesMs } }: Pick<Config, "originTimeout">,
): Promise<void> {
  const reader = new ChunkReader(stream, betweenBytesMs, part.lastByte + 1);
  const writer = writerOf(writable);
  try {
    await copyRange(reader, writer, part);
  } finally {
    void reader.cancel();
    writer.releaseLock();
  }
}

function writerOf(writable: Pipe["writable"]) {
  const writer = writable.getWriter();
  writer.closed.catch(() => undefined);
  return writer;
}

/** Passes the rest of a range by, without storing it. */
async function passBy(
  rest: ByteRange,
  answer: SlicedAnswer,
  store: SliceStore,
  pipe: Pipe,
): Promise<void> {
  const body = await store.ask(rest, answer);
  if (typeof body === "string") throw new Error(`The rest is missing: ${body}.`);
  const { config } = answer.place.exchange.site;
  await sendStream(body, { firstByte: 0, lastByte: lengthOf(rest) - 1 }, pipe, config);
}
