// The journal's stream with its whole history, so that replicas can lag and entries can be lost.
// The switch's key, the journal's book and its lineages have the same history. IDs follow from the server's clock
// and the last ID, as with XADD. There are no consumer groups.
import { nOf, numberIn } from "../fakes/journal-scripts-model.ts";

export interface StreamItem {
  readonly id: string;
  /** Names and values, alternating. */
  readonly fields: readonly string[];
}

interface StreamState {
  readonly sinceAtMs: number;
  /**
   * The first `count` items of this array are the state. An append shares the array with the
   * previous state, and copies nothing.
   */
  readonly all: StreamItem[];
  readonly count: number;
  /** The last ID that this server gave. The next ID is greater. */
  readonly lastId: string;
  /** The value of the switch's key; empty if absent. */
  readonly held: string;
  /** The texts of the schedule, by id. */
  readonly schedule: ReadonlyMap<string, string>;
  /** The book notes the first `notedCount` items of this array. It is shared like `all`. */
  readonly noted: StreamItem[];
  readonly notedCount: number;
  /**
   * The items from `linedFrom` up to `linedCount` are those whose lineages are kept: none, or the
   * newest. The array is shared like `all`.
   */
  readonly lined: StreamItem[];
  readonly linedFrom: number;
  readonly linedCount: number;
  /** Entries with lower numbers are unproven if their lineages are not kept. */
  readonly unprovenBelow: number;
}

const noLineages = { lined: [], linedFrom: 0, linedCount: 0, unprovenBelow: 0 };

const emptyState = (): StreamState => ({
  sinceAtMs: -Infinity,
  all: [],
  count: 0,
  lastId: "0-0",
  held: "",
  schedule: new Map(),
  noted: [],
  notedCount: 0,
  ...noLineages,
});

const notedOf = ({ noted, notedCount }: StreamState) => noted.slice(0, notedCount);
const linedOf = ({ lined, linedFrom, linedCount }: StreamState) =>
  lined.slice(linedFrom, linedCount);
const itemsOf = ({ all, count }: StreamState) => all.slice(0, count);

/** A new state of the stream. Without a member, that part stays. */
interface Becoming {
  readonly atMs: number;
  readonly lastId: string;
  readonly noted?: StreamItem[];
  readonly lineages?: Lineages;
  readonly schedule?: ReadonlyMap<string, string>;
}

/** The items whose lineages are kept, oldest first. */
export interface Lineages {
  readonly lined: readonly StreamItem[];
  /** Other entries with lower numbers are unproven. */
  readonly unprovenBelow: number;
}

const lineagesOf = (state: StreamState): Lineages => ({
  lined: linedOf(state),
  unprovenBelow: state.unprovenBelow,
});

export class SimulatedStream {
  readonly #states: StreamState[] = [emptyState()];
  /** Called after entries of the journal or of the book were lost, or an entry was deleted. */
  onHarmed: (how: "lost" | "withdrawn") => void = () => undefined;
  /** The number of all entries so far, including lost entries. */
  appendedCount = 0;
  /** The number of losses of entries, notes or lineages so far. */
  harmedCount = 0;
  readonly #linedMax: number;

  /** @param linedMax the number of newest entries whose lineages are kept */
  constructor(linedMax = Infinity) {
    this.#linedMax = linedMax;
  }

  get #state(): StreamState {
    return this.#states.at(-1)!;
  }

  /** The items on the primary, oldest first. */
  get items(): readonly StreamItem[] {
    return itemsOf(this.#state);
  }

  /** The items on the primary before its last change. */
  get itemsBefore(): readonly StreamItem[] {
    return itemsOf(this.#states.at(-2) ?? emptyState());
  }

  /** The value of the switch's key on the primary; empty if absent. */
  get held(): string {
    return this.#state.held;
  }

  /** The value of the switch's key before the last change of the database. */
  get heldBefore(): string {
    return this.#states.at(-2)?.held ?? "";
  }

  /** The schedule on the primary. */
  get schedule(): ReadonlyMap<string, string> {
    return this.#state.schedule;
  }

  /** Returns the schedule on a replica that has everything up to this time. */
  scheduleAt(atMs: number): ReadonlyMap<string, string> {
    return this.#stateAt(atMs).schedule;
  }

  /** Sets or drops a text of the schedule, in the step that appended the last entry. */
  keepScheduled(id: string, text?: string): void {
    const schedule = new Map(this.#state.schedule);
    if (text === undefined) schedule.delete(id);
    else schedule.set(id, text);
    const [newest] = this.items.slice(-1);
    const at = this.#states.findLastIndex(({ all, count }) => all[count - 1] !== newest);
    for (let nth = at + 1; nth < this.#states.length; nth += 1)
      this.#states[nth] = { ...this.#states[nth]!, schedule };
  }

  /** The items that the book notes on the primary. */
  get noted(): readonly StreamItem[] {
    return notedOf(this.#state);
  }

  /** Returns the items that the book notes on a replica that has everything up to this time. */
  notedAt(atMs: number): readonly StreamItem[] {
    return notedOf(this.#stateAt(atMs));
  }

  /** Replaces the items that the book notes. */
  note(noted: readonly StreamItem[], atMs: number): void {
    const notes = { noted: [...noted], notedCount: noted.length };
    this.#states.push({ ...this.#state, sinceAtMs: atMs, ...notes });
    this.#harmed("lost");
  }

  /** Deletes the lineages. */
  forgetLineages(atMs: number): void {
    this.#states.push({ ...this.#state, sinceAtMs: atMs, ...noLineages });
    this.#harmed("lost");
  }

  #harmed(how: "lost" | "withdrawn"): void {
    this.harmedCount += 1;
    this.onHarmed(how);
  }

  /** The lineages on the primary. */
  get lineages(): Lineages {
    return lineagesOf(this.#state);
  }

  /** Returns the lineages on a replica that has everything up to this time. */
  lineagesAt(atMs: number): Lineages {
    return lineagesOf(this.#stateAt(atMs));
  }

  /** Returns the items on a replica that has everything up to this time. */
  seenAt(atMs: number): readonly StreamItem[] {
    return itemsOf(this.#stateAt(atMs));
  }

  /** Returns the value of the switch's key on a replica that has everything up to this time. */
  heldAt(atMs: number): string {
    return this.#stateAt(atMs).held;
  }

  /** Returns the values of the switch's key since this time, oldest first. */
  heldSince(atMs: number): string[] {
    const later = this.#states.filter(({ sinceAtMs }) => sinceAtMs > atMs);
    return [this.heldAt(atMs), ...later.map(({ held }) => held)];
  }

  #stateAt(atMs: number): StreamState {
    return this.#states.findLast(({ sinceAtMs }) => sinceAtMs <= atMs) ?? emptyState();
  }

  /**
   * Appends an entry and sets the switch's key, in one step.
   *
   * @param text returns the key's value for the ID of the entry
   */
  post(
    fields: readonly string[],
    at: { atMs: number; serverAtMs?: number },
    text: (id: string) => string,
  ): string {
    const id = this.append(fields, at);
    this.#states.push({ ...(this.#states.pop() ?? emptyState()), held: text(id) });
    return id;
  }

  /** @returns the ID of the entry */
  append(fields: readonly string[], at: { atMs: number; serverAtMs?: number }): string {
    const { all, count, lastId, held, schedule, noted, notedCount } = this.#state;
    // An empty server has the true time: losing all data takes longer than any clock error.
    const serverAtMs = Math.floor(count === 0 ? at.atMs : (at.serverAtMs ?? at.atMs));
    const id = idAfter(lastId, serverAtMs);
    const shared = all.length === count ? all : all.slice(0, count);
    const item = { id, fields };
    shared.push(item);
    // Like the script, begin a new book if the old one does not end with the last entry.
    const isContinued = noted[notedCount - 1] === all[count - 1];
    const isShared = isContinued && noted.length === notedCount;
    const notes = isShared ? noted : noted.slice(0, isContinued ? notedCount : 0);
    notes.push(item);
    this.#states.push({
      sinceAtMs: at.atMs,
      all: shared,
      count: count + 1,
      lastId: id,
      held,
      schedule,
      noted: notes,
      notedCount: notes.length,
      ...this.#linedWith(item),
    });
    this.appendedCount += 1;
    return id;
  }

  /** Returns the lineages after an append. An entry without a number ends them. */
  #linedWith(item: StreamItem) {
    const { all, count, lined, linedFrom, linedCount, unprovenBelow } = this.#state;
    const number = numberIn(nOf(item.fields));
    if (number === 0) return noLineages;
    const isContinued = linedCount > linedFrom && lined[linedCount - 1] === all[count - 1];
    if (!isContinued) return { lined: [item], linedFrom: 0, linedCount: 1, unprovenBelow: number };
    const shared = lined.length === linedCount ? lined : lined.slice(0, linedCount);
    shared.push(item);
    const from = Math.max(linedFrom, shared.length - this.#linedMax);
    return { lined: shared, linedFrom: from, linedCount: shared.length, unprovenBelow };
  }

  /** Appends many entries by the true time, as one change of the database. */
  appendAll(all: readonly (readonly string[])[], atMs: number): void {
    let { lastId } = this.#state;
    const items = [...this.items];
    const before = items.at(-1) === this.noted.at(-1) ? this.noted : [];
    for (const fields of all) {
      lastId = idAfter(lastId, atMs);
      items.push({ id: lastId, fields });
    }
    const added = items.slice(-all.length);
    const noted = [...before, ...added];
    const isLined = this.lineages.lined.at(-1) === this.items.at(-1);
    const lined = [...(isLined ? this.lineages.lined : []), ...added];
    const unprovenBelow = isLined ? this.lineages.unprovenBelow : numberIn(nOf(added[0]?.fields));
    this.#become(items, { atMs, lastId, noted, lineages: { lined, unprovenBelow } });
    this.appendedCount += all.length;
  }

  /** Trims like `MAXLEN =`. */
  trimTo(count: number, atMs: number): void {
    const { all, count: held, lastId } = this.#state;
    if (held > count) this.#become(all.slice(held - count, held), { atMs, lastId });
  }

  /** Deletes like XDEL, which rule 20 forbids. */
  remove(id: string, atMs: number): void {
    const kept = this.items.filter((item) => item.id !== id);
    const lineages = this.#lineagesWith(kept);
    this.#become(kept, { atMs, lastId: this.#state.lastId, lineages });
    this.#harmed("withdrawn");
  }

  /** Loses the newest entries, like a fail-over to a replica that lacks them. */
  loseNewest(count: number, atMs: number): void {
    const kept = this.items.slice(0, Math.max(0, this.items.length - count));
    const lost = new Set(this.items.slice(kept.length));
    const noted = this.noted.filter((item) => !lost.has(item));
    const lineages = this.#lineagesWith(kept);
    const lastId = kept.at(-1)?.id ?? "0-0";
    const schedule = this.#stateWith(kept, "newest").schedule;
    this.#become(kept, { atMs, lastId, noted, lineages, schedule }, this.#heldWith(kept));
    this.#harmed("lost");
  }

  /** Loses all entries, like a restart without data, or DEL. */
  loseAll(atMs: number): void {
    const lineages = { lined: [], unprovenBelow: 0 };
    const schedule = new Map();
    this.#become([], { atMs, lastId: "0-0", noted: [], lineages, schedule }, "");
    this.#harmed("lost");
  }

  /** Loses the schedule alone, like a database that evicts keys. */
  evictSchedule(atMs: number): void {
    const { lastId } = this.#state;
    this.#become([...this.items], { atMs, lastId, schedule: new Map() });
  }

  /** Restores a backup. */
  restore(items: readonly StreamItem[], atMs: number): void {
    const held = this.#heldWith(items);
    const state = this.#stateWith(items);
    const lastId = items.at(-1)?.id ?? "0-0";
    const { schedule } = state;
    const lineages = lineagesOf(state);
    const noted = notedOf(state);
    this.#become([...items], { atMs, lastId, noted, lineages, schedule }, held);
    this.#harmed("lost");
  }

  /** Returns the state when the last of these entries became the newest. */
  #stateWith(items: readonly StreamItem[], which?: "newest"): StreamState {
    const last = items.at(-1);
    const isWith = ({ all, count }: StreamState) => all[count - 1] === last;
    const state = which === "newest" ? this.#states.findLast(isWith) : this.#states.find(isWith);
    return last === undefined ? emptyState() : (state ?? emptyState());
  }

  /** Returns the lineages without those after the last of these entries. */
  #lineagesWith(items: readonly StreamItem[]): Lineages {
    const { lined, unprovenBelow } = this.lineages;
    const at = items.length === 0 ? -1 : lined.indexOf(items.at(-1)!);
    return { lined: lined.slice(0, at + 1), unprovenBelow };
  }

  /** Returns the value of the switch's key when the last of these entries was the newest. */
  #heldWith(items: readonly StreamItem[]): string {
    const last = items.at(-1);
    return this.#states.findLast(({ all, count }) => all[count - 1] === last)?.held ?? "";
  }

  #become(
    all: StreamItem[],
    { atMs, lastId, noted, lineages = this.lineages, schedule = this.schedule }: Becoming,
    held = this.held,
  ): void {
    const count = all.length;
    const notes = noted ?? [...this.noted];
    const book = { noted: notes, notedCount: notes.length };
    const { unprovenBelow } = lineages;
    const lined = lineages.lined.slice(-this.#linedMax);
    const table = { lined, linedFrom: 0, linedCount: lined.length, unprovenBelow };
    const kept = { held, schedule };
    this.#states.push({ sinceAtMs: atMs, all, count, lastId, ...kept, ...book, ...table });
  }
}

/** Compares stream IDs. An ID is two numbers without padding; the second is optional. */
export function comparePositions(a: string, b: string): number {
  if (a === b) return 0;
  const [aMs = 0, aSequence = 0] = a.split("-").map(Number);
  const [bMs = 0, bSequence = 0] = b.split("-").map(Number);
  return aMs - bMs || aSequence - bSequence;
}

function idAfter(lastId: string, serverAtMs: number): string {
  const [lastMs = 0, lastSequence = 0] = lastId.split("-").map(Number);
  return serverAtMs > lastMs ? `${serverAtMs}-0` : `${lastMs}-${lastSequence + 1}`;
}

type Range = { readonly from: string; readonly to: string; readonly count: number };

/** Returns entries as XRANGE does. Searches from the end, because views read there. */
export function rangeOf(items: readonly StreamItem[], { from, to, count }: Range): unknown[] {
  let first = from === "-" ? 0 : items.length;
  while (first > 0 && comparePositions(items[first - 1]?.id ?? "", from) >= 0) first -= 1;
  const found = items.slice(first, first + Math.min(count, items.length));
  const within = to === "+" ? found : found.filter(({ id }) => comparePositions(id, to) <= 0);
  return within.map(replied);
}

/** Returns entries as XREVRANGE does. */
export function newestOf(
  items: readonly StreamItem[],
  { from, count }: Omit<Range, "to">,
): unknown[] {
  let last = items.length;
  if (from !== "+") {
    while (last > 0 && comparePositions(items[last - 1]?.id ?? "", from) > 0) last -= 1;
  }
  return items
    .slice(Math.max(0, last - count), last)
    .toReversed()
    .map(replied);
}

function replied({ id, fields }: StreamItem): unknown {
  return [id, fields];
}
