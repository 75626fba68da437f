// Hints that a stream has a new entry: a second connection waits at the stream with a blocking XREAD.
// A lost or late hint changes nothing but the time of a read, which renewals also begin.
import { inNeutralContext } from "../../../base/neutral-context.ts";
import { OutOfTime, pauseUnheld, unhold } from "../../../base/timeouts.ts";
import { passing, type RemoteTrouble, troubleLine, type TroubleWords } from "../../trouble.ts";
import type { StreamHints, WatchedStream } from "../address.ts";
import { readTrouble } from "../redis-trouble.ts";
import { refusalOf } from "./transport.ts";
import type { BlockingConnection, Connection } from "./connection.ts";
import { keyInSlot } from "./slots.ts";

/** The time for a connection to open, with the checks of its server. */
const openMsMax = 10_000;
/** The time of one wait, which ends before most firewalls forget an idle connection. */
const blockMs = 20_000;
/** After this time, a connection without a reply counts as lost. */
const replyMsMax = blockMs + 5_000;
/** The pause after each read, so that many entries cause few reads. */
const betweenReadsMs = 100;
const firstPauseMs = 100;
const pauseMsMax = 5_000;
/** For troubles that only the operator can end. */
const longPauseMsMax = 300_000;
/** The failures in a row, while the other connection works, after which the log tells of them. */
const failuresToTell = 5;
const replaced = "off: a newer cache with the same connection and namespace has them";

/** Waits at one stream over a connection. Only the newest of its caches in this process gets hints. */
export class WaitingHints {
  readonly #connection: Connection;
  readonly #words: TroubleWords;
  /** The stream, as the newest cache knows it. */
  #stream: WatchedStream;
  #isWaiting = false;
  /** Whether the application has closed its connection since the start. */
  #isClosed = false;
  /** Ends the present wait. */
  #giveUp: (cause: Error) => void = () => undefined;
  #failures = 0;
  #hasTold = false;
  #state = "not needed yet";

  constructor(connection: Connection, stream: WatchedStream, words: TroubleWords) {
    this.#connection = connection;
    this.#stream = stream;
    this.#words = words;
    connection.onEnd(() => {
      this.#isClosed = true;
      this.#giveUp(new Error("The connection is closed."));
    });
  }

  /** Replaces the reader, whose cache may be gone after a reload. Returns the hints for the new one. */
  handTo(stream: WatchedStream): StreamHints {
    this.#stream = stream;
    this.#hasTold = false;
    const stateNow = () => (this.#stream === stream ? this.#state : replaced);
    return {
      get state() {
        return stateNow();
      },
      start: () => this.#start(),
    };
  }

  #start(): void {
    if (this.#isWaiting || !this.#connection.isReady()) return;
    this.#isWaiting = true;
    this.#isClosed = false;
    // The first request of the process starts the wait, which outlives it.
    void inNeutralContext(() => this.#wait()).finally(() => (this.#isWaiting = false));
  }

  /** Waits until the application closes its connection. Never rejects. */
  async #wait(): Promise<void> {
    while (!this.#isClosed) {
      try {
        await this.#overOne();
      } catch (cause) {
        if (!this.#isClosed) await pauseUnheld(this.#failed(troubleOf(cause)));
      }
    }
    this.#state = "off: the connection is closed";
  }

  /** Waits over one connection, until it fails or the application closes its own. */
  async #overOne(): Promise<void> {
    const open = this.#connection.duplicate();
    try {
      await this.#unlessGivenUp(open.open(), openMsMax);
      // The first wait is short, to see that the user may wait at all.
      for (let waitMs = 1; !this.#isClosed; waitMs = blockMs) {
        const last = this.#stream.end();
        const sinceAtMs = Date.now();
        if (await this.#hasNews(open, waitMs, last)) await this.#read(last);
        else if (waitMs === blockMs) await this.#waited(Date.now() - sinceAtMs);
      }
    } finally {
      open.close();
    }
  }

  /** Waits for an entry after the last one that the reader knows. Returns whether there is one. */
  async #hasNews(open: BlockingConnection, waitMs: number, last = "$"): Promise<boolean> {
    const { key } = this.#stream;
    const named = this.#connection.isCluster ? keyInSlot(key) : key;
    const block = ["BLOCK", String(waitMs)];
    const sent = open.send(["XREAD", "COUNT", "1", ...block, "STREAMS", named, last]);
    const reply = await this.#unlessGivenUp(sent, replyMsMax);
    this.#state = "on";
    return reply !== null;
  }

  /**
   * Settles like the promise, or rejects after `msMax` or when the application closes its connection.
   * A library may leave a call without an answer.
   */
  async #unlessGivenUp<T>(promise: Promise<T>, msMax: number): Promise<T> {
    const { promise: givenUp, reject } = Promise.withResolvers<never>();
    this.#giveUp = reject;
    const timer = setTimeout(() => reject(new OutOfTime()), msMax);
    unhold(timer);
    try {
      return await Promise.race([promise, givenUp]);
    } finally {
      clearTimeout(timer);
    }
  }

  /** Pauses if the wait ended much too early, by a server or a proxy that does not block. */
  async #waited(ms: number): Promise<void> {
    this.#failures = ms < blockMs / 2 ? this.#failures + 1 : 0;
    if (this.#failures > 0) await pauseUnheld(pauseMs(this.#failures));
  }

  async #read(last: string | undefined): Promise<void> {
    const { end, read } = this.#stream;
    // The process may have read the entry meanwhile, such as its own.
    if (end() === last) await read();
    // If the read has failed, the next wait ends at once.
    const hasRead = end() !== last;
    this.#failures = hasRead ? 0 : this.#failures + 1;
    await pauseUnheld(hasRead ? betweenReadsMs : pauseMs(this.#failures));
  }

  /** Notes a failure. Returns the pause before the next connection. */
  #failed(trouble: RemoteTrouble): number {
    this.#failures += 1;
    const line = troubleLine(trouble, this.#words);
    this.#state = `off: ${line}`;
    const isLasting = this.#failures >= failuresToTell && this.#connection.isReady();
    if (!this.#hasTold && isLasting) {
      this.#hasTold = true;
      const message = `Purges of other processes arrive only by polling, within N. To wait for them with XREAD: ${line}`;
      this.#stream.tell({ event: "database", level: "warn", message });
    }
    return pauseMs(this.#failures, passing.includes(trouble) ? pauseMsMax : longPauseMsMax);
  }
}

/** Returns a pause that doubles with each failure, with jitter. */
function pauseMs(failures: number, msMax = pauseMsMax): number {
  return Math.min(msMax, firstPauseMs * 2 ** failures) * (0.5 + Math.random() / 2);
}

function troubleOf(cause: unknown): RemoteTrouble {
  try {
    return readTrouble(refusalOf(cause));
  } catch (lost) {
    return readTrouble(lost);
  }
}
