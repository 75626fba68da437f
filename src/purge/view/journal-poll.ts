// Learns of new purges before the view is due for renewal. One isolate of each colo waits at the
// journal for the next entry, and tells the others by a note in the colo's cache. The bound of N
// never depends on the poll.
import { isWithinMs } from "../../base/elapsed.ts";
import { pause } from "../../base/timeouts.ts";
import type { EntryId } from "../journal/entry.ts";
import type { AwaitNews } from "../journal/journal.ts";
import type { Requester } from "./view-port.ts";
import type { ViewCopies } from "./view-copies.ts";

export interface JournalPollSettings {
  readonly awaitNews: AwaitNews;
  readonly copies: Pick<ViewCopies, "pollNote" | "notePoll" | "claimant">;
  readonly nowAtMs: () => number;
  readonly pauseMs?: (ms: number) => Promise<void>;
}

/** The view that the poll renews. */
export interface PolledView {
  readonly end: () => EntryId | undefined;
  readonly knows: (place: EntryId) => boolean;
  /** Takes the colo's copy, or reads the journal. */
  readonly renew: (requester: Requester) => void;
  /** Reads the journal, and publishes the colo's copy. */
  readonly read: (host: string) => Promise<void>;
}

/** The pause between two looks of an isolate at the note, and between two reads of the poll. */
const pauseMs = 1_000;
/** A Worker may run for 30 s after its answer. */
const turnMs = 25_000;
/** The rest of a turn in which another isolate may begin the next one. */
const overlapMs = 2_000;
/** The reads of one turn. A request may call the Cache API 50 times on the Free plan. */
const readsMax = 8;

export class JournalPoll {
  readonly #settings: JournalPollSettings;
  readonly #view: PolledView;
  #lookedAtMs = -Infinity;

  constructor(settings: JournalPollSettings, view: PolledView) {
    this.#settings = settings;
    this.#view = view;
  }

  /** Looks at the note in the background, at most once a second. */
  attend(requester: Requester): void {
    const { atMs, afterAnswer, host } = requester;
    if (host === undefined || isWithinMs(pauseMs, this.#lookedAtMs, atMs)) return;
    this.#lookedAtMs = atMs;
    afterAnswer(() => this.#look(host, requester));
  }

  async #look(host: string, requester: Requester): Promise<void> {
    const { copies, nowAtMs } = this.#settings;
    const note = await copies.pollNote(host);
    if (note !== undefined && !this.#view.knows(note.end)) this.#view.renew(requester);
    const leftMs = (note?.untilAtMs ?? 0) - nowAtMs();
    // A turn that ends in the far future was noted before the clock was set back.
    const isPolled = leftMs > overlapMs && leftMs <= turnMs + overlapMs;
    if (!isPolled) await this.#poll(host);
  }

  /** Polls for one turn. After a failure, nobody in the colo polls until the turn is over. */
  async #poll(host: string): Promise<void> {
    const { awaitNews, copies, nowAtMs, pauseMs: wait = pause } = this.#settings;
    const { claimant } = copies;
    const untilAtMs = nowAtMs() + turnMs;
    for (let reads = 0; ; reads += 1) {
      const end = this.#view.end();
      if (end === undefined) return;
      const leftMs = untilAtMs - nowAtMs();
      const isOver = reads === readsMax || leftMs < pauseMs;
      await copies.notePoll(host, { claimant, end, untilAtMs: isOver ? nowAtMs() : untilAtMs });
      if (isOver || !(await awaitNews(end, leftMs).catch(() => undefined))) return;
      // Another isolate may have begun the next turn. It reads the same news.
      if ((await copies.pollNote(host))?.claimant !== claimant) return;
      await this.#view.read(host);
      await wait(pauseMs);
    }
  }
}
