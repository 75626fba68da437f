// Records the events of one simulated isolate for a trace: its round trips to the database, the
// changes of its view, and the purges that it accepts.
import type { EntryId } from "../../../src/purge/journal/entry.ts";
import type { EpochWindow } from "../../../src/purge/view/epoch-window.ts";
import type { JournalTail } from "../../../src/purge/view/journal-tail.ts";
import type { JournalView } from "../../../src/purge/view/journal-view.ts";
import type { ViewCopy } from "../../../src/purge/view/view-copies.ts";
import type { PurgeSubject } from "../../../src/purge/view/view-port.ts";
import type { EventFields, Trace, Trip } from "./trace.ts";

/** The purposes of the requests that a trace records. */
const recorded: ReadonlySet<string> = new Set([
  "journal read",
  "journal read at the primary",
  "journal mark",
  "purge, read back",
  "purge, written",
]);

/** The stamps that traces have recorded for responses, because isolates share the metadata. */
const restamped = new WeakMap<PurgeSubject, number>();

export class IsolateTrace {
  readonly trace: Trace;
  readonly number: number;
  readonly #colo: number;
  #readsCount = 0;
  /** The read whose reply arrived last, and the read of epochs. */
  #replied = 0;
  #listed = 0;

  constructor(trace: Trace, begins: { readonly colo: string; readonly offsetMs: number }) {
    this.trace = trace;
    this.number = trace.nextIsolate();
    this.#colo = trace.coloNumber(begins.colo);
    this.event("start", { colo: this.#colo, asOf: begins.offsetMs });
  }

  event(step: string, fields: EventFields = {}): void {
    this.trace.event(step, { isolate: this.number, ...fields });
  }

  /** Returns the number of the next read. */
  nextRead(): number {
    return (this.#readsCount += 1);
  }

  /** Records that a reply has arrived. */
  replied(read: number): void {
    this.#replied = read;
  }

  sent(purpose: string): Trip | undefined {
    if (!recorded.has(purpose)) return undefined;
    const read = this.nextRead();
    const other = this.#replied;
    this.event("send", { read });
    const trip: Trip = {
      fields: { isolate: this.number, read, other },
      hasAppended: false,
      isOfEpochs: false,
      isOfNewest: false,
      served: (state, isPrimary) =>
        this.event("serve", { read, ...this.trace.stateOf(state), isPrimary }),
      replied: () => {
        if (trip.isOfEpochs) this.#listed = read;
        if (!trip.isOfEpochs || trip.isOfNewest) this.replied(read);
      },
    };
    return trip;
  }

  /** Records the present state of a view, which a reply or a copy has just renewed. */
  took({ chain, sentAtMs }: Pick<JournalTail, "chain" | "sentAtMs">): void {
    const asOf = Number.isFinite(sentAtMs) ? sentAtMs : 0;
    this.event("take", {
      read: this.#replied,
      ...this.trace.pathOf(chain?.entries ?? []),
      asOf,
    });
  }

  /**
   * Records that the isolate puts a copy of its view into its colo.
   *
   * @returns a function to call when the copy has arrived there
   */
  copies(copy: ViewCopy): () => void {
    const path = this.trace.pathOf(copy.entries() ?? []);
    const put = { ...path, asOf: copy.sentAtMs };
    this.event("copy", put);
    return () => this.event("put", { ...put, colo: this.#colo });
  }

  /**
   * Records that the isolate finds the copy of its colo.
   *
   * @returns a function to call when the copy has arrived at the isolate
   */
  findsCopy(): () => void {
    const read = this.nextRead();
    this.event("find", { read });
    return () => this.replied(read);
  }

  /** Records that the sender of a purge gets 200. */
  answersSender(entry: EntryId | undefined): void {
    this.event("answer_sender", { entry: this.trace.numberOf(entry) });
  }

  /** Records that a stored response would answer. */
  answers(metadata: PurgeSubject, isFresh: boolean): void {
    const record = this.trace.recordNumber(metadata);
    const provenance = this.trace.provenanceOf(metadata);
    this.event("answer", { record, ...provenance, body: record, isFresh });
  }

  /** Records a request to the origin, with what the isolate has noted before. */
  loads(page: number, { stamp, requestedAtMs }: Pick<PurgeSubject, "stamp" | "requestedAtMs">) {
    const record = this.trace.nextRecord();
    const noted = { stamp: this.trace.numberOf(stamp), requestedAt: requestedAtMs };
    this.event("load", { record, page, ...noted });
    return {
      generated: () => this.event("generate", { record, body: record }),
      stored: (metadata: PurgeSubject) => {
        this.trace.nameRecord(metadata, record);
        const provenance = this.trace.provenanceOf(metadata);
        this.event("store", { record, ...provenance, body: record });
      },
    };
  }

  /** Records calls of a view, which still answers as before. */
  observe(view: JournalView): void {
    const entry = (place: EntryId | undefined) => this.trace.numberOf(place);
    const apply = view.tail.apply.bind(view.tail);
    const replace = view.tail.replace.bind(view.tail);
    const arrived = view.arrived.bind(view);
    const seek = view.seek.bind(view);
    view.tail.apply = (entries) => {
      apply(entries);
      for (const one of entries) this.event("accept", { entry: entry(one) });
    };
    view.tail.replace = (lost, again) => {
      for (const [at, one] of lost.entries())
        this.event("replace", { entry: entry(one), other: entry(again[at]) });
      replace(lost, again);
    };
    view.arrived = (atMs) => {
      this.event("arrive");
      arrived(atMs);
    };
    view.seek = (requester, record) => {
      const former = this.trace.numberOf(record?.stamp);
      const sought = seek(requester, record);
      return record && sought?.then(() => this.#restamped(record, former));
    };
    const judge = view.judge.bind(view);
    view.judge = (record, ask) => {
      const former = this.trace.numberOf(record.stamp);
      const judged = judge(record, ask);
      this.#restamped(record, former);
      return judged;
    };
  }

  /** Records reads that extend a window of epochs, which still takes them as before. */
  observeWindow(window: EpochWindow): EpochWindow {
    const take = window.take.bind(window);
    window.take = (first, epochs) => {
      const hasGrown = take(first, epochs);
      if (hasGrown) this.event("window", { read: this.#listed });
      return hasGrown;
    };
    return window;
  }

  #restamped(subject: PurgeSubject, former: number): void {
    const stamp = this.trace.numberOf(subject.stamp);
    if (stamp === former || restamped.get(subject) === stamp) return;
    restamped.set(subject, stamp);
    const record = this.trace.recordNumber(subject);
    this.event("restamp", { record, entry: former, stamp });
  }
}
