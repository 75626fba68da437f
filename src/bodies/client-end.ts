// A pipe for bytes on their way to a client or a tier, and the client's end of a fill, which sends
// the queued bytes in order, one piece at a time.
import {
  CutBody,
  FixedLengthStream,
  IdentityTransformStream,
  readersGetCopies,
} from "../base/byte-streams.ts";
import type { BodyReader, ByteBudget } from "../cache/byte-budget.ts";
import { OutOfTime, within } from "../base/timeouts.ts";

/** A client, and the newest chunks that it has not been sent, by number and length. */
export type HandedOver = NonNullable<ReturnType<ClientEnd["handOver"]>>;

/** Two ends of a pipe: `readable` returns the bytes written. `writer` alone writes to `writable`. */
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

/** The memory of a body while its client reads it. */
export interface HeldBody {
  /** Returns the bytes that the budget gets back without this client. */
  readonly bytes: () => number;
  /** Gives them back. May be called twice. */
  readonly release: () => void;
}

const nothingHeld: HeldBody = { bytes: () => 0, release: () => undefined };

/** The parts of a site that a client's writer needs. */
export interface ClientSite {
  readonly fillBudget: Pick<ByteBudget, "waits" | "waitsNoMore" | "pieceBytesMax">;
  /** Whether the runtime ends a request soon after its client has left. */
  readonly endsWithClient: boolean;
}

/**
 * A client that has left before the head never begins to read, and nothing reports that. The runtime
 * would end the request 30 s after the client has left, and not release the memory of its body.
 */
const beginMsMax = 10_000;

const stalled = "The client stopped reading.";

/** Writes to a client. If it takes nothing while memory is short, the budget disconnects it. */
export class ClientWriter implements BodyReader {
  readonly #writer: BytePipe["writer"];
  readonly #site: ClientSite;
  held: HeldBody;
  /** Whether the client has read a chunk. */
  hasBegun = false;
  #fail: (cause: CutBody) => void = () => undefined;

  constructor({ writer }: BytePipe, site: ClientSite, held = nothingHeld) {
    this.#writer = writer;
    this.#site = site;
    this.held = held;
  }

  /**
   * Writes a chunk that the client does not share. Settles once the client has taken it.
   *
   * @param ownBytes the bytes that only this write keeps in memory
   * @throws Error if the client has left, or is disconnected because it reads nothing
   */
  async write(chunk: Uint8Array, ownBytes = chunk.byteLength): Promise<void> {
    await this.#taken(this.#writer.write(chunk), ownBytes);
    this.hasBegun = true;
  }

  /** Writes a chunk that others also read. */
  writeShared(chunk: Uint8Array): Promise<void> {
    // A client could rewrite or transfer what it has read.
    return readersGetCopies ? this.write(chunk, 0) : this.write(chunk.slice());
  }

  /** Ends the body. @throws as `write` */
  close(): Promise<void> {
    return this.#taken(this.#writer.close(), 0);
  }

  heldBytes(): number {
    return this.held.bytes();
  }

  cut(): void {
    this.held.release();
    this.#fail(new CutBody(stalled));
  }

  async #taken(writing: Promise<void>, ownBytes: number): Promise<void> {
    const { fillBudget, endsWithClient } = this.#site;
    // `Promise.race` with a promise of the whole body would keep a reaction for each chunk.
    const taken = new Promise<void>((resolve, reject) => {
      this.#fail = reject;
      writing.then(resolve, reject);
    });
    fillBudget.waits(this, ownBytes);
    try {
      await (endsWithClient && !this.hasBegun ? within(taken, beginMsMax) : taken);
    } catch (cause) {
      throw cause instanceof OutOfTime ? new CutBody(stalled) : cause;
    } finally {
      fillBudget.waitsNoMore(this);
    }
  }
}

/**
 * Sends a body to a client that may disconnect or read slowly. The fill continues without the
 * client.
 */
export class ClientEnd {
  readonly #pipe: BytePipe | undefined;
  readonly #site: ClientSite;
  /** `undefined` without a client. */
  readonly writer: ClientWriter | undefined;
  #waiting: Uint8Array[] = [];
  /** The bytes to send after the waiting chunks. */
  #rest = new Blob();
  /** The total size of the waiting chunks and the rest. */
  #waitingBytes = 0;
  #sending: Promise<void> | undefined;
  /** Whether the client has disconnected; false if there was never a client. */
  hasLeft = false;

  /** @param pipe `undefined` without a client */
  constructor(pipe: BytePipe | undefined, site: ClientSite, held?: HeldBody) {
    this.#pipe = pipe;
    this.#site = site;
    this.writer = pipe && new ClientWriter(pipe, site, held);
  }

  /** Whether the client has read a chunk. */
  get hasBegun(): boolean {
    return this.writer?.hasBegun === true;
  }

  /** Returns whether there is a client that is still connected. */
  get isReading(): boolean {
    return this.#pipe !== undefined && !this.hasLeft;
  }

  /** Writes a chunk after the queued bytes. Otherwise like `write` of the writer. */
  async write(chunk: Uint8Array, ownBytes: number): Promise<void> {
    await this.writer?.write(chunk, ownBytes);
  }

  /** Queues a chunk without waiting. Does nothing if no client is connected. */
  queue(chunk: Uint8Array): void {
    if (this.writer === undefined || this.hasLeft || chunk.byteLength === 0) return;
    this.#waiting.push(chunk);
    this.#waitingBytes += chunk.byteLength;
    this.#sending ??= this.#send(this.writer);
  }

  /** Starts to send a shared blob as the whole body, without waiting. */
  queueWhole(whole: Blob): void {
    if (this.writer === undefined) return;
    this.#rest = whole;
    this.#waitingBytes = whole.size;
    this.#sending ??= this.#send(this.writer);
  }

  /**
   * Leaves the waiting chunks, which the caller sends instead once `sending` has settled.
   *
   * @returns their number and length; `undefined` if no client is connected
   */
  handOver() {
    const pipe = this.#pipe;
    const { writer, hasLeft } = this;
    if (pipe === undefined || writer === undefined || hasLeft) return undefined;
    const left = { count: this.#waiting.length, bytes: this.#waitingBytes };
    this.#waiting = [];
    this.#waitingBytes = 0;
    return { ...left, pipe, writer, sending: this.#sending };
  }

  /** Replaces the waiting chunks with the same bytes of a shared blob. */
  shareFrom(whole: Blob, held: HeldBody): void {
    if (this.writer !== undefined) this.writer.held = held;
    if (this.#waitingBytes === 0) return;
    this.#rest = whole.slice(whole.size - this.#waitingBytes);
    this.#waiting = [];
  }

  /** Settles once the client has read all queued bytes, or has disconnected. */
  async drained(): Promise<void> {
    await this.#sending;
  }

  /**
   * Ends the body after the queued bytes. Settles once the client has read the body or is
   * disconnected.
   */
  async close(): Promise<void> {
    await this.#sending;
    if (this.hasLeft) return;
    await this.writer?.close().catch((cause: unknown) => this.abort(cause));
  }

  /** Aborts the body without waiting. A slow reader may receive the error late. */
  abort(cause: unknown): void {
    this.hasLeft = true;
    this.#waiting = [];
    this.#rest = new Blob();
    this.#waitingBytes = 0;
    void this.#pipe?.writer.abort(cause).catch(() => undefined);
  }

  async #send(writer: ClientWriter): Promise<void> {
    try {
      while (this.#waitingBytes > 0) await this.#sendNext(writer);
    } catch (cause) {
      this.abort(cause);
    } finally {
      this.#sending = undefined;
    }
  }

  async #sendNext(writer: ClientWriter): Promise<void> {
    const chunk = this.#waiting.shift();
    if (chunk !== undefined) {
      this.#waitingBytes -= chunk.byteLength;
      return writer.writeShared(chunk);
    }
    // A body held in one piece is sent in pieces, so that a slow reader costs only one piece of memory.
    const pieceBytes = this.#site.fillBudget.pieceBytesMax;
    const piece = this.#rest.slice(0, pieceBytes);
    this.#rest = this.#rest.slice(pieceBytes);
    this.#waitingBytes -= piece.size;
    return writer.write(new Uint8Array(await piece.arrayBuffer()));
  }
}
