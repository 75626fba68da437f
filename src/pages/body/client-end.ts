// A pipe for bytes on their way to a client or a tier, and the client's end of a fill, which sends
// the queued bytes in order, one slice at a time.
import { CutBody, FixedLengthStream, IdentityTransformStream } from "../../base/byte-streams.ts";
import type { ByteBudget } from "../../cache/byte-budget.ts";
import { patiently } from "../../base/timeouts.ts";

/** Two ends of a pipe: `readable` returns the bytes written. `writer` has the lock of `writable`. */
export type BytePipe = Readonly<ReturnType<typeof openBytePipe>>;

/**
 * @param bytes the total length, for Content-Length; `null` if unknown. If the body is shorter, its
 *   reader gets an error
 */
export function openBytePipe(bytes: number | null) {
  const { readable, writable } =
    bytes === null ? new IdentityTransformStream() : new FixedLengthStream(bytes);
  const writer = writable.getWriter();
  // Each write reports its own failure. Without this handler, the runtime would also report the
  // rejection of `closed`.
  writer.closed.catch(() => undefined);
  return { readable, writable, writer };
}

/** A body held in one piece is sent in slices, so that a slow reader costs only one slice of extra memory. */
const sliceBytes = 65_536;

/** A client that reads no slice for this long is disconnected while memory is short. */
const stallMsMax = 20_000;

/**
 * A client that has left before the head never begins to read, and nothing reports that. The runtime
 * would end the request 30 s after the client has left, and not release the memory of its body.
 */
const beginMsMax = 10_000;

/**
 * Writes a chunk to a client.
 *
 * @param client.mayBeGone whether a client that reads nothing for long may have left unnoticed
 * @param client.isInTheWay returns whether a client that stalls costs memory that is short
 * @throws Error if the client has left, or is disconnected because it reads nothing
 */
export async function writeToClient(
  chunk: Uint8Array,
  writer: BytePipe["writer"],
  client: { readonly mayBeGone: boolean; readonly isInTheWay: () => boolean },
): Promise<void> {
  const writing = writer.write(chunk);
  for (;;) {
    const how = await patiently(writing, client.mayBeGone ? beginMsMax : stallMsMax);
    if (how === "abandoned") throw new CutBody("The client has left.");
    if (how !== "timed-out") return;
    if (client.mayBeGone || client.isInTheWay()) throw new CutBody("The client stopped reading.");
  }
}

/**
 * Sends a body to a client that may disconnect or read slowly. The fill continues without the
 * client.
 */
export class ClientEnd {
  readonly #pipe: BytePipe | undefined;
  /** The longest wait for a client that has not begun to read. */
  readonly #beginMsMax: number;
  #waiting: Uint8Array[] = [];
  /** The bytes to send after the waiting chunks. */
  #rest = new Blob();
  /** The total size of the waiting chunks and the rest. */
  #waitingBytes = 0;
  #sending: Promise<void> | undefined;
  /** Whether the client has disconnected; false if there was never a client. */
  hasLeft = false;
  /** Whether the client has read a chunk. */
  hasBegun = false;

  /**
   * @param pipe `undefined` without a client
   * @param on.endsWithClient whether the runtime ends a request soon after its client has left
   */
  constructor(pipe: BytePipe | undefined, on: { readonly endsWithClient: boolean }) {
    this.#pipe = pipe;
    this.#beginMsMax = on.endsWithClient ? beginMsMax : Infinity;
  }

  /** Returns whether there is a client that is still connected. */
  get isReading(): boolean {
    return this.#pipe !== undefined && !this.hasLeft;
  }

  /** Queues a chunk without waiting. Does nothing if no client is connected. */
  queue(chunk: Uint8Array): void {
    if (this.#pipe === undefined || this.hasLeft || chunk.byteLength === 0) return;
    this.#waiting.push(chunk);
    this.#waitingBytes += chunk.byteLength;
    this.#sending ??= this.#send(this.#pipe);
  }

  /** Starts to send a shared blob as the whole body, without waiting. */
  queueWhole(whole: Blob): void {
    if (this.#pipe === undefined) return;
    this.#rest = whole;
    this.#waitingBytes = whole.size;
    this.#sending ??= this.#send(this.#pipe);
  }

  /** Leaves the waiting chunks, which the caller sends instead. Returns their number and length. */
  handOver(): { count: number; bytes: number; hasBegun: boolean } {
    const { hasBegun } = this;
    const left = { count: this.#waiting.length, bytes: this.#waitingBytes, hasBegun };
    this.#waiting = [];
    this.#waitingBytes = 0;
    return left;
  }

  /** Replaces the waiting chunks with the same bytes of a shared blob. */
  shareFrom(whole: Blob): void {
    if (this.#waitingBytes === 0) return;
    this.#rest = whole.slice(whole.size - this.#waitingBytes);
    this.#waiting = [];
  }

  /**
   * Settles once the client has read all queued bytes, or has disconnected.
   *
   * @param budget while this budget is short, a client that stalls is disconnected
   */
  async drained(budget: Pick<ByteBudget, "isShort">): Promise<void> {
    if (this.#sending !== undefined) await this.#unlessStalled(this.#sending, budget);
  }

  /**
   * Ends the body after the queued bytes. Settles once the client has read the body or is
   * disconnected.
   */
  async close(budget: Pick<ByteBudget, "isShort">): Promise<void> {
    if (this.#pipe !== undefined) await this.#unlessStalled(this.#closed(this.#pipe), budget);
  }

  async #unlessStalled(end: Promise<void>, budget: Pick<ByteBudget, "isShort">): Promise<void> {
    for (let before = this.#waitingBytes; ; before = this.#waitingBytes) {
      const waitMsMax = this.hasBegun ? stallMsMax : Math.min(stallMsMax, this.#beginMsMax);
      if ((await patiently(end, waitMsMax)) !== "timed-out") return;
      const isGone = !this.hasBegun && this.#beginMsMax < Infinity;
      if (this.#waitingBytes === before && (isGone || budget.isShort)) {
        return this.abort(new CutBody("The client stopped reading."));
      }
    }
  }

  async #closed({ writer }: BytePipe): Promise<void> {
    await this.#sending;
    await writer.close().catch(() => undefined);
  }

  /** Aborts the body without waiting. A slow reader may receive the error late. */
  abort(cause: unknown): void {
    this.#leave();
    void this.#pipe?.writer.abort(cause).catch(() => undefined);
  }

  async #send({ writer }: BytePipe): Promise<void> {
    try {
      while (this.#waitingBytes > 0) {
        await writer.write(await this.#next());
        this.hasBegun = true;
      }
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
      // Copy the chunk, because the client may rewrite or transfer what it has read.
      return chunk.slice();
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
