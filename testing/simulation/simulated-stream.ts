// One Redis stream, remembered as it was at every instant. Promised: IDs as XADD mints them from
// the server's clock and the last one, replicas that are some time behind, and every way in which
// entries go missing. Not promised: consumer groups, and trimming but by an ID or a number.

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
}

const empty: StreamState = { sinceAtMs: -Infinity, items: [], lastId: "0-0" };

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

  /** As a replica has them that received everything up to this instant. */
  seenAt(atMs: number): readonly StreamItem[] {
    for (let at = this.#states.length - 1; at > 0; at -= 1) {
      const state = this.#states[at];
      if (state !== undefined && state.sinceAtMs <= atMs) return state.items;
    }
    return [];
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
    this.#become(kept, { atMs, lastId: kept.at(-1)?.id ?? "0-0" });
  }

  /** A restart without its data, or DEL. */
  loseAll(atMs: number): void {
    this.#become([], { atMs, lastId: "0-0" });
  }

  /** A backup is put back. */
  restore(items: readonly StreamItem[], atMs: number): void {
    this.#become([...items], { atMs, lastId: items.at(-1)?.id ?? "0-0" });
  }

  #become(items: readonly StreamItem[], { atMs, lastId }: { atMs: number; lastId: string }): void {
    this.#states.push({ sinceAtMs: atMs, items, lastId });
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
