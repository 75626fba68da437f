// Relays an arriving body to every request that reads it, from a window of its newest bytes. Each
// reader has a stream of its own in its own request. So the relay contains only bytes and promises,
// and no I/O objects of another request.
import { CutBody } from "../base/byte-streams.ts";
import { isWithinMs } from "../base/elapsed.ts";
import type { ByteBudget } from "../cache/byte-budget.ts";
import { patiently, pauseUnheld } from "../base/timeouts.ts";
import type { StartPorts } from "../cache/flights.ts";
import { BodyWindow, type WindowLimits } from "./body-window.ts";
import type { ArrivingBody, Continuation, SharedRest } from "./continuation.ts";
import { ClientWriter, type HandedOver, type HeldBody, openBytePipe } from "./client-end.ts";

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
/**
 * The bytes that are read ahead of the only reader. More would only cost memory, because nobody else
 * needs them.
 */
const aheadBytesMax = 131_072;

interface RelayLimits extends WindowLimits {
  /** Epoch milliseconds. */
  readonly nowAtMs: () => number;
  /** Whether the runtime ends the request that reads the origin soon after its client has left. */
  readonly endsWithClient: boolean;
  /** Whether a reader can continue the body with a range request. */
  readonly mayResume: boolean;
}

type Chunk = Uint8Array<ArrayBuffer>;
type WindowEnd = "whole" | "cut" | "overtaken" | "lost" | "passed";

interface Reader {
  /** The number of the next chunk. */
  at: number;
  /** The first byte of the next chunk. */
  atByte: number;
}

/** A body that is being sent from its origin to several requests. */
export class Relay implements ArrivingBody {
  readonly #limits: RelayLimits;
  readonly #sinceAtMs: number;
  readonly #window: BodyWindow;
  /** If no client has read anything, the runtime may have ended the request unnoticed. */
  hasBegun: boolean;
  readonly #release: () => void;
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
  /**
   * `lost`: the request that reads the origin has ended, or is about to be ended. `passed`: the runtime
   * sends the rest to the only reader.
   */
  #state: "coming" | "whole" | "cut" | "lost" | "passed" = "coming";
  #passed: ReadableStream<Chunk> | undefined;
  /** Whether tiers have stored the body; `undefined` until that is known. */
  hasStored: boolean | undefined;
  readonly #rest: SharedRest = {};

  /** @param firstByte more than 0 for a rest, whose readers have read the bytes before it */
  constructor(limits: RelayLimits, firstByte = 0) {
    this.#limits = limits;
    const neededFrom = () => Math.min(...Array.from(this.#readers, ({ at }) => at));
    this.#window = new BodyWindow(limits, firstByte, neededFrom);
    this.hasBegun = firstByte > 0 || !limits.endsWithClient;
    const release = () => this.#window.release();
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

  get fillBudget(): ByteBudget {
    return this.#limits.budget;
  }

  /** The number of bytes that have arrived. */
  get bytes(): number {
    return this.#window.arrivedBytes;
  }

  get isComing(): boolean {
    return this.#state === "coming";
  }

  /** The held chunks. */
  get chunks(): readonly Chunk[] {
    return this.#window.chunks;
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
   * Limits the held bytes to the window from now on.
   *
   * @returns whether the budget had room for the window
   */
  open(): boolean {
    return this.#window.open();
  }

  /**
   * Adds a chunk.
   *
   * @returns whether the budget had room for the chunk
   * @throws Error if the body is longer than stated
   */
  push(chunk: Chunk): boolean {
    const hasRoom = this.#window.push(chunk);
    this.#wake();
    return hasRoom;
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
      const aheadBytes = this.bytes - this.#paceAtByte(isStoring(), isPatient);
      const aheadMax = this.#readers.size > 1 ? Infinity : aheadBytesMax;
      if (aheadBytes <= Math.min(this.#window.bytesMax, aheadMax)) break;
      // With a promise of a reader, the filler would wait in vain after the end of the reader's request.
      const { promise, resolve } = Promise.withResolvers<void>();
      this.#wakeFiller = resolve;
      if ((await patiently(promise, lookAgainMs)) === "timed-out") delayMs += lookAgainMs;
    }
    if (isDelayed) this.#delayedMs += Math.abs(nowAtMs() - sinceAtMs);
    this.#window.shorten();
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
      at < this.#window.dropped ? [] : [atByte],
    );
    if (atBytes.length === 0 || (isStoring && this.isShared)) return Infinity;
    const waitsForAll = !isStoring && !this.#limits.mayResume && isPatient;
    return waitsForAll ? Math.min(...atBytes) : Math.max(...atBytes);
  }

  /** Returns whether another request than the own reads the body, or waits for the stored body. */
  get isShared(): boolean {
    const own = this.#own !== undefined && this.#readers.has(this.#own) ? 1 : 0;
    return this.#readers.size + this.#waiterCount > own;
  }

  /** Ends the body: `whole`, or `cut` if it was truncated. */
  end(how: "whole" | "cut"): void {
    if (!this.isComing) return;
    this.#state = this.bytes < (this.#limits.bodyBytes ?? 0) ? "cut" : how;
    this.#wake();
  }

  /** Lets the runtime send the rest to the only reader, which costs no memory here. */
  pass(rest: ReadableStream<Chunk>): void {
    this.#passed = rest;
    this.#state = "passed";
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
    const isNeeded = this.#readers.size > 0 && !(this.hasStored === true && this.isShared);
    if (!this.#isSettled || isNeeded) return;
    this.#window.clear();
    this.#release();
  }

  /** Returns what a reader keeps in memory. Before `open`, the body is held in any case. */
  #heldFor(reader: Reader): HeldBody {
    const window = this.#window;
    const isHolding = () => window.isOpen && this.#readers.has(reader);
    return {
      bytes: () => (isHolding() ? window.countedBytes / this.#readers.size : 0),
      release: () => {
        this.#leave(reader);
        if (window.isOpen && !this.isRead) window.clear();
      },
    };
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

  /** Returns whether the body will probably have arrived after this time, at its speed so far. */
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
    const isOver = this.#state !== "coming" && this.#state !== "whole";
    if (this.#window.dropped > 0 || isLate || isOver) return undefined;
    const atByte = this.bytes - this.#window.heldBytes;
    const pipe = openBytePipe(bodyBytes && bodyBytes - atByte);
    const writer = new ClientWriter(pipe, this);
    writer.hasBegun = atByte > 0;
    const reader = this.#readerFrom({ at: 0, atByte }, writer);
    afterAnswer(async () => {
      await this.#send({ pipe, writer }, continuation, reader);
      // The last reader makes sure that somebody is left who releases the window.
      if (!this.isRead && !this.#isSettled) await this.#isAlive();
    });
    // The relay writes only chunks.
    return pipe.readable as ReadableStream<Chunk>;
  }

  /**
   * Sends the body to the client whose request fetches it. Settles once the client has read it or
   * disconnected.
   */
  async sendOwn(own: HandedOver, continuation: Continuation): Promise<void> {
    const at = this.#window.dropped + this.#window.chunks.length - own.count;
    const reader = this.#readerFrom({ at, atByte: this.bytes - own.bytes }, own.writer);
    this.#own = reader;
    await own.sending;
    await this.#send(own, continuation, reader);
    this.ownHasLeft();
  }

  #readerFrom(reader: Reader, writer: ClientWriter): Reader {
    writer.held = this.#heldFor(reader);
    this.#readers.add(reader);
    this.#wakeFiller();
    return reader;
  }

  #leave(reader: Reader): void {
    this.#readers.delete(reader);
    this.#wakeFiller();
    this.#releaseIfUnneeded();
  }

  async #send(
    { pipe, writer: client }: Pick<HandedOver, "pipe" | "writer">,
    continuation: Continuation,
    reader: Reader,
  ): Promise<void> {
    const { writer, writable } = pipe;
    try {
      const end = await this.#sendWindow(reader, client);
      if (end === "cut") throw new CutBody("The body was cut short.");
      // Begin to wait before leaving. In between, the filler would see no reader.
      const storing = end === "overtaken" && this.isStored();
      this.#leave(reader);
      if (end === "whole") return await client.close();
      const { atByte } = reader;
      const stored = (await storing) ? await continuation.ofStored(atByte) : undefined;
      const together = end === "lost" ? continuation.together(atByte, this.#rest) : undefined;
      const rest = this.#passed ?? stored ?? (await (together ?? continuation.ofOrigin(atByte)));
      if (rest === undefined) throw new CutBody("The body could not be continued.");
      writer.releaseLock();
      await rest.pipeTo(writable);
    } catch (cause) {
      void writer.abort(cause).catch(() => undefined);
      void this.#passed?.cancel().catch(() => undefined);
    } finally {
      this.#leave(reader);
    }
  }

  /** @returns `lost` if the leader's request has ended, or is about to be ended */
  async #sendWindow(reader: Reader, client: ClientWriter): Promise<WindowEnd> {
    const window = this.#window;
    for (;;) {
      if (reader.at < window.dropped) return "overtaken";
      const chunk = window.chunks[reader.at - window.dropped];
      if (chunk !== undefined) {
        await client.writeShared(chunk);
        this.hasBegun = true;
        reader.at += 1;
        reader.atByte += chunk.byteLength;
        window.hasRead();
        this.#wakeFiller();
      } else if (this.#state !== "coming") {
        return this.#state;
      } else {
        await this.#isAlive();
      }
    }
  }

  #wake(): void {
    this.#changed.resolve();
    this.#changed = Promise.withResolvers();
  }
}
