// Sends the body of an answer, slice after slice. One slice is read ahead, at the client's pace.
import { FixedLengthStream } from "../base/byte-streams.ts";
import { discardBody, type StoredBody } from "../cache/record/record.ts";
import { type ByteRange, lengthOf } from "../rules/ranges.ts";
import { unreachable } from "../base/unreachable.ts";
import { ClientEnd } from "../pages/body/client-end.ts";
import { copyRange } from "../pages/body/sliced-stream.ts";
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

/** A slice, and the function that ends its count in the budget. */
interface FoundSlice {
  readonly found: StoredBody | NoSlice;
  readonly release: () => void;
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
    let next = first === undefined ? this.#find(from) : Promise.resolve(this.#held(first));
    try {
      for (let nth = from; nth <= to; nth += 1) {
        const { found, release } = await next;
        if (found === "no-room") {
          await this.#passRest(nth);
          break;
        }
        if (typeof found === "string") throw new Error(`A slice is missing: ${found}.`);
        if (nth < to) next = this.#find(nth + 1);
        await this.#send(found, nth).finally(release);
      }
      await this.#pipe.writable.close();
    } catch (cause) {
      await this.#pipe.writable.abort(cause).catch(() => undefined);
      const { found, release } = await next;
      release();
      if (typeof found === "object") discardBody({ body: found });
    }
  }

  async #find(nth: number): Promise<FoundSlice> {
    const part = partOfSlice(nth, this.#range, this.#answer);
    return this.#held(await this.#store.find(nth, this.#answer, part).catch(() => "failed"));
  }

  /** Counts a slice in memory, until the client has read it. */
  #held(found: StoredBody | NoSlice): FoundSlice {
    if (typeof found === "string" || found.kind !== "blob") return { found, release: () => {} };
    const { tiers, fillBudget } = this.#answer.place.exchange.site;
    const { blob } = found;
    const isCountedElsewhere = tiers.memory.holds(blob);
    return { found, release: fillBudget.hold(blob, blob.size, { isCountedElsewhere }) };
  }

  async #send(body: StoredBody, nth: number): Promise<void> {
    const part = partOfSlice(nth, this.#range, this.#answer);
    switch (body.kind) {
      case "blob":
        return this.#sendBlob(body.blob, part);
      case "stream":
        return this.#sendStream(body.stream, part);
      case "part":
        return this.#sendStream(body.stream, { firstByte: 0, lastByte: lengthOf(part) - 1 });
      case "absent":
        throw new Error("A slice has no body.");
      default:
        return unreachable(body);
    }
  }

  /** Sends a part of a slice in pieces, at the client's pace. */
  async #sendBlob(blob: Blob, { firstByte, lastByte }: ByteRange): Promise<void> {
    const writer = this.#writer();
    const client = new ClientEnd({
      readable: this.#pipe.readable,
      writable: this.#pipe.writable,
      writer,
    });
    try {
      client.queueWhole(blob.slice(firstByte, lastByte + 1));
      await client.drained(this.#answer.place.exchange.site.fillBudget);
      if (client.hasLeft) throw new Error("The client has left.");
    } finally {
      writer.releaseLock();
    }
  }

  /**
   * Sends a part of a stream. Counts its bytes, because a stream that ends early would move all later
   * slices.
   */
  async #sendStream(stream: ReadableStream<Uint8Array>, part: ByteRange): Promise<void> {
    const reader = stream.getReader();
    const writer = this.#writer();
    try {
      await copyRange(reader, writer, part);
    } finally {
      void reader.cancel().catch(() => undefined);
      writer.releaseLock();
    }
  }

  #writer(): WritableStreamDefaultWriter<Uint8Array> {
    const writer = this.#pipe.writable.getWriter();
    writer.closed.catch(() => undefined);
    return writer;
  }

  /** Passes the rest of the range by, without storing it. */
  async #passRest(nth: number): Promise<void> {
    const { firstByte } = rangeOfSlice(nth, this.#answer.head.slices);
    const { firstByte: from, lastByte } = this.#range;
    const rest = { firstByte: Math.max(from, firstByte), lastByte };
    const body = await this.#store.ask(rest, this.#answer);
    if (typeof body === "string") throw new Error(`The rest is missing: ${body}.`);
    await this.#sendStream(body, { firstByte: 0, lastByte: lengthOf(rest) - 1 });
  }
}
