// The journal's stream with its whole history, so that replicas can lag and entries can be lost.
// The switch's key and the journal's lineages have the same history. IDs follow from the server's clock
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
  ...noLineages,
});

/** A new state of the stream. Without a member, that part stays. */
interface Becoming {
  readonly atMs: number;
  readonly lastId: string;
  readonly lineages?: Lineages;
}

/** The items whose lineages are kept, oldest first. */
export interface Lineages {
  readonly lined: readonly StreamItem[];
  /** Other entries with lower numbers are unproven. */
  readonly unprovenBelow: number;
}

/** The primary, or a replica. */
export abstract class StreamServer {
  protected abstract get state(): StreamState;

  /** The items, oldest first. */
  get items(): readonly StreamItem[] {
    return this.state.all.slice(0, this.state.count);
  }

  /** The value of the switch's key; empty if absent. */
  get held(): string {
    return this.state.held;
  }

  get lineages(): Lineages {
    const { lined, linedFrom, linedCount, unprovenBelow } = this.state;
    return { lined: lined.slice(linedFrom, linedCount), unprovenBelow };
  }
}

class ServerInState extends StreamServer {
  protected readonly state: StreamState;

  constructor(state: StreamState = emptyState()) {
    super();
    this.state = state;
  }
}

export class SimulatedStream extends StreamServer {
  readonly #states: StreamState[] = [emptyState()];
  /** Called after entries or lineages were lost, or an entry was deleted. */
  onHarmed: (how: "lost" | "withdrawn") => void = () => undefined;
  /** The number of all entries so far, including lost entries. */
  appendedCount = 0;
  /** The number of losses of entries or lineages so far. */
  harmedCount = 0;
  readonly #linedMax: number;

  /** @param linedMax the number of newest entries whose lineages are kept */
  constructor(linedMax = Infinity) {
    super();
    this.#linedMax = linedMax;
  }

  protected get state(): StreamState {
    return this.#states.at(-1)!;
  }

  /** The primary before its last change. */
  get before(): StreamServer {
    return new ServerInState(this.#states.at(-2));
  }

  /** Returns a replica that has everything up to this time. */
  at(atMs: number): StreamServer {
    return new ServerInState(this.#states.findLast(({ sinceAtMs }) => sinceAtMs <= atMs));
  }

  /** Deletes the lineages. */
  forgetLineages(atMs: number): void {
    this.#states.push({ ...this.state, sinceAtMs: atMs, ...noLineages });
    this.#harmed("lost");
  }

  #harmed(how: "lost" | "withdrawn"): void {
    this.harmedCount += 1;
    this.onHarmed(how);
  }

  /** Returns the values of the switch's key since this time, oldest first. */
  heldSince(atMs: number): string[] {
    const later = this.#states.filter(({ sinceAtMs }) => sinceAtMs > atMs);
    return [this.at(atMs).held, ...later.map(({ held }) => held)];
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
    const { all, count, lastId, held } = this.state;
    // An empty server has the true time: losing all data takes longer than any clock error.
    const serverAtMs = Math.floor(count === 0 ? at.atMs : (at.serverAtMs ?? at.atMs));
    const id = idAfter(lastId, serverAtMs);
    const shared = all.length === count ? all : all.slice(0, count);
    const item = { id, fields };
    shared.push(item);
    this.#states.push({
      sinceAtMs: at.atMs,
      all: shared,
      count: count + 1,
      lastId: id,
      held,
      ...this.#linedWith(item),
    });
    this.appendedCount += 1;
    return id;
  }

  /** Returns the lineages after an append. */
  #linedWith(item: StreamItem) {
    const { all, count, lined, linedFrom, linedCount, unprovenBelow } = this.state;
    const number = numberIn(nOf(item.fields));
    const isContinued = linedCount > linedFrom && lined[linedCount - 1] === all[count - 1];
    if (!isContinued) return { lined: [item], linedFrom: 0, linedCount: 1, unprovenBelow: number };
    const shared = lined.length === linedCount ? lined : lined.slice(0, linedCount);
    shared.push(item);
    const from = Math.max(linedFrom, shared.length - this.#linedMax);
    return { lined: shared, linedFrom: from, linedCount: shared.length, unprovenBelow };
  }

  /** Appends many entries by the true time, as one change of the database. */
  appendAll(all: readonly (readonly string[])[], atMs: number): void {
    let { lastId } = this.state;
    const items = [...this.items];
    for (const fields of all) {
      lastId = idAfter(lastId, atMs);
      items.push({ id: lastId, fields });
    }
    const added = items.slice(-all.length);
    const isLined = this.lineages.lined.at(-1) === this.items.at(-1);
    const lined = [...(isLined ? this.lineages.lined : []), ...added];
    const unprovenBelow = isLined ? this.lineages.unprovenBelow : numberIn(nOf(added[0]?.fields));
    this.#become(items, { atMs, lastId, lineages: { lined, unprovenBelow } });
    this.appendedCount += all.length;
  }

  /** Trims like `MAXLEN =`. */
  trimTo(count: number, atMs: number): void {
    const { all, count: held, lastId } = this.state;
    if (held > count) this.#become(all.slice(held - count, held), { atMs, lastId });
  }

  /** Deletes like XDEL, which rule 20 forbids. */
  remove(id: string, atMs: number): void {
    const kept = this.items.filter((item) => item.id !== id);
    const lineages = this.#lineagesWith(kept);
    this.#become(kept, { atMs, lastId: this.state.lastId, lineages });
    this.#harmed("withdrawn");
  }

  /** Loses the newest entries, like a fail-over to a replica that lacks them. */
  loseNewest(count: number, atMs: number): void {
    const kept = this.items.slice(0, Math.max(0, this.items.length - count));
    const lineages = this.#lineagesWith(kept);
    const lastId = kept.at(-1)?.id ?? "0-0";
    const { held } = this.#serverWith(kept, "newest");
    this.#become(kept, { atMs, lastId, lineages }, held);
    this.#harmed("lost");
  }

  /** Loses all entries, like a restart without data, or DEL. */
  loseAll(atMs: number): void {
    const lineages = { lined: [], unprovenBelow: 0 };
    this.#become([], { atMs, lastId: "0-0", lineages }, "");
    this.#harmed("lost");
  }

  /** Restores a backup. */
  restore(items: readonly StreamItem[], atMs: number): void {
    const { held } = this.#serverWith(items, "newest");
    const lastId = items.at(-1)?.id ?? "0-0";
    const { lineages } = this.#serverWith(items, "oldest");
    this.#become([...items], { atMs, lastId, lineages }, held);
    this.#harmed("lost");
  }

  /** Returns the primary when the last of these entries became the newest, or when it last was that. */
  #serverWith(items: readonly StreamItem[], which: "oldest" | "newest"): StreamServer {
    const last = items.at(-1);
    if (last === undefined) return new ServerInState();
    const isWith = ({ all, count }: StreamState) => all[count - 1] === last;
    const states = this.#states;
    return new ServerInState(which === "newest" ? states.findLast(isWith) : states.find(isWith));
  }

  /** Returns the lineages without those after the last of these entries. */
  #lineagesWith(items: readonly StreamItem[]): Lineages {
    const { lined, unprovenBelow } = this.lineages;
    const at = items.length === 0 ? -1 : lined.indexOf(items.at(-1)!);
    return { lined: lined.slice(0, at + 1), unprovenBelow };
  }

  #become(
    all: StreamItem[],
    { atMs, lastId, lineages = this.lineages }: Becoming,
    held = this.held,
  ): void {
    const count = all.length;
    const { unprovenBelow } = lineages;
    const lined = lineages.lined.slice(-this.#linedMax);
    const table = { lined, linedFrom: 0, linedCount: lined.length, unprovenBelow };
    this.#states.push({ sinceAtMs: atMs, all, count, lastId, held, ...table });
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

/** An entry in a reply. */
export type StreamReply = [id: string, fields: readonly string[]];

/** Returns entries as XRANGE does, also with an excluded end such as `(1-0`. */
export function rangeOf(items: readonly StreamItem[], { from, to, count }: Range): StreamReply[] {
  const by = (id: string, end: string) => comparePositions(id, end.replace("(", ""));
  const [least, most] = [from.startsWith("(") ? 1 : 0, to.startsWith("(") ? -1 : 0];
  let [first, end] = [0, from === "-" ? 0 : items.length];
  while (first < end) {
    const middle = (first + end) >> 1;
    if (by(items[middle]!.id, from) < least) first = middle + 1;
    else end = middle;
  }
  const found = items.slice(first, first + Math.min(count, items.length));
  const within = to === "+" ? found : found.filter(({ id }) => by(id, to) <= most);
  return within.map(replied);
}

/** Returns entries as XREVRANGE does. */
export function newestOf(
  items: readonly StreamItem[],
  { from, count }: Omit<Range, "to">,
): StreamReply[] {
  let last = items.length;
  if (from !== "+") {
    while (last > 0 && comparePositions(items[last - 1]?.id ?? "", from) > 0) last -= 1;
  }
  return items
    .slice(Math.max(0, last - count), last)
    .toReversed()
    .map(replied);
}

function replied({ id, fields }: StreamItem): StreamReply {
  return [id, fields];
}
