// Where a fill's client reads: what has come waits for it in order, one slice on its way at a time.
import type { BytePipe } from "./byte-pipe.ts";
import { slicesOf } from "./byte-slices.ts";

/** The client may leave or read slowly; the fill goes on without it. */
export class ClientEnd {
  readonly #pipe: BytePipe | undefined;
  #waiting: Uint8Array[] = [];
  #waitingBytes = 0;
  #sending: Promise<void> | undefined;
  #hasLeft = false;

  /** @param pipe `undefined` if nobody waits for the body */
  constructor(pipe: BytePipe | undefined) {
    this.#pipe = pipe;
  }

  get isReading(): boolean {
    return this.#pipe !== undefined && !this.#hasLeft;
  }

  get hasLeft(): boolean {
    return this.#hasLeft;
  }

  queue(chunk: Uint8Array): void {
    if (this.#pipe === undefined || this.#hasLeft) return;
    this.#waiting.push(chunk);
    this.#waitingBytes += chunk.byteLength;
    this.#sending ??= this.#send(this.#pipe);
  }

  /** The same bytes in one piece, which others hold too, in place of the chunks they came in. */
  shareFrom(whole: Uint8Array): void {
    if (this.#waitingBytes === 0) return;
    const rest = whole.subarray(whole.byteLength - this.#waitingBytes);
    this.#waiting = [...slicesOf(rest)];
  }

  /** Settles once everything queued was taken, or the client has left. */
  async drained(): Promise<void> {
    await this.#sending;
  }

  /** Behind everything queued. Settles once the client has taken it, or left. */
  async close(): Promise<void> {
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
      for (let next = this.#waiting.shift(); next !== undefined; next = this.#waiting.shift()) {
        this.#waitingBytes -= next.byteLength;
        await writer.write(next);
      }
    } catch {
      this.#leave();
    } finally {
      this.#sending = undefined;
    }
  }

  #leave(): void {
    this.#hasLeft = true;
    this.#waiting = [];
    this.#waitingBytes = 0;
  }
}
