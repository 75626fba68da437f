// Sends the body of an answer, slice after slice. One slice is read ahead, at the client's pace.
import { FixedLengthStream } from "../base/byte-streams.ts";
import { discardBody, type StoredBody } from "../cache/record/record.ts";
import { type ByteRange, lengthOf } from "../rules/ranges.ts";
import { unreachable } from "../base/unreachable.ts";
import { ClientEnd } from "../pages/body/client-end.ts";
import { slicedStream } from "../pages/body/sliced-stream.ts";
import { rangeOfSlice } from "./fit.ts";
import type { NoSlice, SlicedAnswer, SliceStore } from "./slice-store.ts";

/**
 * Returns the bytes of a range. If a slice cannot be had, the reader gets an error: the body is
 * never padded, and never has parts of two bodies.
 *
 * @param first the first slice, if it is known
 */
export function openSlices(
  range: ByteRange,
  answer: SlicedAnswer,
  store: SliceStore,
  first?: StoredBody | NoSlice,
): ReadableStream<Uint8Array> {
  const pipe = new FixedLengthStream(lengthOf(range));
  answer.place.exchange.afterAnswer(async () => {
    await new SliceSender(range, answer, store, pipe).run(first);
  });
  return pipe.readable;
}

/** Returns the part of a slice that a range needs, counted from the slice's first byte. */
export function partOfSlice(nth: number, range: ByteRange, { head }: SlicedAnswer): ByteRange {
  const { firstByte: from, lastByte: to } = rangeOfSlice(nth, head.slices);
  const firstByte = Math.max(range.firstByte, from) - from;
  return { firstByte, lastByte: Math.min(range.lastByte, to) - from };
}

class SliceSender {
  readonly #range: ByteRange;
  readonly #answer: SlicedAnswer;
  readonly #store: SliceStore;
  readonly #pipe: TransformStream<Uint8Array, Uint8Array>;

  constructor(
    range: ByteRange,
    answer: SlicedAnswer,
    store: SliceStore,
    pipe: TransformStream<Uint8Array, Uint8Array>,
  ) {
    this.#range = range;
    this.#answer = answer;
    this.#store = store;
    this.#pipe = pipe;
  }

  /** Sends all slices. Never rejects. */
  async run(first: StoredBody | NoSlice | undefined): Promise<void> {
    const { sliceBytes } = this.#answer.head.slices;
    const [from, to] = [this.#range.firstByte, this.#range.lastByte].map((byte) =>
      Math.floor(byte / sliceBytes),
    ) as [number, number];
    let next = first === undefined ? this.#find(from) : Promise.resolve(first);
    try {
      for (let nth = from; nth <= to; nth += 1) {
        const found = await next;
        if (found === "no-room") {
          await this.#passRest(nth);
          break;
        }
        if (typeof found === "string") throw new Error(`A slice is missing: ${found}.`);
        if (nth < to) next = this.#find(nth + 1);
        await this.#send(found, nth);
      }
      await this.#pipe.writable.close();
    } catch (cause) {
      void next.then((body) => typeof body === "object" && discardBody({ body }));
      await this.#pipe.writable.abort(cause).catch(() => undefined);
    }
  }

  #find(nth: number): Promise<StoredBody | NoSlice> {
    return this.#store
      .find(nth, this.#answer, partOfSlice(nth, this.#range, this.#answer))
      .catch((): NoSlice => "failed");
  }

  async #send(body: StoredBody, nth: number): Promise<void> {
    const part = partOfSlice(nth, this.#range, this.#answer);
    const isWhole = lengthOf(part) === lengthOf(rangeOfSlice(nth, this.#answer.head.slices));
    switch (body.kind) {
      case "blob":
        return this.#sendBlob(body.blob, part);
      case "stream":
        return this.#sendStream(isWhole ? body.stream : slicedStream(body.stream, part));
      case "part":
        return this.#sendStream(body.stream);
      case "absent":
        throw new Error("A slice has no body.");
      default:
        return unreachable(body);
    }
  }

  /** Sends a part of a slice in pieces. The budget counts the slice until the client has read it. */
  async #sendBlob(blob: Blob, { firstByte, lastByte }: ByteRange): Promise<void> {
    const { tiers, fillBudget } = this.#answer.place.exchange.site;
    const isCountedElsewhere = tiers.memory.holds(blob);
    const release = fillBudget.hold(blob, blob.size, { isCountedElsewhere });
    const writer = this.#pipe.writable.getWriter();
    writer.closed.catch(() => undefined);
    const client = new ClientEnd({
      readable: this.#pipe.readable,
      writable: this.#pipe.writable,
      writer,
    });
    try {
      client.queueWhole(blob.slice(firstByte, lastByte + 1));
      await client.drained(fillBudget);
      if (client.hasLeft) throw new Error("The client has left.");
    } finally {
      release();
      writer.releaseLock();
    }
  }

  /** Pipes without a copy by this code, if the runtime can. */
  #sendStream(stream: ReadableStream<Uint8Array>): Promise<void> {
    return stream.pipeTo(this.#pipe.writable, { preventClose: true });
  }

  /** Passes the rest of the range by, without storing it. */
  async #passRest(nth: number): Promise<void> {
    const { firstByte } = rangeOfSlice(nth, this.#answer.head.slices);
    const { firstByte: from, lastByte } = this.#range;
    const rest = { firstByte: Math.max(from, firstByte), lastByte };
    const body = await this.#store.ask(rest, this.#answer);
    if (typeof body === "string") throw new Error(`The rest is missing: ${body}.`);
    await this.#sendStream(body);
  }
}
