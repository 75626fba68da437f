// One Redis stream, remembered as it was at every instant. Promised: IDs as XADD mints them from
// the server's clock and the last one, replicas that are some time behind, and every way in which
// entries go missing. The key of the switch is in the same database, and goes back and forth with it. Not promised: consumer groups, and trimming but by an ID or a number.

export interface StreamItem {
  readonly id: string;
  /** Names and values in turn. */
  readonly fields: readonly string[];
}

interface StreamState {
  readonly sinceAtMs: number;
  readonly items: readonly StreamItem[];
  /** No ID is given out twice by a server that remembers it. */
  readonly lastId: string;
  /** The text of the switch's key; empty where there is none. */
  readonly held: string;
}

const empty: StreamState = { sinceAtMs: -Infinity, items: [], lastId: "0-0", held: "" };

export class SimulatedStream {
  readonly #states: StreamState[] = [empty];

  get #state(): StreamState {
    return this.#states.at(-1) ?? empty;
  }

  /** At the primary, oldest first. */
  get items(): readonly StreamItem[] {
    return this.#state.items;
  }

  /** At the primary before its last change. */
  get itemsBefore(): readonly StreamItem[] {
    return this.#states.at(-2)?.items ?? [];
  }

  /** The text of the switch's key at the primary; empty where there is none. */
  get held(): string {
    return this.#state.held;
  }

  /** The text of the switch's key before the last change. */
  get heldBefore(): string {
    return this.#states.at(-2)?.held ?? "";
  }

  /** As a replica has them that received everything up to this instant. */
  seenAt(atMs: number): readonly StreamItem[] {
    return this.#stateAt(atMs).items;
  }

  /** The text of the switch's key as such a replica has it. */
  heldAt(atMs: number): string {
    return this.#stateAt(atMs).held;
  }

  /** The texts that the key held at any time since that instant. */
  heldSince(atMs: number): string[] {
    const later = this.#states.filter(({ sinceAtMs }) => sinceAtMs > atMs);
    return [this.heldAt(atMs), ...later.map(({ held }) => held)];
  }

  #stateAt(atMs: number): StreamState {
    return this.#states.findLast(({ sinceAtMs }) => sinceAtMs <= atMs) ?? empty;
  }

  /** An entry and the switch's key, in one step. @param text of the key, by the entry's ID */
  post(
    fields: readonly string[],
    at: { atMs: number; serverAtMs?: number },
    text: (id: string) => string,
  ): string {
    const id = this.append(fields, at);
    this.#states.push({ ...(this.#states.pop() ?? empty), held: text(id) });
    return id;
  }

  /** @returns the ID that the entry was given */
  append(fields: readonly string[], at: { atMs: number; serverAtMs?: number }): string {
    const { items, lastId } = this.#state;
    // It takes longer to come back with nothing than any clock is wrong.
    const serverAtMs = Math.floor(items.length === 0 ? at.atMs : (at.serverAtMs ?? at.atMs));
    const id = idAfter(lastId, serverAtMs);
    this.#become([...items, { id, fields }], { atMs: at.atMs, lastId: id });
    return id;
  }

  /** Many at once, of which nobody is told. */
  appendAll(all: readonly (readonly string[])[], atMs: number): void {
    let { lastId } = this.#state;
    const items = [...this.items];
    for (const fields of all) {
      lastId = idAfter(lastId, atMs);
      items.push({ id: lastId, fields });
    }
    this.#become(items, { atMs, lastId });
  }

  /** As `MINID =` does: what stands before the ID goes; a text without sequence means its first. */
  trimBefore(id: string, atMs: number): void {
    const { items, lastId } = this.#state;
    const kept = items.filter((item) => comparePositions(item.id, id) >= 0);
    if (kept.length < items.length) this.#become(kept, { atMs, lastId });
  }

  /** As `MAXLEN =` does. */
  trimTo(count: number, atMs: number): void {
    const { items, lastId } = this.#state;
    if (items.length > count) this.#become(items.slice(items.length - count), { atMs, lastId });
  }

  /** As XDEL does, which rule 20 forbids. */
  remove(id: string, atMs: number): void {
    const { items, lastId } = this.#state;
    const kept = items.filter((item) => item.id !== id);
    this.#become(kept, { atMs, lastId });
  }

  /** A replica that never got them is the primary now. */
  loseNewest(count: number, atMs: number): void {
    const kept = this.items.slice(0, Math.max(0, this.items.length - count));
    this.#become(kept, { atMs, lastId: kept.at(-1)?.id ?? "0-0" }, this.#heldWith(kept));
  }

  /** A restart without its data, or DEL. */
  loseAll(atMs: number): void {
    this.#become([], { atMs, lastId: "0-0" }, "");
  }

  /** A backup is put back. */
  restore(items: readonly StreamItem[], atMs: number): void {
    const held = this.#heldWith(items);
    this.#become([...items], { atMs, lastId: items.at(-1)?.id ?? "0-0" }, held);
  }

  /** The key as it was when the last of these entries was the last. */
  #heldWith(items: readonly StreamItem[]): string {
    const last = items.at(-1);
    return this.#states.findLast((state) => state.items.at(-1) === last)?.held ?? "";
  }

  #become(
    items: readonly StreamItem[],
    { atMs, lastId }: { atMs: number; lastId: string },
    held = this.held,
  ): void {
    this.#states.push({ sinceAtMs: atMs, items, lastId, held });
  }
}

/** Stream IDs are two numbers; neither is padded, and the second may be left out. */
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

/** Views read near the end, so that is where the search begins. */
export function rangeOf(items: readonly StreamItem[], { from, to, count }: Range): unknown[] {
  let first = from === "-" ? 0 : items.length;
  while (first > 0 && comparePositions(items[first - 1]?.id ?? "", from) >= 0) first -= 1;
  const found = items.slice(first, first + Math.min(count, items.length));
  const within = to === "+" ? found : found.filter(({ id }) => comparePositions(id, to) <= 0);
  return within.map(replied);
}

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
