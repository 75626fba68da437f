// Sends the body of an answer, slice after slice. One slice is read ahead, at the client's pace.
import { FixedLengthStream } from "../base/byte-streams.ts";
import { discardBody, type StoredBody } from "../cache/record/record.ts";
import { type ByteRange, lengthOf } from "../rules/ranges.ts";
import { unreachable } from "../base/unreachable.ts";
import { readableOf } from "../pages/body/held-body.ts";
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
  const { readable, writable } = new FixedLengthStream(lengthOf(range));
  answer.place.exchange.afterAnswer(async () => {
    const sending = new SliceSender(range, answer, store, writable);
    await sending.run(first);
  });
  return readable;
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
  readonly #writable: WritableStream<Uint8Array>;

  constructor(
    range: ByteRange,
    answer: SlicedAnswer,
    store: SliceStore,
    writable: WritableStream<Uint8Array>,
  ) {
    this.#range = range;
    this.#answer = answer;
    this.#store = store;
    this.#writable = writable;
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
        await this.#pipe(this.#streamOf(found, nth));
      }
      await this.#writable.close();
    } catch (cause) {
      void next.then((body) => typeof body === "object" && discardBody({ body }));
      await this.#writable.abort(cause).catch(() => undefined);
    }
  }

  #find(nth: number): Promise<StoredBody | NoSlice> {
    return this.#store
      .find(nth, this.#answer, partOfSlice(nth, this.#range, this.#answer))
      .catch((): NoSlice => "failed");
  }

  #streamOf(body: StoredBody, nth: number): ReadableStream<Uint8Array> {
    const { head, place } = this.#answer;
    const part = partOfSlice(nth, this.#range, this.#answer);
    switch (body.kind) {
      case "blob":
        return readableOf(body.blob, place.exchange, part);
      case "stream":
        return lengthOf(part) === lengthOf(rangeOfSlice(nth, head.slices))
          ? body.stream
          : slicedStream(body.stream, part);
      case "part":
        return body.stream;
      case "absent":
        throw new Error("A slice has no body.");
      default:
        return unreachable(body);
    }
  }

  /** Pipes without a copy by this code, if the runtime can. */
  #pipe(stream: ReadableStream<Uint8Array>): Promise<void> {
    return stream.pipeTo(this.#writable, { preventClose: true });
  }

  /** Passes the rest of the range by, without storing it. */
  async #passRest(nth: number): Promise<void> {
    const { firstByte } = rangeOfSlice(nth, this.#answer.head.slices);
    const { firstByte: from, lastByte } = this.#range;
    const rest = { firstByte: Math.max(from, firstByte), lastByte };
    const body = await this.#store.ask(rest, this.#answer);
    if (typeof body === "string") throw new Error(`The rest is missing: ${body}.`);
    await this.#pipe(body);
  }
}
