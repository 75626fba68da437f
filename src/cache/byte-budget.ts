// The memory limit for all bodies that an isolate transfers. The limit covers arriving bodies, and
// bodies that clients have not read yet. While it is short, clients that read nothing are disconnected.
import { isWithinMs } from "../base/elapsed.ts";

/** Memory for a client that may have left before the head. */
interface Unread {
  readonly sinceAtMs: number;
  readonly release: () => void;
  readonly hasBegun: () => boolean;
}

/**
 * The runtime ends a request 30 s after its client has left, without notice. A client that is there
 * begins to read earlier, unless its origin is slow: then its memory is not counted for a while.
 */
const unreadMsMax = 45_000;

/** A client that reads a body from memory. */
export interface BodyReader {
  /** Returns the bytes that the budget gets back if the client is disconnected, besides its piece. */
  readonly heldBytes: () => number;
  /**
   * Disconnects the client, and gives back these bytes at once. Another request calls it, so it may not
   * use I/O.
   */
  readonly cut: () => void;
}

/** Holds bytes that no reader needs, but that may save a request. */
export interface SpareBytes {
  /** Drops them, and gives them back. */
  readonly dropSpare: () => void;
}

/** A piece that a client has not taken yet. */
interface Wait {
  readonly sinceAtMs: number;
  readonly bytes: number;
}

/**
 * A client that takes nothing for this long is disconnected when memory is short. A client that reads
 * 3 KB a second takes a piece within 22 s.
 */
const stallMsMax = 30_000;

/** A client that took a piece after a wait this long is slow, and is disconnected last. */
const slowMsMin = 1_000;

/** The length of the pieces in which bodies are sent, and while memory is short. */
const pieceBytesMax = { usual: 65_536, short: 16_384 };

interface HeldBytes {
  readonly bytes: number;
  holderCount: number;
  isCounted: boolean;
}

/**
 * The share for large bodies. The rest is reserved for small bodies, so that slow readers of large
 * bodies cannot block them.
 */
const largeShare = 3 / 4;

/** `shared`: a part of a large body, which many clients read at once. */
type BodyClass = "small" | "large" | "shared";

/** Counts the body bytes of all fills against one limit. */
export class ByteBudget {
  readonly #bytesMax: number;
  readonly #nowAtMs: () => number;
  readonly #onCut: () => void;
  readonly #holdings = new Map<object, HeldBytes>();
  #takenBytes = 0;
  /** The bytes of held objects that another owner counts, such as the memory tier. */
  #uncountedBytes = 0;
  /** Oldest first. */
  readonly #unread = new Set<Unread>();
  /** Oldest first. */
  readonly #waits = new Map<BodyReader, Wait>();
  readonly #slow = new WeakSet<BodyReader>();
  readonly #spare = new Set<SpareBytes>();
  /** The bytes of all pieces that clients have not taken yet. */
  #pieceBytes = 0;

  /**
   * @param nowAtMs epoch milliseconds
   * @param onCut called for each client that is disconnected
   */
  constructor(bytesMax: number, nowAtMs: () => number = Date.now, onCut = (): void => undefined) {
    this.#bytesMax = bytesMax;
    this.#nowAtMs = nowAtMs;
    this.#onCut = onCut;
  }

  /** Returns whether this many bytes are left. */
  hasRoomFor(bytes: number): boolean {
    const isLeft = () => this.#takenBytes + bytes <= this.#bytesMax;
    if (!isLeft()) this.#releaseUnread();
    return isLeft();
  }

  /**
   * Returns whether the bytes would still fit if this budget also counted all bytes that are counted elsewhere.
   */
  hasRoomInAll(bytes: number): boolean {
    return this.hasRoomFor(this.#uncountedBytes + bytes);
  }

  /**
   * Takes bytes from the budget.
   *
   * @param of the size class of the body
   * @returns false, without taking bytes, if too few are left
   */
  take(bytes: number, of: BodyClass = "small"): boolean {
    const neededBytes = () => bytes + this.#withheldBytes(of);
    const hasRoom = this.#makeRoom(() => this.hasRoomFor(neededBytes()));
    if (hasRoom) this.#takenBytes += bytes;
    return hasRoom;
  }

  /** Notes that a holder has bytes that may be dropped while memory is short. */
  addSpare(holder: SpareBytes): void {
    this.#spare.add(holder);
  }

  removeSpare(holder: SpareBytes): void {
    this.#spare.delete(holder);
  }

  /** Counts bytes that are already in memory, even beyond the limit. */
  charge(bytes: number): void {
    this.#takenBytes += bytes;
  }

  /**
   * Returns the bytes that bodies of this class must leave. Pieces do not count against small bodies, so
   * that many readers of large bodies cannot block them, or against a shared body, which these readers need.
   */
  #withheldBytes(of: BodyClass): number {
    if (of === "small") return 0;
    return (1 - largeShare) * this.#bytesMax + (of === "shared" ? 0 : this.#pieceBytes);
  }

  /** Gives bytes back. */
  give(bytes: number): void {
    this.#takenBytes -= bytes;
  }

  /** Returns whether no piece of the usual length is left for large bodies. */
  get isShort(): boolean {
    return !this.hasRoomFor(pieceBytesMax.usual + this.#withheldBytes("large"));
  }

  /** Returns the largest piece of a body to send to a client. */
  get pieceBytesMax(): number {
    return this.isShort ? pieceBytesMax.short : pieceBytesMax.usual;
  }

  /**
   * Begins the wait of a reader for its client.
   *
   * @param bytes the piece that the client has not taken yet. It counts even beyond the limit
   */
  waits(reader: BodyReader, bytes: number): void {
    this.#waits.set(reader, { sinceAtMs: this.#nowAtMs(), bytes });
    this.#pieceBytes += bytes;
    this.#makeRoom(() => this.hasRoomFor(this.#withheldBytes("large")));
  }

  /** Ends the wait, because the client has taken its piece or has left. */
  waitsNoMore(reader: BodyReader): void {
    const wait = this.#waits.get(reader);
    if (wait === undefined) return;
    this.#waits.delete(reader);
    this.#pieceBytes -= wait.bytes;
    if (!isWithinMs(slowMsMin, wait.sinceAtMs, this.#nowAtMs())) this.#slow.add(reader);
  }

  /** Drops what nobody needs, and then disconnects clients, until there is room. Returns whether there is. */
  #makeRoom(hasRoom: () => boolean): boolean {
    for (const holder of this.#spare) {
      if (hasRoom()) return true;
      this.#spare.delete(holder);
      holder.dropSpare();
    }
    if (!hasRoom()) this.#cutStalled(hasRoom);
    return hasRoom();
  }

  /**
   * Disconnects clients that take nothing, until there is room: first those that never took a piece
   * after a wait, and of these first those with the most bytes.
   */
  #cutStalled(hasRoom: () => boolean): void {
    const atMs = this.#nowAtMs();
    const stalled: { reader: BodyReader; bytes: number; isSlow: boolean }[] = [];
    for (const [reader, { sinceAtMs, bytes }] of this.#waits) {
      if (isWithinMs(stallMsMax, sinceAtMs, atMs)) break;
      const isSlow = this.#slow.has(reader);
      stalled.push({ reader, bytes: bytes + reader.heldBytes(), isSlow });
    }
    stalled.sort((a, b) => Number(a.isSlow) - Number(b.isSlow) || b.bytes - a.bytes);
    for (const { reader, bytes } of stalled) {
      if (hasRoom()) return;
      if (bytes === 0) continue;
      this.waitsNoMore(reader);
      reader.cut();
      this.#onCut();
    }
  }

  /**
   * Takes bytes for a client that may leave before the head. They count for at most 45 s.
   *
   * @returns a function that gives them back, once; `undefined` if too few are left
   */
  lend(bytes: number, of?: BodyClass): (() => void) | undefined {
    if (!this.take(bytes, of)) return undefined;
    let lentBytes = bytes;
    return this.untilRead(() => {
      this.give(lentBytes);
      lentBytes = 0;
    });
  }

  /**
   * Releases memory 45 s from now, unless its client has begun to read by then.
   *
   * @param release may be called twice
   * @returns a function that releases the memory at once
   */
  untilRead(release: () => void, hasBegun = () => false): () => void {
    this.#releaseUnread();
    const unread = { sinceAtMs: this.#nowAtMs(), release, hasBegun };
    this.#unread.add(unread);
    return () => {
      this.#unread.delete(unread);
      release();
    };
  }

  #releaseUnread(): void {
    const atMs = this.#nowAtMs();
    for (const unread of this.#unread) {
      if (isWithinMs(unreadMsMax, unread.sinceAtMs, atMs)) return;
      this.#unread.delete(unread);
      if (!unread.hasBegun()) unread.release();
    }
  }

  /**
   * Counts an object that is already in memory, even beyond the limit. An object with several
   * holders is counted once.
   *
   * @param isCountedElsewhere whether the object is counted here only after `countFromNow`
   * @returns a function that releases the hold; further calls do nothing
   */
  hold(owner: object, bytes: number, { isCountedElsewhere = false } = {}): () => void {
    const holding = this.#holdings.get(owner) ?? { bytes, holderCount: 0, isCounted: false };
    if (holding.holderCount === 0) this.#uncountedBytes += bytes;
    holding.holderCount += 1;
    this.#holdings.set(owner, holding);
    if (!isCountedElsewhere) this.#count(holding);
    let isHolding = true;
    return () => {
      if (isHolding) this.#release(owner, holding);
      isHolding = false;
    };
  }

  /** Returns a holder's share of the bytes that are counted for an object; 0 if none are. */
  shareOf(owner: object): number {
    const holding = this.#holdings.get(owner);
    return holding?.isCounted === true ? holding.bytes / holding.holderCount : 0;
  }

  /**
   * Counts an object that its other owner has released. Does nothing if the object has no holder
   * here.
   */
  countFromNow(owner: object): void {
    const holding = this.#holdings.get(owner);
    if (holding !== undefined) this.#count(holding);
  }

  #count(holding: HeldBytes): void {
    if (holding.isCounted) return;
    holding.isCounted = true;
    this.#uncountedBytes -= holding.bytes;
    this.#takenBytes += holding.bytes;
  }

  #release(owner: object, holding: HeldBytes): void {
    holding.holderCount -= 1;
    if (holding.holderCount > 0) return;
    this.#holdings.delete(owner);
    if (holding.isCounted) this.give(holding.bytes);
    else this.#uncountedBytes -= holding.bytes;
  }
}
