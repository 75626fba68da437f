// Where a fill's client reads: what has come waits for it in order, one slice on its way at a time.
import type { ByteBudget } from "../../cache/byte-budget.ts";
import { patiently } from "../../base/patience.ts";
import type { BytePipe } from "./byte-pipe.ts";

/** Of what is held in one piece, a client that reads slowly holds so much besides. */
const sliceBytes = 65_536;

/** A client that takes no slice for so long is cut off while others need the memory that it holds. */
const stallMsMax = 20_000;

/** The client may leave or read slowly; the fill goes on without it. */
export class ClientEnd {
  readonly #pipe: BytePipe | undefined;
  #waiting: Uint8Array[] = [];
  /** Behind what waits. */
  #rest = new Blob();
  /** Of both. */
  #waitingBytes = 0;
  #sending: Promise<void> | undefined;
  /** False also where there has never been a client. */
  hasLeft = false;

  /** @param pipe `undefined` if nobody waits for the body */
  constructor(pipe: BytePipe | undefined) {
    this.#pipe = pipe;
  }

  /** Is there a client, and has it not left? */
  get isReading(): boolean {
    return this.#pipe !== undefined && !this.hasLeft;
  }

  /** Sends a chunk behind all that waits; nothing, where nobody reads. Does not wait. */
  queue(chunk: Uint8Array): void {
    if (this.#pipe === undefined || this.hasLeft || chunk.byteLength === 0) return;
    this.#waiting.push(chunk);
    this.#waitingBytes += chunk.byteLength;
    this.#sending ??= this.#send(this.#pipe);
  }

  /** Sends what others hold too, as the only thing that is sent. Does not wait. */
  queueWhole(whole: Blob): void {
    if (this.#pipe === undefined) return;
    this.#rest = whole;
    this.#waitingBytes = whole.size;
    this.#sending ??= this.#send(this.#pipe);
  }

  /** The same bytes in one piece, which others hold too, in place of the chunks they came in. */
  shareFrom(whole: Blob): void {
    if (this.#waitingBytes === 0) return;
    this.#rest = whole.slice(whole.size - this.#waitingBytes);
    this.#waiting = [];
  }

  /**
   * Settles once everything queued was taken, or the client has left.
   *
   * @param budget of what it holds meanwhile: while that is short, a client that stalls is cut off
   */
  async drained(budget?: Pick<ByteBudget, "isShort">): Promise<void> {
    const drained = this.#sending;
    if (budget === undefined || drained === undefined) await drained;
    else await this.#unlessStalled(drained, budget);
  }

  /** Behind everything queued. Settles once the client has taken it, has left, or was cut off. */
  async close(budget: Pick<ByteBudget, "isShort">): Promise<void> {
    await this.#unlessStalled(this.#closed(), budget);
  }

  async #unlessStalled(end: Promise<void>, budget: Pick<ByteBudget, "isShort">): Promise<void> {
    for (let before = this.#waitingBytes; ; before = this.#waitingBytes) {
      if ((await patiently(end, stallMsMax)) !== "out-of-patience") return;
      if (this.#waitingBytes === before && budget.isShort) {
        return this.abort(new Error("The client takes nothing."));
      }
    }
  }

  async #closed(): Promise<void> {
    await this.drained();
    await this.#pipe?.writer.close().catch(() => undefined);
  }

  /** At once, for the fill; one that reads slowly may see it late. */
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
