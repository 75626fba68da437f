// Examples for tests of the purge protocol: entries, stored responses, and a view that judges them.
import type { StoredMetadata } from "../../src/pages/stored/stored-response.ts";
import { Acceptances, type SignedOrder } from "../../src/purge/acceptance/acceptance.ts";
import type { Entry, NewEntry } from "../../src/purge/journal/entry.ts";
import { ClockSteps } from "../../src/purge/view/clock-steps.ts";
import { JournalView, type JournalViewSettings } from "../../src/purge/view/journal-view.ts";
import { FakeClock } from "../fakes/fake-clock.ts";
import { FakeJournal } from "../fakes/fake-journal.ts";
import { metadataWith } from "./requests.ts";

export type EntryChanges = Partial<NewEntry> & { tags?: string[]; prefixes?: string[] };

/** Creates a hard purge without targets, with the test's changes. */
export function newEntry({ tags = [], prefixes = [], ...changes }: EntryChanges = {}): NewEntry {
  return {
    n: "n",
    mode: "hard",
    targets: { tags, prefixes },
    id: "",
    bodyDigest: "",
    reason: "",
    by: "test",
    lost: "",
    ...changes,
  };
}

/** Creates an entry whose `n` is its position by default. */
export function entryAt(position: string, changes: EntryChanges = {}): Entry {
  return { ...newEntry({ n: position, ...changes }), position };
}

/** Returns the stamp of a response that was filled when this entry was the last. */
export const stampAt = (position: string, n = position) => ({ position, n });

export function responseWith(changes: Partial<StoredMetadata> = {}): StoredMetadata {
  const epoch = { requestedAtMs: 0, respondedAtMs: 0, fillCostMs: 1 };
  const page = { url: "https://www.example.com/a/b?c=1", route: "articles", tags: ["red", "blue"] };
  const body = { statusText: "", bodyBytes: 1, bodyDigest: null };
  return metadataWith({}, { ...epoch, ...page, ...body, ...changes });
}

/** Creates the hard purge of a webhook. */
export function orderOf(tags: readonly string[], changes: Partial<SignedOrder> = {}): SignedOrder {
  const sender = { id: "msg_1", bodyDigest: "d1", by: "signed-request", reason: "" };
  return { ...sender, mode: "hard", targets: { tags, prefixes: [] }, ...changes };
}

export const maxLagMs = 10_000;
export const allowanceMs = 1_000;
/** N − A. */
export const boundMs = maxLagMs - allowanceMs;

/** One isolate's view of a journal that a test writes to. */
export class Isolate {
  readonly clock: FakeClock;
  readonly journal: FakeJournal;
  readonly view: JournalView;
  /** Background work. */
  readonly pending: Promise<void>[] = [];
  /** Whether the journal is known to be unreachable. */
  isBreakerOpen = false;
  /** Called with overdue entries. `acceptances` sets it. */
  onOverdue: JournalViewSettings["onOverdue"];

  constructor(
    given: {
      clock?: FakeClock;
      journal?: FakeJournal;
      timeoutMs?: number;
      /** How far the clock is ahead of one that is never set. */
      aheadMs?: () => number;
    } = {},
  ) {
    this.clock = given.clock ?? new FakeClock();
    this.journal = given.journal ?? new FakeJournal(this.clock);
    const { journal, clock } = this;
    this.view = new JournalView({
      journal,
      nowAtMs: clock.nowAtMs,
      renewalLagMs: maxLagMs,
      allowanceMs,
      clock: new ClockSteps(allowanceMs, given.aheadMs),
      timeoutMs: given.timeoutMs ?? 2_000,
      isBreakerOpen: () => this.isBreakerOpen,
      onOverdue: async (entries) => this.onOverdue?.(entries),
    });
  }

  get requester() {
    const afterAnswer = (work: () => Promise<void>) => void this.pending.push(work());
    return { atMs: this.clock.atMs, afterAnswer };
  }

  /** Renews the view, after a time in which it became too old. */
  async renew(): Promise<void> {
    this.clock.advance(boundMs / 1_000);
    await this.view.renewIfDue(this.requester)?.();
    await this.settle();
  }

  async settle(): Promise<void> {
    while (this.pending.length > 0) await Promise.all(this.pending.splice(0));
  }

  /**
   * Creates `Acceptances` for this isolate, which also read overdue entries back. The `n` of their
   * entries is `n1`, `n2`, …
   */
  acceptances(lagMs = maxLagMs): Acceptances {
    const { journal, view, clock } = this;
    let nth = 0;
    const randomText = () => `n${(nth += 1)}`;
    const settings = { journal, view, nowAtMs: clock.nowAtMs, visibleWithinMs: lagMs, randomText };
    const acceptances = new Acceptances(settings);
    this.onOverdue = (entries) => acceptances.lookFor(entries);
    return acceptances;
  }

  /** Returns the metadata of a response that is filled now. */
  async filled(changes: Partial<StoredMetadata> = {}): Promise<StoredMetadata> {
    const stamp = await this.view.stamp(this.requester);
    return responseWith({ stamp, requestedAtMs: this.clock.atMs, ...changes });
  }

  /** Returns the judgement as one word. */
  judge(stored: StoredMetadata, asked: { colo?: string; maxLagMs?: number } = {}): string {
    const { colo = "", maxLagMs: lagMs = maxLagMs } = asked;
    const { atMs } = this.clock;
    const judged = this.view.judge(stored, { atMs, maxLagMs: lagMs, colo: () => colo });
    return judged.kind === "purged" ? judged.mode : judged.kind;
  }
}

/** Creates an isolate that has read a journal with one entry, `first`. */
export async function warmIsolate(): Promise<Isolate> {
  const isolate = new Isolate();
  isolate.journal.write(newEntry({ n: "first" }));
  await isolate.filled();
  await isolate.settle();
  isolate.journal.asked.length = 0;
  return isolate;
}
