// Accepts purges: written to the journal before anybody hears 200, in effect here at once, and
// read back a little later.
import { pause } from "../patience.ts";
import type { RedisTrouble } from "../redis/trouble.ts";
import { encodeEntry, type Entry, type NewEntry } from "./entry.ts";
import type { Journal, PlaceState } from "./journal.ts";
import type { JournalView } from "./journal-view.ts";
import type { PurgeOrder } from "./order.ts";
import type { PurgeTargets } from "./purge-target.ts";
import type { Attention } from "./view.ts";

/** A purge whose sender is known. */
export interface SignedOrder extends Pick<PurgeOrder, "targets" | "mode" | "reason"> {
  /** The webhook's id; empty for an order under the admin token. */
  readonly id: string;
  readonly bodyDigest: string;
  readonly by: string;
}

export type Acceptance =
  | { kind: "accepted"; position: string }
  /** The journal did not say that it has it: the sender must try again. */
  | { kind: "unavailable"; trouble?: RedisTrouble | undefined }
  /** The id stands in the journal with another body. */
  | { kind: "conflict" };

export interface AcceptanceSettings {
  readonly journal: Journal;
  readonly view: JournalView;
  readonly randomText: () => string;
  readonly maxLagMs: number;
}

const entryBytesMax = 8_192;
const readBackMsMax = 20_000;
/** Work behind an answer ends after 30 s. */
const readBackTriesMax = 4;
const readBackPauseMs = 5_000;
/** The journal answers for all of them in one reply. */
const lookedForAtOnce = 128;

export class Acceptances {
  readonly #settings: AcceptanceSettings;

  constructor(settings: AcceptanceSettings) {
    this.#settings = settings;
    const { view } = settings;
    view.onOverdue = async (entries) => {
      for (let at = 0; at < entries.length; at += lookedForAtOnce) {
        const some = entries.slice(at, at + lookedForAtOnce);
        if (!(await this.#writeAgainIfGone(some))) return;
      }
      await view.catchUp();
    };
  }

  /** Rule 21: every try appends, but for a webhook that stands in the journal as it is known here. */
  async accept(order: SignedOrder, attention: Attention): Promise<Acceptance> {
    const { journal, view } = this.#settings;
    if (this.#isReused(order)) return { kind: "conflict" };
    const standing = this.#standing(order);
    if (standing.length > 0) return this.#accepted(standing, attention);
    const entries = this.#entriesOf(order);
    const appended = await journal.append(entries);
    if (appended.kind === "unavailable") return appended;
    const placed = placedAt(appended.positions, entries);
    view.accepted(placed);
    attention.afterAnswer(() => view.catchUp());
    return this.#accepted(placed, attention);
  }

  #accepted(placed: readonly Entry[], attention: Attention): Acceptance {
    attention.afterAnswer(() => this.#readBack(placed));
    return { kind: "accepted", position: placed.at(-1)?.position ?? "" };
  }

  /** @returns the entries of this very webhook that the view has read; none unless it has read all */
  #standing({ id, bodyDigest, mode, targets }: SignedOrder): readonly Entry[] {
    if (id === "") return [];
    const read = this.#settings.view.currentEntries.filter(
      (entry) => entry.id === id && entry.bodyDigest === bodyDigest && entry.mode === mode,
    );
    const tags = new Set(read.flatMap((entry) => entry.targets.tags));
    const prefixes = new Set(read.flatMap((entry) => entry.targets.prefixes));
    const isWhole =
      targets.tags.every((tag) => tags.has(tag)) &&
      targets.prefixes.every((prefix) => prefixes.has(prefix));
    return isWhole ? read : [];
  }

  #isReused({ id, bodyDigest }: SignedOrder): boolean {
    const { entries } = this.#settings.view;
    return id !== "" && entries.some((entry) => entry.id === id && entry.bodyDigest !== bodyDigest);
  }

  /** A purge too large for one entry becomes several, which stand in the journal together. */
  #entriesOf(order: SignedOrder): NewEntry[] {
    const entry = (targets: PurgeTargets): NewEntry => ({
      n: this.#settings.randomText(),
      mode: order.mode,
      targets,
      id: order.id,
      bodyDigest: order.bodyDigest,
      reason: order.reason,
      by: order.by,
      lost: "",
    });
    return split(order.targets, (targets) => bytesOf(entry(targets)) <= entryBytesMax).map(entry);
  }

  /**
   * Rule 22: an acknowledged entry may still be lost with its server. While the journal is away it is
   * looked for again, here and, by the view's own renewals, for as long as it has not been read.
   */
  async #readBack(placed: readonly Entry[]): Promise<void> {
    const { maxLagMs } = this.#settings;
    const waitMs = Math.min(maxLagMs / 2, readBackMsMax);
    for (let tries = 0; tries < readBackTriesMax; tries += 1) {
      await pause(tries === 0 ? waitMs : readBackPauseMs);
      if (await this.#writeAgainIfGone(placed)) return;
    }
  }

  /**
   * What is gone is written again as another entry, but for what newer entries have pushed out: every
   * view counts that as known to cover what is older. With its old `n` it could be given its old ID
   * too, behind entries that nobody who joins at it would ever read.
   *
   * @returns whether the journal has answered
   */
  async #writeAgainIfGone(placed: readonly Entry[]): Promise<boolean> {
    const { journal, view, randomText } = this.#settings;
    const read = await journal.standing(placed);
    if (read.kind === "unavailable") return false;
    const inState = (state: PlaceState) => placed.filter((_, at) => read.states[at] === state);
    view.trimmed(inState("trimmed"));
    const gone = inState("gone");
    if (gone.length === 0) return true;
    const again = gone.map((entry) => ({ ...entry, n: randomText() }));
    const appended = await journal.append(again);
    if (appended.kind === "unavailable") return false;
    view.replaced(gone, placedAt(appended.positions, again));
    return true;
  }
}

function placedAt(positions: readonly string[], entries: readonly NewEntry[]): Entry[] {
  return entries.map((entry, at) => ({ ...entry, position: positions[at] ?? "" }));
}

/** Halves what does not fit until it does. */
function split(targets: PurgeTargets, fits: (targets: PurgeTargets) => boolean): PurgeTargets[] {
  const { tags, prefixes } = targets;
  if (fits(targets) || tags.length + prefixes.length <= 1) return [targets];
  const [tagsAt, prefixesAt] = [Math.ceil(tags.length / 2), Math.floor(prefixes.length / 2)];
  const halves: PurgeTargets[] = [
    { tags: tags.slice(0, tagsAt), prefixes: prefixes.slice(0, prefixesAt) },
    { tags: tags.slice(tagsAt), prefixes: prefixes.slice(prefixesAt) },
  ];
  return halves.flatMap((half) => split(half, fits));
}

function bytesOf(entry: NewEntry): number {
  return new TextEncoder().encode(Object.entries(encodeEntry(entry)).flat().join("")).length;
}
