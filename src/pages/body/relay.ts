// Relays an arriving body to every request that reads it, from a window of its newest bytes. Each
// reader has a stream of its own in its own request. So the relay contains only bytes and promises,
// and no I/O objects of another request.
import { isWithinMs } from "../../base/elapsed.ts";
import type { ByteBudget } from "../../cache/byte-budget.ts";
import { patiently } from "../../base/timeouts.ts";
import type { ArrivingBody, Continuation } from "../site/forward-outcome.ts";
import type { StartPorts } from "../../cache/flights.ts";
import { type BytePipe, openBytePipe } from "./client-end.ts";

/** The time during which clients can join a body of unknown length, which may be endless. */
const joinMsMax = 5_000;
/**
 * The interval at which readers check for silence. The runtime may end the request that reads the
 * origin without notice.
 */
const lookAgainMs = 1_000;
/** The time without a new chunk after which the request that reads the origin counts as ended. */
const silenceMsMax = 35_000;
/** The time after which readers that read nothing are disconnected while memory is short. */
const stallMsMax = 20_000;
/** The window while memory is short. */
const shortBytesMax = 65_536;

interface RelayLimits {
  /** The length of the window. */
  readonly bytesMax: number;
  /** Counts the window. */
  readonly budget: Pick<ByteBudget, "take" | "give" | "isShort">;
  /** Epoch milliseconds. */
  readonly nowAtMs: () => number;
  /** The Content-Length; `null` if there is none. */
  readonly bodyBytes: number | null;
}

type Chunk = Uint8Array<ArrayBuffer>;

interface Reader {
  /** The number of the next chunk. */
  at: number;
  /** The first byte of the next chunk. */
  atByte: number;
  readonly leave: (cause: unknown) => void;
}

/** A body that is being sent from its origin to several requests. */
export class Relay implements ArrivingBody {
  readonly #limits: RelayLimits;
  readonly #sinceAtMs: number;
  /** Everything is held until `open`. */
  #windowBytes = Infinity;
  #countedBytes = 0;
  #chunks: Chunk[] = [];
  /** The number of chunks dropped before the first of `#chunks`. */
  #dropped = 0;
  #heldBytes = 0;
  /** The number of bytes that have arrived. */
  bytes = 0;
  readonly #readers = new Set<Reader>();
  /** The reader for the client whose request fetches the body. */
  #own: Reader | undefined;
  #waiterCount = 0;
  #changed = Promise.withResolvers<void>();
  /** Wakes the filler when a reader has joined, read a chunk or left. */
  #wakeFiller: () => void = () => undefined;
  #state: "coming" | "whole" | "cut" = "coming";
  /** Whether tiers have stored the body; `undefined` until that is known. */
  hasStored: boolean | undefined;

  constructor(limits: RelayLimits) {
    this.#limits = limits;
    this.#sinceAtMs = limits.nowAtMs();
  }

  /** Returns whether a request reads the body, or waits for the stored body. */
  get isRead(): boolean {
    return this.#readers.size + this.#waiterCount > 0;
  }

  /**
   * Limits the held bytes to the window from now on.
   *
   * @param countedBytes the bytes that the budget already counts, which the relay gives back at its
   *   end
   */
  open(countedBytes: number): void {
    const { budget, bytesMax } = this.#limits;
    const moreBytes = Math.max(0, bytesMax - countedBytes);
    const isCounted = budget.take(moreBytes, "large");
    this.#countedBytes = countedBytes + (isCounted ? moreBytes : 0);
    this.#windowBytes = isCounted ? bytesMax : Math.max(shortBytesMax, countedBytes);
  }

  /** @throws Error if the body is longer than stated */
  push(chunk: Chunk): void {
    if (chunk.byteLength === 0) return;
    if (this.bytes + chunk.byteLength > (this.#limits.bodyBytes ?? Infinity)) {
      throw new Error("The body was longer than its Content-Length.");
    }
    this.#chunks.push(chunk);
    this.#heldBytes += chunk.byteLength;
    this.bytes += chunk.byteLength;
    this.#wake();
  }

  /**
   * Waits until the fastest reader has the window's first byte, and then moves the window. Does not
   * wait if a tier stores the body and several requests read it: a reader that is overtaken
   * continues with the stored body.
   */
  async room(isStoring: () => boolean): Promise<void> {
    const hasRoom = () => {
      if (this.#readers.size === 0 || (isStoring() && this.#isShared)) return true;
      let fastestAtByte = 0;
      for (const { atByte } of this.#readers) fastestAtByte = Math.max(fastestAtByte, atByte);
      return this.bytes - fastestAtByte <= this.#windowBytes;
    };
    await this.#untilReadersStall(hasRoom);
    while (this.#heldBytes > this.#windowBytes && this.#chunks.length > 1) this.#dropFirst();
    this.#give(Math.max(0, this.#countedBytes - this.#windowBytes));
  }

  get #isShared(): boolean {
    const own = this.#own !== undefined && this.#readers.has(this.#own) ? 1 : 0;
    return this.#readers.size + this.#waiterCount > own;
  }

  /** Waits for the condition. Disconnects all readers if none has read for a while and memory is short. */
  async #untilReadersStall(isOver: () => boolean): Promise<void> {
    for (let stalledMs = 0; !isOver();) {
      // With a promise of a reader, the filler would wait in vain after the end of the reader's request.
      const { promise, resolve } = Promise.withResolvers<void>();
      this.#wakeFiller = resolve;
      const how = await patiently(promise, lookAgainMs);
      stalledMs = how === "timed-out" ? stalledMs + lookAgainMs : 0;
      if (stalledMs < stallMsMax || !this.#limits.budget.isShort) continue;
      for (const reader of this.#readers) reader.leave(new Error("The client stopped reading."));
      this.#readers.clear();
    }
  }

  /** Ends the body: `whole`, or `cut` if it was truncated. */
  end(how: "whole" | "cut"): void {
    if (this.#state !== "coming") return;
    const { bodyBytes } = this.#limits;
    const isShort = bodyBytes !== null && this.bytes < bodyBytes;
    this.#state = isShort ? "cut" : how;
    this.#wake();
  }

  /**
   * Says whether tiers have stored the body. Settles once the relay holds no more bytes: if several
   * requests read a stored body, they continue with that body at once.
   */
  async settle(hasStored: boolean): Promise<void> {
    this.hasStored = hasStored;
    this.#wake();
    if (!hasStored || !this.#isShared) {
      await this.#untilReadersStall(() => this.#readers.size === 0);
    }
    while (this.#chunks.length > 0) this.#dropFirst();
    this.#give(this.#countedBytes);
  }

  #give(bytes: number): void {
    this.#limits.budget.give(bytes);
    this.#countedBytes -= bytes;
  }

  /** Waits until tiers have stored the body. Returns false if they have not. */
  async isStored(): Promise<boolean> {
    this.#waiterCount += 1;
    this.#wakeFiller();
    try {
      for (let silentMs = 0; this.hasStored === undefined && silentMs < silenceMsMax;) {
        const how = await patiently(this.#changed.promise, lookAgainMs);
        if (how === "abandoned") return false;
        silentMs = how === "timed-out" ? silentMs + lookAgainMs : 0;
      }
      return this.hasStored === true;
    } finally {
      this.#waiterCount -= 1;
    }
  }

  endsWithin(ms: number): boolean {
    const { bodyBytes, nowAtMs } = this.#limits;
    const tookMs = Math.abs(nowAtMs() - this.#sinceAtMs);
    return bodyBytes !== null && (bodyBytes - this.bytes) * tookMs <= ms * this.bytes;
  }

  join(
    continuation: Continuation,
    { afterAnswer }: Pick<StartPorts, "afterAnswer">,
  ): ReadableStream<Chunk> | undefined {
    const { bodyBytes, nowAtMs } = this.#limits;
    const isLate = bodyBytes === null && !isWithinMs(joinMsMax, this.#sinceAtMs, nowAtMs());
    if (this.#dropped > 0 || isLate || this.#state === "cut") return undefined;
    const pipe = openBytePipe(bodyBytes);
    afterAnswer(() => this.#send(pipe, continuation, this.#readerFrom(0, 0, pipe)));
    // The relay writes only chunks.
    return pipe.readable as ReadableStream<Chunk>;
  }

  /**
   * Sends the body to the client whose request fetches it. Settles once the client has read it or
   * disconnected.
   *
   * @param left the newest chunks, which the client has not been sent yet, by number and length
   */
  sendOwn(
    pipe: BytePipe,
    left: { readonly count: number; readonly bytes: number },
    continuation: Continuation,
  ): Promise<void> {
    const at = this.#dropped + this.#chunks.length - left.count;
    this.#own = this.#readerFrom(at, this.bytes - left.bytes, pipe);
    return this.#send(pipe, continuation, this.#own);
  }

  #readerFrom(at: number, atByte: number, { writer }: BytePipe): Reader {
    const leave = (cause: unknown) => void writer.abort(cause).catch(() => undefined);
    const reader = { at, atByte, leave };
    this.#readers.add(reader);
    this.#wakeFiller();
    return reader;
  }

  async #send(pipe: BytePipe, continuation: Continuation, reader: Reader): Promise<void> {
    const { writer, writable } = pipe;
    try {
      const end = await this.#sendWindow(reader, pipe);
      if (end === "whole") return await writer.close();
      if (end === "cut") throw new Error("The body was cut short.");
      const { atByte } = reader;
      const isStored = end === "overtaken" && (await this.isStored());
      const stored = isStored ? await continuation.ofStored(atByte) : undefined;
      const rest = stored ?? (await continuation.ofOrigin(atByte));
      if (rest === undefined) throw new Error("The body could not be continued.");
      writer.releaseLock();
      await rest.pipeTo(writable);
    } catch (cause) {
      reader.leave(cause);
    } finally {
      this.#readers.delete(reader);
      this.#wakeFiller();
    }
  }

  /** @returns `lost` if the runtime has ended the leader's request */
  async #sendWindow(
    reader: Reader,
    { writer }: BytePipe,
  ): Promise<"whole" | "cut" | "overtaken" | "lost"> {
    for (let silentMs = 0; silentMs < silenceMsMax;) {
      if (reader.at < this.#dropped) return "overtaken";
      const chunk = this.#chunks[reader.at - this.#dropped];
      if (chunk !== undefined) {
        await writer.write(chunk);
        reader.at += 1;
        reader.atByte += chunk.byteLength;
        this.#wakeFiller();
        continue;
      }
      if (this.#state !== "coming") return this.#state;
      const how = await patiently(this.#changed.promise, lookAgainMs);
      if (how === "abandoned") break;
      silentMs = how === "timed-out" ? silentMs + lookAgainMs : 0;
    }
    return "lost";
  }

  #dropFirst(): void {
    this.#heldBytes -= this.#chunks.shift()?.byteLength ?? 0;
    this.#dropped += 1;
  }

  #wake(): void {
    this.#changed.resolve();
    this.#changed = Promise.withResolvers();
  }
}
