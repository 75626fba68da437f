// Relays an arriving body to every request that reads it, from a window of its newest bytes. Each
// reader has a stream of its own in its own request. So the relay contains only bytes and promises,
// and no I/O objects of another request.
import { CutBody } from "../../base/byte-streams.ts";
import { isWithinMs } from "../../base/elapsed.ts";
import type { ByteBudget } from "../../cache/byte-budget.ts";
import { patiently, pauseUnheld } from "../../base/timeouts.ts";
import type { ArrivingBody, Continuation, SharedRest } from "../site/forward-outcome.ts";
import type { StartPorts } from "../../cache/flights.ts";
import { type BytePipe, openBytePipe, writeToClient } from "./client-end.ts";

/** The time during which clients can join a body of unknown length, which may be endless. */
const joinMsMax = 5_000;
/** The interval at which the filler shows that it is alive, and at which readers look for that. */
const lookAgainMs = 1_000;
/**
 * The time without a sign of the filler after which the runtime counts as having ended its request,
 * which it does without notice.
 */
const silenceMsMax = 10_000;
/** Workers end background work 30 s after the client has left. */
const behindAnswerMsMax = 25_000;
/** The time for which a slow reader that could not continue delays the others: each step, in total. */
const delayMsMax = { eachStep: 2_000, total: 20_000 };
/** The window while memory is short. */
const shortBytesMax = 65_536;
/** Larger bodies get no memory that small bodies may need, and are sent while they arrive. */
export const smallBytesMax = 65_536;

interface RelayLimits {
  /** The length of the window. */
  readonly bytesMax: number;
  /** Counts the held bytes, and later the window. */
  readonly budget: Pick<ByteBudget, "take" | "give" | "isShort" | "untilRead">;
  /** Epoch milliseconds. */
  readonly nowAtMs: () => number;
  /** The Content-Length; `null` if there is none. */
  readonly bodyBytes: number | null;
  /** Whether the runtime ends the request that reads the origin soon after its client has left. */
  readonly endsWithClient: boolean;
  /** Whether a reader can continue the body with a range request. */
  readonly mayResume: boolean;
}

type Chunk = Uint8Array<ArrayBuffer>;
type WindowEnd = "whole" | "cut" | "overtaken" | "lost";

interface Reader {
  /** The number of the next chunk. */
  at: number;
  /** The first byte of the next chunk. */
  atByte: number;
  /** Whether its client has read a chunk. */
  hasBegun: boolean;
}

/** A body that is being sent from its origin to several requests. */
export class Relay implements ArrivingBody {
  readonly #limits: RelayLimits;
  readonly #sinceAtMs: number;
  /** Everything is held until `open`. */
  #windowBytes = Infinity;
  #countedBytes = 0;
  /** If no client has read anything, the runtime may have ended the request unnoticed. */
  hasBegun: boolean;
  readonly #release: () => void;
  #chunks: Chunk[] = [];
  /** The number of chunks dropped before the first of `#chunks`. */
  #dropped = 0;
  #heldBytes = 0;
  /** The number of bytes that have arrived. */
  bytes: number;
  readonly #readers = new Set<Reader>();
  /** The reader for the client whose request fetches the body. */
  #own: Reader | undefined;
  #ownLeftAtMs: number | undefined;
  #waiterCount = 0;
  /** The total time for which slow readers have delayed the others. */
  #delayedMs = 0;
  #changed = Promise.withResolvers<void>();
  /** Wakes the filler when a reader has joined, read a chunk or left. */
  #wakeFiller: () => void = () => undefined;
  #beatCount = 0;
  #isBeating = false;
  #isSettled = false;
  /** `lost`: the request that reads the origin has ended, or is about to be ended. */
  #state: "coming" | "whole" | "cut" | "lost" = "coming";
  /** Whether tiers have stored the body; `undefined` until that is known. */
  hasStored: boolean | undefined;
  readonly #rest: SharedRest = {};

  /** @param firstByte more than 0 for a rest, whose readers have read the bytes before it */
  constructor(limits: RelayLimits, firstByte = 0) {
    this.bytes = firstByte;
    this.#limits = limits;
    this.hasBegun = firstByte > 0 || !limits.endsWithClient;
    const release = () => this.#give(this.#countedBytes);
    this.#release = limits.budget.untilRead(release, () => this.hasBegun);
    this.#sinceAtMs = limits.nowAtMs();
  }

  /** Returns whether a request reads the body, or waits for the stored body. */
  get isRead(): boolean {
    return this.#readers.size + this.#waiterCount > 0;
  }

  /** Returns whether nobody reads the body, and the time for work without a client is over. */
  get isOverdue(): boolean {
    return !this.isRead && !isWithinMs(behindAnswerMsMax, this.#sinceAtMs, this.#limits.nowAtMs());
  }

  get endsWithClient(): boolean {
    return this.#limits.endsWithClient;
  }

  get isComing(): boolean {
    return this.#state === "coming";
  }

  /** The held chunks. */
  get chunks(): readonly Chunk[] {
    return this.#chunks;
  }

  /**
   * Shows the readers once a second that the caller's request is alive. Loses the body before the
   * runtime ends this request, whose client has left.
   */
  async beat(): Promise<void> {
    if (this.#isBeating) return;
    this.#isBeating = true;
    while (!this.#isSettled) {
      await pauseUnheld(lookAgainMs);
      this.#beatCount += 1;
      const leftAtMs = this.#ownLeftAtMs ?? Infinity;
      if (this.#limits.nowAtMs() - leftAtMs > behindAnswerMsMax) this.#lose();
    }
  }

  /** Records that the request which reads the origin has no client any more. */
  ownHasLeft(): void {
    if (this.endsWithClient) this.#ownLeftAtMs ??= this.#limits.nowAtMs();
  }

  /** Readers continue by themselves. Nobody else would release the window. */
  #lose(): void {
    if (this.#isSettled) return;
    if (this.#state === "coming") this.#state = "lost";
    this.settle(false);
    this.#wakeFiller();
  }

  /**
   * Adds a chunk before `open`. The chunk is held in either case.
   *
   * @returns whether the budget had room for the chunk
   * @throws Error if the body is longer than stated
   */
  hold(chunk: Chunk): boolean {
    this.push(chunk);
    const { budget, bodyBytes } = this.#limits;
    const isLarge = Math.max(this.bytes, bodyBytes ?? 0) > smallBytesMax;
    if (!budget.take(chunk.byteLength, isLarge ? "large" : "small")) return false;
    this.#countedBytes += chunk.byteLength;
    return true;
  }

  /** Limits the held bytes to the window from now on. */
  open(): void {
    const { budget, bytesMax } = this.#limits;
    const moreBytes = Math.max(0, bytesMax - this.#countedBytes);
    const isCounted = budget.take(moreBytes, "large");
    this.#windowBytes = isCounted ? bytesMax : Math.max(shortBytesMax, this.#countedBytes);
    if (isCounted) this.#countedBytes += moreBytes;
  }

  /** @throws Error if the body is longer than stated */
  push(chunk: Chunk): void {
    if (chunk.byteLength === 0) return;
    if (this.bytes + chunk.byteLength > (this.#limits.bodyBytes ?? Infinity)) {
      throw new CutBody("The body was longer than its Content-Length.");
    }
    this.#chunks.push(chunk);
    this.#heldBytes += chunk.byteLength;
    this.bytes += chunk.byteLength;
    this.#wake();
  }

  /**
   * Waits until the readers that set the pace have the window's first byte, and then moves the
   * window. A reader that is overtaken continues with the stored body, or with a range request.
   */
  async room(isStoring: () => boolean): Promise<void> {
    const { nowAtMs } = this.#limits;
    const sinceAtMs = nowAtMs();
    const isDelayed = this.#readers.size > 1;
    for (let delayMs = 0; this.isComing;) {
      const isPatient =
        delayMs < delayMsMax.eachStep && this.#delayedMs + delayMs < delayMsMax.total;
      if (this.bytes - this.#paceAtByte(isStoring(), isPatient) <= this.#windowBytes) break;
      // With a promise of a reader, the filler would wait in vain after the end of the reader's request.
      const { promise, resolve } = Promise.withResolvers<void>();
      this.#wakeFiller = resolve;
      if ((await patiently(promise, lookAgainMs)) === "timed-out") delayMs += lookAgainMs;
    }
    if (isDelayed) this.#delayedMs += Math.abs(nowAtMs() - sinceAtMs);
    while (this.#heldBytes > this.#windowBytes && this.#chunks.length > 1) this.#dropFirst();
    this.#give(Math.max(0, this.#countedBytes - this.#windowBytes));
  }

  /**
   * Returns the first byte that the reader which sets the pace still needs. While tiers store the body
   * for several readers, no reader does. Otherwise the fastest reader does, or for a limited time the
   * slowest, if it could not continue.
   */
  #paceAtByte(isStoring: boolean, isPatient: boolean): number {
    if (!isStoring && this.hasStored === undefined) {
      this.hasStored = false;
      this.#wake();
    }
    const atBytes = [...this.#readers].flatMap(({ at, atByte }) =>
      at < this.#dropped ? [] : [atByte],
    );
    if (atBytes.length === 0 || (isStoring && this.#isShared)) return Infinity;
    const waitsForAll = !isStoring && !this.#limits.mayResume && isPatient;
    return waitsForAll ? Math.min(...atBytes) : Math.max(...atBytes);
  }

  get #isShared(): boolean {
    const own = this.#own !== undefined && this.#readers.has(this.#own) ? 1 : 0;
    return this.#readers.size + this.#waiterCount > own;
  }

  /** Ends the body: `whole`, or `cut` if it was truncated. */
  end(how: "whole" | "cut"): void {
    if (!this.isComing) return;
    this.#state = this.bytes < (this.#limits.bodyBytes ?? 0) ? "cut" : how;
    this.#wake();
  }

  /**
   * Says whether tiers have stored the body. The relay releases its bytes once nobody needs them: if
   * several requests read a stored body, they continue with that body at once. Otherwise, the last
   * reader releases the bytes, because it may outlive this request.
   */
  settle(hasStored: boolean): void {
    this.hasStored = hasStored;
    this.#isSettled = true;
    this.#wake();
    this.#releaseIfUnneeded();
  }

  #releaseIfUnneeded(): void {
    const isNeeded = this.#readers.size > 0 && !(this.hasStored === true && this.#isShared);
    if (!this.#isSettled || isNeeded) return;
    while (this.#chunks.length > 0) this.#dropFirst();
    this.#release();
  }

  #give(bytes: number): void {
    this.#limits.budget.give(bytes);
    this.#countedBytes -= bytes;
  }

  /** Waits until tiers have stored the body. Returns false if they have not. */
  async isStored(): Promise<boolean> {
    this.#waiterCount += 1;
    this.#wakeFiller();
    while (this.hasStored === undefined && (await this.#isAlive()));
    this.#waiterCount -= 1;
    return this.hasStored === true;
  }

  /** Waits for a change, or a sign of the filler. Loses the body if there is none in time. */
  async #isAlive(): Promise<boolean> {
    const before = this.#beatCount;
    const { promise } = this.#changed;
    for (let silentMs = 0; silentMs < silenceMsMax; silentMs += lookAgainMs) {
      const how = await patiently(promise, lookAgainMs);
      if (how === "abandoned") break;
      if (how !== "timed-out" || this.#beatCount > before) return true;
    }
    this.#lose();
    return false;
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
    const isOver = this.#state === "cut" || this.#state === "lost";
    if (this.#dropped > 0 || isLate || isOver) return undefined;
    const atByte = this.bytes - this.#heldBytes;
    const pipe = openBytePipe(bodyBytes && bodyBytes - atByte);
    const reader = this.#readerFrom({ at: 0, atByte, hasBegun: atByte > 0 });
    afterAnswer(async () => {
      await this.#send(pipe, continuation, reader);
      // The last reader makes sure that somebody is left who releases the window.
      if (!this.isRead && !this.#isSettled) await this.#isAlive();
    });
    // The relay writes only chunks.
    return pipe.readable as ReadableStream<Chunk>;
  }

  /**
   * Sends the body to the client whose request fetches it. Settles once the client has read it or
   * disconnected.
   *
   * @param left the newest chunks, which the client has not been sent yet, by number and length, and
   *   whether the client has read any
   */
  async sendOwn(
    pipe: BytePipe,
    left: { readonly count: number; readonly bytes: number; readonly hasBegun: boolean },
    continuation: Continuation,
  ): Promise<void> {
    const at = this.#dropped + this.#chunks.length - left.count;
    const { hasBegun } = left;
    this.#own = this.#readerFrom({ at, atByte: this.bytes - left.bytes, hasBegun });
    await this.#send(pipe, continuation, this.#own);
    this.ownHasLeft();
  }

  #readerFrom(reader: Reader): Reader {
    this.#readers.add(reader);
    this.#wakeFiller();
    return reader;
  }

  #leave(reader: Reader): void {
    this.#readers.delete(reader);
    this.#wakeFiller();
    this.#releaseIfUnneeded();
  }

  async #send(pipe: BytePipe, continuation: Continuation, reader: Reader): Promise<void> {
    const { writer, writable } = pipe;
    try {
      const end = await this.#sendWindow(reader, writer);
      if (end === "cut") throw new CutBody("The body was cut short.");
      // Begin to wait before leaving. In between, the filler would see no reader.
      const storing = end === "overtaken" && this.isStored();
      this.#leave(reader);
      if (end === "whole") return await writer.close();
      const { atByte } = reader;
      const stored = (await storing) ? await continuation.ofStored(atByte) : undefined;
      const together = end === "lost" ? continuation.together(atByte, this.#rest) : undefined;
      const rest = stored ?? (await (together ?? continuation.ofOrigin(atByte)));
      if (rest === undefined) throw new CutBody("The body could not be continued.");
      writer.releaseLock();
      await rest.pipeTo(writable);
    } catch (cause) {
      void writer.abort(cause).catch(() => undefined);
    } finally {
      this.#leave(reader);
    }
  }

  /** @returns `lost` if the leader's request has ended, or is about to be ended */
  async #sendWindow(reader: Reader, writer: BytePipe["writer"]): Promise<WindowEnd> {
    for (;;) {
      if (reader.at < this.#dropped) return "overtaken";
      const chunk = this.#chunks[reader.at - this.#dropped];
      if (chunk !== undefined) {
        // Copy the chunk, because a reader may rewrite or transfer what it has read.
        await writeToClient(chunk.slice(), writer, {
          mayBeGone: this.endsWithClient && !reader.hasBegun,
          isInTheWay: () => this.#limits.budget.isShort && reader.at >= this.#dropped,
        });
        reader.hasBegun = true;
        this.hasBegun = true;
        reader.at += 1;
        reader.atByte += chunk.byteLength;
        this.#wakeFiller();
      } else if (this.#state !== "coming") {
        return this.#state;
      } else {
        await this.#isAlive();
      }
    }
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
