// Relays an arriving body to every client that waits for it. Each client reads at its own pace and
// in its own request. So the relay contains only bytes and promises, and no I/O objects of another
// request.
import { isWithinMs } from "../../base/elapsed.ts";
import type { ByteBudget } from "../../cache/byte-budget.ts";
import { patiently } from "../../base/timeouts.ts";

/** The time during which clients can join. A body that takes longer may be endless. */
const joinMsMax = 5_000;
/**
 * The interval at which readers check for silence. The runtime may end the request that reads the
 * origin without notice.
 */
const lookAgainMs = 1_000;
/** The time without a new chunk after which the body's source is considered lost. */
const silenceMsMax = 35_000;

/**
 * The time after which a reader that reads nothing is cut off, while the unread bytes exceed the
 * limit.
 */
const stallMsMax = { alone: 20_000, besideOthers: 2_000 };
/** The total time for which slow readers may delay the others. */
const heldUpMsMax = 20_000;
/** The limit of unread bytes while the memory budget is short. */
const shortBytesMax = 65_536;

interface RelayLimits {
  /** The limit of unread bytes. Beyond this limit, the clients' pace slows the origin down. */
  readonly bytesMax: number;
  /** Counts the limit from the first call of `room` to the body's end. */
  readonly budget: Pick<ByteBudget, "take" | "give">;
  /** Epoch milliseconds. */
  readonly nowAtMs: () => number;
}

/** A body that is being sent from its origin to several clients. */
export class Relay {
  readonly #limits: RelayLimits;
  readonly #sinceAtMs: number;
  #bytesMax: number;
  #countedBytes: number | undefined;
  #chunks: Uint8Array<ArrayBuffer>[] = [];
  /** The number of chunks dropped before the first of `#chunks`. */
  #dropped = 0;
  #bytes = 0;
  #readers = new Set<Reader>();
  #changed = Promise.withResolvers<void>();
  /** Resolves when a reader has read a chunk or left. */
  #taken = Promise.withResolvers<void>();
  #heldUpMs = 0;
  #state: "coming" | "whole" | "cut" = "coming";

  constructor(limits: RelayLimits) {
    this.#limits = limits;
    this.#bytesMax = limits.bytesMax;
    this.#sinceAtMs = limits.nowAtMs();
  }

  /** Returns whether there are readers. */
  get isRead(): boolean {
    return this.#readers.size > 0;
  }

  push(chunk: Uint8Array<ArrayBuffer>): void {
    if (chunk.byteLength === 0) return;
    this.#chunks.push(chunk);
    this.#bytes += chunk.byteLength;
    this.#dropTaken();
    this.#wake();
  }

  /**
   * Waits until the unread bytes are within the limit. A single reader may slow the origin down,
   * and is disconnected only if it stalls.
   */
  async room(): Promise<void> {
    const { nowAtMs } = this.#limits;
    if (this.#countedBytes === undefined && this.#state === "coming") this.#count();
    for (;;) {
      this.#dropTaken();
      if (this.#bytes <= this.#bytesMax || this.#readers.size === 0 || this.#state !== "coming")
        return;
      const isAlone = this.#readers.size === 1;
      const sinceAtMs = nowAtMs();
      const stallMs = isAlone ? stallMsMax.alone : stallMsMax.besideOthers;
      const hasRoom = await this.#takenWithin(stallMs);
      if (!isAlone) this.#heldUpMs += Math.abs(nowAtMs() - sinceAtMs);
      if (!hasRoom || (!isAlone && this.#heldUpMs > heldUpMsMax)) this.#cutSlowest();
    }
  }

  /** Until now, the fill that gathers the body has counted the same chunks. */
  #count(): void {
    const { budget, bytesMax } = this.#limits;
    const isCounted = budget.take(bytesMax, "large");
    this.#countedBytes = isCounted ? bytesMax : 0;
    if (!isCounted) this.#bytesMax = Math.min(bytesMax, shortBytesMax);
  }

  /** Returns whether the slowest reader reads a chunk within this time. */
  async #takenWithin(stallMs: number): Promise<boolean> {
    const before = this.#slowestAt;
    const { nowAtMs } = this.#limits;
    const sinceAtMs = nowAtMs();
    const isPatient = () => isWithinMs(stallMs, sinceAtMs, nowAtMs());
    // Wait in steps, because other readers may resolve each wait before it times out.
    for (let waitedMs = 0; waitedMs < stallMs && isPatient();) {
      const result = await patiently(this.#taken.promise, lookAgainMs);
      if (this.#slowestAt > before) return true;
      // The runtime rejects a promise that an ended request should have resolved.
      if (result === "abandoned") this.#taken = Promise.withResolvers();
      if (result !== undefined) waitedMs += lookAgainMs;
    }
    return false;
  }

  /** Ends the body: `whole`, or `cut` if it was truncated. */
  end(state: "whole" | "cut"): void {
    if (this.#state !== "coming") return;
    this.#state = state;
    this.#limits.budget.give(this.#countedBytes ?? 0);
    this.#wake();
  }

  /**
   * Returns the body from its first byte; `undefined` if the call comes too late, the first bytes
   * are dropped, or the body was truncated.
   */
  join(): ReadableStream<Uint8Array<ArrayBuffer>> | undefined {
    const { nowAtMs } = this.#limits;
    const isLate = Math.abs(nowAtMs() - this.#sinceAtMs) > joinMsMax;
    if (this.#dropped > 0 || isLate || this.#state === "cut") return undefined;
    const reader: Reader = { at: 0, isCut: false };
    this.#readers.add(reader);
    return new ReadableStream<Uint8Array<ArrayBuffer>>(
      {
        pull: (controller) => this.#pull(reader, controller),
        cancel: () => {
          this.#readers.delete(reader);
          this.#tookSome();
        },
      },
      { highWaterMark: 0 },
    );
  }

  async #pull(
    reader: Reader,
    controller: ReadableStreamDefaultController<Uint8Array<ArrayBuffer>>,
  ): Promise<void> {
    for (let waitedMs = 0; waitedMs < silenceMsMax; waitedMs += lookAgainMs) {
      const chunk = reader.isCut ? undefined : this.#chunks[reader.at - this.#dropped];
      if (chunk !== undefined) {
        reader.at += 1;
        this.#tookSome();
        // Copy the chunk, because other readers share its bytes and a stream may detach its chunks.
        return controller.enqueue(chunk.slice());
      }
      if (reader.isCut || this.#state === "cut") break;
      if (this.#state === "whole") {
        this.#readers.delete(reader);
        return controller.close();
      }
      await patiently(this.#changed.promise, lookAgainMs);
    }
    this.#readers.delete(reader);
    controller.error(new Error("The body was cut short."));
  }

  /** The position of the slowest reader's next chunk; `Infinity` without readers. */
  get #slowestAt(): number {
    return Math.min(...Array.from(this.#readers, ({ at }) => at), Infinity);
  }

  /**
   * Drops the chunks that every reader has read, once all chunks exceed the limit. Until then,
   * clients can join from the first byte.
   */
  #dropTaken(): void {
    if (this.#bytes <= this.#bytesMax) return;
    this.#dropUpTo(Math.min(this.#slowestAt, this.#dropped + this.#chunks.length));
  }

  #cutSlowest(): void {
    const slowestAt = this.#slowestAt;
    for (const reader of this.#readers) {
      if (reader.at > slowestAt) continue;
      reader.isCut = true;
      this.#readers.delete(reader);
    }
    this.#wake();
  }

  #dropUpTo(at: number): void {
    for (; this.#dropped < at; this.#dropped += 1) {
      this.#bytes -= this.#chunks.shift()?.byteLength ?? 0;
    }
  }

  #tookSome(): void {
    this.#taken.resolve();
    this.#taken = Promise.withResolvers();
  }

  #wake(): void {
    this.#changed.resolve();
    this.#changed = Promise.withResolvers();
  }
}

interface Reader {
  /** The position of the next chunk, counted from the body's first chunk. */
  at: number;
  isCut: boolean;
}
