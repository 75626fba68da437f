// What this isolate has accepted and not yet read back: it covers here at once, in addition to the
// chain, until a join brings it.
import type { StoredMetadata } from "../../proxy/stored/stored-response.ts";
import { acceptedAtMs, type Entry, heldBytes, isOrdered, isSamePlace } from "../journal/entry.ts";
import { everythingTag, type PurgeMode } from "../journal/purge-target.ts";
import { TargetIndex } from "./target-index.ts";

interface Accepted {
  readonly entry: Entry;
  readonly atMs: number;
}

/** While the journal takes purges and cannot be read; beyond it each one covers everything. */
const heldBytesMax = 4 * 1_048_576;

export class AcceptedPurges {
  /** By `n`. */
  readonly #accepted = new Map<string, Accepted>();
  readonly #index = new TargetIndex<Set<Entry>>();
  #heldBytes = 0;

  get entries(): Entry[] {
    return Array.from(this.#accepted.values(), ({ entry }) => entry);
  }

  /** Those that were accepted no later than that instant. */
  upTo(latestAtMs: number): Entry[] {
    const all = Array.from(this.#accepted.values());
    return all.filter(({ atMs }) => atMs <= latestAtMs).map(({ entry }) => entry);
  }

  add(accepted: Entry, atMs: number): void {
    this.forget(accepted.n);
    const isOver = this.#heldBytes + heldBytes(accepted) > heldBytesMax;
    const entry = isOver ? coveringEverything(accepted) : accepted;
    this.#accepted.set(entry.n, { entry, atMs });
    this.#heldBytes += heldBytes(entry);
    this.#index.change(entry.targets, (kept) => (kept ?? new Set()).add(entry));
  }

  /** The clock was set back: none was accepted later than now. */
  dateUpTo(latestAtMs: number): void {
    for (const [n, { entry, atMs }] of this.#accepted) {
      this.#accepted.set(n, { entry, atMs: Math.min(atMs, latestAtMs) });
    }
  }

  forget(n: string): void {
    const entry = this.#accepted.get(n)?.entry;
    if (entry === undefined) return;
    this.#accepted.delete(n);
    this.#heldBytes -= heldBytes(entry);
    this.#index.change(entry.targets, (kept) => {
      kept?.delete(entry);
      return kept?.size === 0 ? undefined : kept;
    });
  }

  /** A mark of our own covers whatever an entry that was lost with the others covered. */
  forgetUpTo(markedAtMs: number): void {
    for (const [n, { atMs }] of this.#accepted) if (atMs <= markedAtMs) this.forget(n);
  }

  purged(stored: StoredMetadata): PurgeMode | undefined {
    let isSoft = false;
    for (const { mode } of this.#covering(stored)) {
      if (mode === "hard") return "hard";
      isSoft = true;
    }
    return isSoft ? "soft" : undefined;
  }

  /** Does a hard purge cover a response that is more than an invalidation? */
  isPurgedByOrder(stored: StoredMetadata): boolean {
    return Array.from(this.#covering(stored)).some(isOrdered);
  }

  /** When the first soft purge that covers a response was accepted. */
  staleSinceMs(stored: StoredMetadata): number | undefined {
    const softly = Array.from(this.#covering(stored)).filter(({ mode }) => mode === "soft");
    const instants = softly.map(({ position }) => acceptedAtMs(position));
    return instants.length === 0 ? undefined : Math.min(...instants);
  }

  /** When the newest purge that covers a response was accepted; `undefined` if none does. */
  lastPurgeAtMs(stored: StoredMetadata): number | undefined {
    const covering = Array.from(this.#covering(stored), ({ position }) => acceptedAtMs(position));
    return covering.length === 0 ? undefined : Math.max(...covering);
  }

  /** Whatever is stored is older, unless it was filled by one who had read that very entry. */
  *#covering(stored: StoredMetadata): Generator<Entry> {
    if (this.#accepted.size === 0) return;
    const { stamp } = stored;
    for (const entries of this.#index.covering(stored)) {
      for (const entry of entries) {
        const isKnown = stamp !== "none" && isSamePlace(entry, stamp);
        if (!isKnown) yield entry;
      }
    }
  }
}

function coveringEverything(entry: Entry): Entry {
  return { ...entry, mode: "hard", targets: { tags: [everythingTag], prefixes: [] } };
}
