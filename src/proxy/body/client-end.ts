// The client's end of a fill: sends the queued bytes in order, one slice at a time.
import type { ByteBudget } from "../../cache/byte-budget.ts";
import { patiently } from "../../base/timeouts.ts";
import type { BytePipe } from "./byte-pipe.ts";

/** Extra memory for a slow reader of a body that is held in one piece. */
const sliceBytes = 65_536;

/** While memory is short, a client that takes no slice for this long is cut off. */
const stallMsMax = 20_000;

/** Sends a body to a client that may leave or read slowly. The fill goes on without it. */
export class ClientEnd {
  readonly #pipe: BytePipe | undefined;
  #waiting: Uint8Array[] = [];
  /** Sent after the waiting chunks. */
  #rest = new Blob();
  /** Total size of the waiting chunks and the rest. */
  #waitingBytes = 0;
  #sending: Promise<void> | undefined;
  /** False also if there was never a client. */
  hasLeft = false;

  /** @param pipe `undefined` without a client */
  constructor(pipe: BytePipe | undefined) {
    this.#pipe = pipe;
  }

  /** Returns whether there is a client that has not left. */
  get isReading(): boolean {
    return this.#pipe !== undefined && !this.hasLeft;
  }

  /** Queues a chunk; does nothing without a reader. Does not wait. */
  queue(chunk: Uint8Array): void {
    if (this.#pipe === undefined || this.hasLeft || chunk.byteLength === 0) return;
    this.#waiting.push(chunk);
    this.#waitingBytes += chunk.byteLength;
    this.#sending ??= this.#send(this.#pipe);
  }

  /** Sends a shared blob as the whole body. Does not wait. */
  queueWhole(whole: Blob): void {
    if (this.#pipe === undefined) return;
    this.#rest = whole;
    this.#waitingBytes = whole.size;
    this.#sending ??= this.#send(this.#pipe);
  }

  /** Replaces the waiting chunks by the same bytes of a shared blob. */
  shareFrom(whole: Blob): void {
    if (this.#waitingBytes === 0) return;
    this.#rest = whole.slice(whole.size - this.#waitingBytes);
    this.#waiting = [];
  }

  /**
   * Settles once the client has taken everything queued, or has left.
   *
   * @param budget while it is short, a client that stalls is cut off
   */
  async drained(budget?: Pick<ByteBudget, "isShort">): Promise<void> {
    const drained = this.#sending;
    if (budget === undefined || drained === undefined) await drained;
    else await this.#unlessStalled(drained, budget);
  }

  /**
   * Ends the body after everything queued. Settles once the client has taken it, has left, or was cut off.
   */
  async close(budget: Pick<ByteBudget, "isShort">): Promise<void> {
    await this.#unlessStalled(this.#closed(), budget);
  }

  async #unlessStalled(end: Promise<void>, budget: Pick<ByteBudget, "isShort">): Promise<void> {
    for (let before = this.#waitingBytes; ; before = this.#waitingBytes) {
      if ((await patiently(end, stallMsMax)) !== "timed-out") return;
      if (this.#waitingBytes === before && budget.isShort) {
        return this.abort(new Error("The client takes nothing."));
      }
    }
  }

  async #closed(): Promise<void> {
    await this.drained();
    await this.#pipe?.writer.close().catch(() => undefined);
  }

  /** Aborts at once for the fill. A slow reader may see it late. */
  abort(cause: unknown): void {
    this.#leave();
    void this.#pipe?.writer.abort(cause).catch(() => undefined);
  }

  async #send({ writer }: BytePipe): Promise<void> {
    try {
      while (this.#waitingBytes > 0) await writer.write(await this.#next());
    } catch {
      this.#leave();
    } finally {
      this.#sending = undefined;
    }
  }

  #next(): Uint8Array | Promise<Uint8Array> {
    const chunk = this.#waiting.shift();
    if (chunk !== undefined) {
      this.#waitingBytes -= chunk.byteLength;
      return chunk;
    }
    const slice = this.#rest.slice(0, sliceBytes);
    this.#rest = this.#rest.slice(sliceBytes);
    this.#waitingBytes -= slice.size;
    return slice.arrayBuffer().then((bytes) => new Uint8Array(bytes));
  }

  #leave(): void {
    this.hasLeft = true;
    this.#waiting = [];
    this.#rest = new Blob();
    this.#waitingBytes = 0;
  }
}
