// One direction of a proxied connection. It passes bytes in order, after a delay, and holds at most
// 256 KiB.
import type { Socket } from "node:net";

const heldBytesMax = 262_144;

type Item = { readonly dueAtMs: number; readonly bytes: Buffer } | "end";

export class Lane {
  readonly #from: Socket;
  readonly #to: Socket;
  readonly #waiting: Item[] = [];
  #heldBytes = 0;
  #timer: NodeJS.Timeout | undefined;
  #isDraining = false;
  /** The delay of bytes that arrive from now on. */
  delayMs = 0;

  constructor(from: Socket, to: Socket) {
    this.#from = from;
    this.#to = to;
  }

  pass(bytes: Buffer): void {
    if (bytes.length === 0) return;
    this.#waiting.push({ dueAtMs: performance.now() + this.delayMs, bytes });
    this.#heldBytes += bytes.length;
    if (this.#heldBytes > heldBytesMax) this.#from.pause();
    this.#send();
  }

  /** Ends the connection after the waiting bytes. */
  end(): void {
    this.#waiting.push("end");
    this.#send();
  }

  /** Discards the waiting bytes. Returns whether there were any. */
  drop(): boolean {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    this.#heldBytes = 0;
    this.#from.resume();
    return this.#waiting.splice(0).length > 0;
  }

  #send(): void {
    while (this.#timer === undefined && !this.#isDraining) {
      const next = this.#waiting[0];
      if (next === undefined) return;
      if (next === "end") {
        this.#waiting.length = 0;
        this.#to.end();
        return;
      }
      const waitMs = next.dueAtMs - performance.now();
      if (waitMs > 0) return this.#later(waitMs);
      this.#waiting.shift();
      this.#write(next.bytes);
    }
  }

  #write(bytes: Buffer): void {
    this.#heldBytes -= bytes.length;
    if (this.#heldBytes <= heldBytesMax) this.#from.resume();
    if (this.#to.write(bytes)) return;
    this.#isDraining = true;
    this.#to.once("drain", () => {
      this.#isDraining = false;
      this.#send();
    });
  }

  #later(waitMs: number): void {
    this.#timer = setTimeout(() => {
      this.#timer = undefined;
      this.#send();
    }, Math.ceil(waitMs));
  }
}
