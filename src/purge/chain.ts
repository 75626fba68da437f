// A run of the journal's entries in order, indexed by what they cover. It only grows at its end.
import type { Stamp, StoredMetadata } from "../http/stored-response.ts";
import { acceptedAtMs, type Entry, type EntryPlace } from "./entry.ts";
import { coverable, type PurgeMode } from "./purge-target.ts";

/** Where the entries for one target stand: the newest hard one, -1 for none, and all soft ones. */
interface Covered {
  hardAt: number;
  readonly softAts: number[];
}

export class Chain {
  readonly #entries: Entry[] = [];
  readonly #indexByPosition = new Map<string, number>();
  readonly #byTag = new Map<string, Covered>();
  readonly #byPrefix = new Map<string, Covered>();
  readonly #prefixLengths = new Set<number>();

  /** @param entries at least one, oldest first: no view is ever empty */
  constructor(entries: readonly Entry[]) {
    if (entries.length === 0) throw new Error("A chain holds at least one entry.");
    this.append(entries);
  }

  get entries(): readonly Entry[] {
    return this.#entries;
  }

  /** The place of the last entry. */
  get end(): EntryPlace {
    const last = this.#entries.at(-1);
    return { position: last?.position ?? "", n: last?.n ?? "" };
  }

  append(entries: readonly Entry[]): void {
    for (const entry of entries) {
      const at = this.#entries.push(entry) - 1;
      this.#indexByPosition.set(entry.position, at);
      for (const tag of entry.targets.tags) cover(this.#byTag, tag, entry.mode, at);
      for (const prefix of entry.targets.prefixes) {
        cover(this.#byPrefix, prefix, entry.mode, at);
        this.#prefixLengths.add(prefix.length);
      }
    }
  }

  /** Does the chain hold that very entry? A position alone may have been minted anew. */
  knows(stamp: Stamp): stamp is EntryPlace {
    return stamp !== "none" && this.#indexOf(stamp) !== undefined;
  }

  #indexOf({ position, n }: EntryPlace): number | undefined {
    const at = this.#indexByPosition.get(position);
    return at !== undefined && this.#entries[at]?.n === n ? at : undefined;
  }

  /**
   * Which mode of purge covers a response: any hard entry after its stamp makes it hard, whatever
   * soft ones came later. An unknown stamp is older than everything here.
   */
  purged(stored: StoredMetadata): PurgeMode | undefined {
    const since = this.#since(stored);
    let isSoft = false;
    for (const covered of this.#covering(stored)) {
      if (covered.hardAt > since) return "hard";
      if (newestSoft(covered) > since) isSoft = true;
    }
    return isSoft ? "soft" : undefined;
  }

  /** When the first soft purge after its stamp that covers a response was accepted. */
  staleSinceMs(stored: StoredMetadata): number | undefined {
    const since = this.#since(stored);
    const firsts = Array.from(this.#covering(stored), ({ softAts }) =>
      softAts.find((at) => at > since),
    );
    const first = Math.min(...firsts.filter((at) => at !== undefined));
    const position = this.#entries[first]?.position;
    return position === undefined ? undefined : acceptedAtMs(position);
  }

  #since({ stamp }: StoredMetadata): number {
    return (stamp === "none" ? undefined : this.#indexOf(stamp)) ?? -1;
  }

  /** When the newest purge that covers a response was accepted; `undefined` if none does. */
  lastPurgeAtMs(stored: StoredMetadata): number | undefined {
    const at = Math.max(
      -1,
      ...Array.from(this.#covering(stored), (one) => Math.max(one.hardAt, newestSoft(one))),
    );
    const position = this.#entries[at]?.position;
    return position === undefined ? undefined : acceptedAtMs(position);
  }

  *#covering(stored: StoredMetadata): Generator<Covered> {
    const { tags, paths } = coverable(stored);
    for (const tag of tags) {
      const covered = this.#byTag.get(tag);
      if (covered !== undefined) yield covered;
    }
    if (this.#prefixLengths.size === 0) return;
    for (const text of paths) {
      for (const length of this.#prefixLengths) {
        const covered = length <= text.length && this.#byPrefix.get(text.slice(0, length));
        if (covered) yield covered;
      }
    }
  }
}

function cover(index: Map<string, Covered>, target: string, mode: PurgeMode, at: number): void {
  const covered = index.get(target) ?? { hardAt: -1, softAts: [] };
  if (mode === "hard") covered.hardAt = at;
  else covered.softAts.push(at);
  index.set(target, covered);
}

function newestSoft({ softAts }: Covered): number {
  return softAts.at(-1) ?? -1;
}
