// One direction of a proxied connection: bytes in order, each as late and as slowly as is said, and
// no more of them held than the receiver's slowness excuses.
import type { Socket } from "node:net";

const heldBytesMax = 262_144;
/** How often a throttled lane sends a part. */
const partMs = 20;

type Item = { readonly dueAtMs: number; bytes: Buffer } | "end";

export class Lane {
  readonly #from: Socket;
  readonly #to: Socket;
  readonly #waiting: Item[] = [];
  #heldBytes = 0;
  #timer: NodeJS.Timeout | undefined;
  #isDraining = false;
  /** Of what comes from now on. */
  delayMs = 0;
  /** Of what is waiting, too; `Infinity` for no limit. */
  bytesPerSecond = Infinity;

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

  /** Behind everything that was passed. */
  end(): void {
    this.#waiting.push("end");
    this.#send();
  }

  /** @returns whether anything was still on its way */
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
      if (waitMs > 0) this.#later(waitMs);
      else this.#write(next);
    }
  }

  #write(item: Exclude<Item, "end">): void {
    const partBytes = Math.max(1, Math.floor((this.bytesPerSecond * partMs) / 1_000));
    const part = item.bytes.subarray(0, Math.min(partBytes, item.bytes.length));
    item.bytes = item.bytes.subarray(part.length);
    if (item.bytes.length === 0) this.#waiting.shift();
    this.#heldBytes -= part.length;
    if (this.#heldBytes <= heldBytesMax) this.#from.resume();
    if (this.bytesPerSecond !== Infinity) {
      this.#later((part.length * 1_000) / this.bytesPerSecond);
    }
    if (!this.#to.write(part)) {
      this.#isDraining = true;
      this.#to.once("drain", () => {
        this.#isDraining = false;
        this.#send();
      });
    }
  }

  #later(waitMs: number): void {
    this.#timer = setTimeout(() => {
      this.#timer = undefined;
      this.#send();
    }, Math.ceil(waitMs));
  }
}
