// Learns of new purges before the view is due for renewal. One isolate of each colo listens for hints
// that the journal has a new entry. It then reads the journal, and tells the others by a note in the
// colo's cache. The bound of N never depends on hints.
import { isWithinMs } from "../../base/elapsed.ts";
import { pause } from "../../base/timeouts.ts";
import { comparePositions } from "../journal/entry.ts";
import type { ListenForEntries } from "../journal/journal.ts";
import type { JournalTail } from "./journal-tail.ts";
import type { Requester } from "./view-port.ts";
import type { ViewCopies } from "./view-copies.ts";

export interface ColoHintsSettings {
  readonly listen: ListenForEntries;
  readonly copies: Pick<ViewCopies, "read" | "listenerNote" | "noteListener" | "claimant">;
  readonly nowAtMs: () => number;
  readonly pauseMs?: (ms: number) => Promise<void>;
}

/** Reads the journal. Returns how to publish the colo's copy; `undefined` if the read failed. */
type ReadJournal = (host: string) => Promise<(() => Promise<void>) | undefined>;

/** The time for which one isolate listens. */
interface Turn {
  readonly host: string;
  readonly untilAtMs: number;
  readonly over: AbortController;
  /** The position in the last hint; `undefined` if it names none. */
  hinted: string | undefined;
  /** The position of the last entry of the copy that the turn has published. */
  copyEnd: string;
  reads: number;
  reading: Promise<void> | undefined;
}

/** The position before all entries. */
const beginning = "0-0";
/** The pause between two looks of an isolate at the note. */
const lookMs = 200;
/** The pause after a read. It doubles, up to the maximum, while reads find nothing. */
const [readPauseMs, readPauseMsMax] = [250, 2_000];
/** A Worker may run for 30 s after its answer. */
const turnMs = 25_000;
/** The rest of a turn in which another isolate may begin the next one. */
const overlapMs = 2_000;
/** The reads of one turn. A request may call the Cache API 50 times on the Free plan. */
const readsMax = 8;
/** A turn that its store ends sooner is not replaced, because the next one could end as soon. */
const endedMsMin = 5_000;

export class ColoHints {
  readonly #settings: ColoHintsSettings;
  readonly #tail: Pick<JournalTail, "chain" | "take">;
  readonly #read: ReadJournal;
  #lookedAtMs = -Infinity;
  /** The end of this isolate's turn. It suffices where the colo's cache keeps no note. */
  #untilAtMs = -Infinity;
  /** Whether hints arrive, and if not, why. */
  state = "not needed yet";

  constructor(
    settings: ColoHintsSettings,
    tail: Pick<JournalTail, "chain" | "take">,
    read: ReadJournal,
  ) {
    this.#settings = settings;
    this.#tail = tail;
    this.#read = read;
  }

  /** Looks at the note in the background, at most once per `lookMs`. */
  lookIfDue({ atMs, afterAnswer, host }: Requester): void {
    if (host === undefined || isWithinMs(lookMs, this.#lookedAtMs, atMs)) return;
    this.#lookedAtMs = atMs;
    afterAnswer(() => this.#look(host));
  }

  async #look(host: string): Promise<void> {
    const { copies } = this.#settings;
    const note = await copies.listenerNote(host);
    const isBehind = isAfter(
      note?.copyEnd ?? beginning,
      this.#tail.chain?.end.position ?? beginning,
    );
    const copy = isBehind ? await copies.read(host) : undefined;
    if (copy !== undefined) this.#tail.take(copy);
    const isListening = this.#isUnderWay(this.#untilAtMs) || this.#isUnderWay(note?.untilAtMs ?? 0);
    if (!isListening) await this.#listen(host);
  }

  /** A turn that ends in the far future was noted before the clock was set back. */
  #isUnderWay(untilAtMs: number): boolean {
    const leftMs = untilAtMs - this.#settings.nowAtMs();
    return leftMs > overlapMs && leftMs <= turnMs + overlapMs;
  }

  /** Listens for one turn. After a failure, nobody in the colo listens until the turn is over. */
  async #listen(host: string): Promise<void> {
    const { listen, nowAtMs } = this.#settings;
    if (this.#tail.chain === undefined) return;
    const begunAtMs = nowAtMs();
    const over = new AbortController();
    const own = { host, untilAtMs: begunAtMs + turnMs, over };
    const nothing = { hinted: undefined, copyEnd: beginning, reads: 0, reading: undefined };
    const turn: Turn = { ...own, ...nothing };
    await this.#note(turn, turn.untilAtMs);
    this.state = "on";
    const timer = setTimeout(() => over.abort(), turnMs);
    const why = await listen((position) => {
      // An older hint must not end the search for a newer one.
      if (isAfter(position ?? beginning, turn.hinted ?? beginning)) turn.hinted = position;
      const isNews = position === undefined || isAfter(position, turn.copyEnd);
      if (isNews && !over.signal.aborted) turn.reading ??= this.#readOn(turn);
    }, over.signal);
    clearTimeout(timer);
    if (why !== undefined) this.state = `off: ${why}`;
    const hasEnded = why === undefined && !over.signal.aborted;
    over.abort();
    await turn.reading;
    const isReplaced = this.#untilAtMs !== turn.untilAtMs;
    if (hasEnded && !isReplaced && nowAtMs() - begunAtMs >= endedMsMin)
      await this.#note(turn, nowAtMs());
  }

  /** Reads the journal until the colo has the hinted entry, or the turn is over. */
  async #readOn(turn: Turn): Promise<void> {
    const { pauseMs = pause } = this.#settings;
    const { signal } = turn.over;
    let waitMs = readPauseMs;
    do {
      const publish = await this.#read(turn.host);
      const end = publish && this.#tail.chain?.end.position;
      await publish?.();
      const isNew = end !== undefined && isAfter(end, turn.copyEnd);
      turn.copyEnd = end ?? turn.copyEnd;
      turn.reads += 1;
      await this.#tell(turn);
      waitMs = isNew ? readPauseMs : Math.min(2 * waitMs, readPauseMsMax);
      await pauseMs(waitMs);
    } while (!signal.aborted && turn.hinted !== undefined && isAfter(turn.hinted, turn.copyEnd));
    turn.reading = undefined;
  }

  /** Tells the colo that its copy has new entries, unless the next turn has begun. */
  async #tell(turn: Turn): Promise<void> {
    const { copies, nowAtMs } = this.#settings;
    const isLast = turn.reads === readsMax;
    const note = await copies.listenerNote(turn.host);
    const isOthers = note !== undefined && note.claimant !== copies.claimant;
    const isReplaced = isOthers || this.#untilAtMs !== turn.untilAtMs;
    if (isReplaced || isLast) turn.over.abort();
    if (isOthers) this.#untilAtMs = -Infinity;
    if (!isReplaced) await this.#note(turn, isLast ? nowAtMs() : turn.untilAtMs);
  }

  async #note({ host, copyEnd }: Turn, untilAtMs: number): Promise<void> {
    const { copies } = this.#settings;
    this.#untilAtMs = untilAtMs;
    await copies.noteListener(host, { claimant: copies.claimant, copyEnd, untilAtMs });
  }
}

/** Text that is no position, such as that of a forged hint, comes after nothing. */
const isAfter = (position: string, other: string) =>
  /^\d+-\d+$/.test(position) && comparePositions(position, other) > 0;
