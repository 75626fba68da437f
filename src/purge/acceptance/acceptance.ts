// Accepts purges and posts of the switch. Each is written to the journal before the sender receives
// a 200, applied in this isolate at once, and read back later.
import { patiently, turnEnd } from "../../base/timeouts.ts";
import { type Invocation, sharingHere } from "../../remote/invocation.ts";
import { encodeEntry, type Entry, type NewEntry } from "../journal/entry.ts";
import type { Stamp, WriteWithPurge } from "../../cache/record/record.ts";
import type { Journal, OlderTags, Unavailable } from "../journal/journal.ts";
import { type PurgeTargets, releasedBy } from "../journal/purge-target.ts";
import { postEntry } from "../journal/switch.ts";
import { type Bypass, newestOf, postId, type SwitchState } from "../journal/switch-state.ts";
import { type AcceptanceSettings, placedAt, ReadBacks } from "./read-backs.ts";
import type { AcceptedPurge } from "../view/positions.ts";
import type { Requester } from "../view/view-port.ts";

/**
 * A purge from an authenticated sender or from the application. `id`: the webhook's id, or the
 * random id of a write through; else empty.
 */
export type SignedOrder = Omit<NewEntry, "n" | "lost">;

export type Acceptance =
  | ({ kind: "accepted" } & AcceptedPurge)
  /** The journal did not confirm the purge, so the sender must retry. */
  | Unavailable
  /** This isolate knows an entry with the same id and another body. */
  | { kind: "conflict" };

/** An accepted purge of data that is being written (rule 25). */
export interface AcceptedWrite extends Extract<Acceptance, { kind: "accepted" }> {
  readonly placed: Entry;
  /** The entries after the stamp, ending with `placed`; `undefined` if unknown. */
  readonly since: readonly Entry[] | undefined;
  /** As in `AppendWithRead`. */
  readonly stored?: unknown;
}

/** The result of a post of the switch. */
export type SwitchAcceptance =
  | { kind: "posted"; state: SwitchState }
  /** Another post was written first, so this post changed nothing. */
  | { kind: "overtaken" }
  /** The post has too many routes for one entry. */
  | { kind: "too-large" }
  | Unavailable;

const entryBytesMax = 8_192;

/** The longest wait of an entry with a record for the isolate's last one, whose place it then follows. */
const turnMsMax = 250;

/** Runs in the request that accepted the entries. Must not throw. */
export type AcceptanceListener = (entries: readonly Entry[], requester: Requester) => void;

export class Acceptances {
  readonly #listeners: AcceptanceListener[] = [];
  readonly #settings: AcceptanceSettings;
  readonly #readBacks: ReadBacks;
  /** The last append of an entry with a record, and the wait for it that others share. */
  #storing:
    | { readonly invocation: Invocation; readonly done: Promise<unknown>; wait?: Promise<unknown> }
    | undefined;

  constructor(settings: AcceptanceSettings) {
    this.#settings = settings;
    this.#readBacks = new ReadBacks(settings);
  }

  /** Adds a listener for entries that this isolate accepts, for the lifetime of the isolate. */
  listen(listener: AcceptanceListener): void {
    this.#listeners.push(listener);
  }

  /**
   * Reads back accepted entries now, because a renewal of the view should have returned them, but
   * did not (rule 22). Posts the switch again if the view has found that the switch lost its post
   * (rule 24 g).
   */
  async lookFor(overdue: readonly Entry[]): Promise<void> {
    const { tail } = this.#settings.view;
    const areFound = await this.#readBacks.now(overdue);
    if (tail.isSwitchLost) await this.keepSwitch();
    if (areFound) await tail.catchUp();
  }

  /** Posts the newest known post again, unless the switch has it or a newer one (rule 24 g). */
  async keepSwitch(): Promise<void> {
    await this.#readBacks.keepSwitch();
  }

  /**
   * Appends the purge, unless a view at most N − A old has all entries of an earlier attempt of the
   * same webhook (rule 21).
   */
  async accept(order: SignedOrder, requester: Requester): Promise<Acceptance> {
    const { view, nowAtMs } = this.#settings;
    view.arrived(nowAtMs());
    if (this.#isReused(order)) return { kind: "conflict" };
    const standing = this.#standing(order);
    if (standing.length > 0) return this.#readBackLater(standing, requester);
    const entries = this.#entriesOf(order);
    const appended = await this.#append(entries);
    return appended.kind === "unavailable"
      ? appended
      : this.#applied(placedAt(appended.places, entries), requester);
  }

  /** Appends entries. The script of a single one also reads the entries after the view's last one. */
  async #append(entries: readonly NewEntry[]): ReturnType<Journal["append"]> {
    const { journal, view } = this.#settings;
    const [entry] = entries;
    if (entries.length !== 1 || entry === undefined) return journal.append(entries);
    const appended = await view.tail.appendAndRead(view.tail.chain?.end ?? "none", entry);
    // Without a record, the journal has no older tags to compare.
    if (appended.kind !== "appended") return appended as Unavailable;
    return { kind: "appended", places: [appended.place] };
  }

  /** Applies accepted entries, and reads them if their append has not. */
  #applied(placed: readonly Entry[], requester: Requester) {
    const { tail } = this.#settings.view;
    tail.apply(placed);
    const areKnown = placed.every((each) => tail.chain?.knows(each) === true);
    if (!areKnown) requester.afterAnswer(() => tail.catchUp());
    return this.#readBackLater(placed, requester);
  }

  /**
   * Appends the purge of data that is being written, and reads the entries between a stamp and the
   * purge (rule 25).
   *
   * @param order the purge, which must fit into one entry
   * @param since the stamp from before the write, or `end` if entries before the purge do not matter. With `none`
   *   or `end`, the result's `since` is `undefined`
   * @param write the record to store with the purge, for `end` (rule 25 f)
   * @returns `older-tags` only with a record, as from the journal
   */
  async acceptAfter(
    order: SignedOrder,
    since: Stamp | "end",
    requester: Requester,
    write?: WriteWithPurge,
  ): Promise<AcceptedWrite | OlderTags | Unavailable> {
    const { journal, view, nowAtMs, randomText } = this.#settings;
    if (write !== undefined && journal.isOrdered !== true) await this.#turnToStore();
    view.arrived(nowAtMs());
    const entry: NewEntry = { ...order, n: randomText(), lost: "" };
    const from = since === "end" ? (view.tail.chain?.end ?? "none") : since;
    const appending = view.tail.appendAndRead(from, entry, write);
    if (write !== undefined) this.#storing = { invocation: sharingHere(), done: appending };
    const appended = await appending;
    if (this.#storing?.done === appending && this.#storing.wait === undefined)
      this.#storing = undefined;
    if (appended.kind !== "appended") return appended;
    const placed: Entry = { ...entry, ...appended.place };
    const accepted = this.#applied([placed], requester);
    const { stored } = appended;
    if (since === "end") return { ...accepted, placed, since: undefined, stored };
    const read = appended.since ?? (await this.#readOn(since, placed));
    return { ...accepted, placed, since: read };
  }

  /**
   * Waits for the last entry with a record. Without an order of calls, nobody knows the journal's last entry until that one
   * is confirmed, and a script stores no record after another entry. All that wait share the next script, with those that
   * begin when the last one ends.
   */
  async #turnToStore(): Promise<void> {
    const storing = this.#storing;
    if (storing?.invocation !== sharingHere()) return;
    await (storing.wait ??= patiently(storing.done, turnMsMax).then(turnEnd));
  }

  /** Renews the view, and returns its entries after the stamp, up to the new entry (rule 25 d). */
  async #readOn(since: Stamp, placed: Entry): Promise<readonly Entry[] | undefined> {
    const { tail } = this.#settings.view;
    if (tail.chain?.knows(since) !== true) return undefined;
    await tail.catchUp({ waits: true });
    return tail.chain.between(since, placed);
  }

  /** Replaces the current post, unless another post does so first (rule 24). */
  async post(
    { bypass, by, reason }: { readonly bypass: Bypass } & Pick<NewEntry, "by" | "reason">,
    requester: Requester,
  ): Promise<SwitchAcceptance> {
    const { switching, view, nowAtMs, randomText } = this.#settings;
    if (switching === undefined) return { kind: "unavailable" };
    view.arrived(nowAtMs());
    const current = await switching.read();
    if (current.kind === "unavailable") return current;
    const known = newestOf(current.state, view.tail.switched);
    const post = postId(nowAtMs(), randomText(), known);
    const switched = { post, replaces: current.state?.post ?? "", bypass };
    const entry = postEntry(randomText(), switched, { by, reason });
    if (bytesOf(entry) > entryBytesMax) return { kind: "too-large" };
    const posted = await switching.post(entry);
    if (posted.kind === "overtaken") return { kind: "overtaken" };
    if (posted.kind === "unavailable") return posted;
    const placed: Entry = { ...entry, ...posted.place };
    view.tail.apply([placed]);
    requester.afterAnswer(() => view.tail.catchUp());
    this.#readBackLater([placed], requester);
    return { kind: "posted", state: { post, bypass, position: placed.position, n: placed.n } };
  }

  /** Schedules the read-back of entries, tells listeners, and returns the acceptance. */
  #readBackLater(
    placed: readonly Entry[],
    requester: Requester,
  ): Extract<Acceptance, { kind: "accepted" }> {
    requester.afterAnswer(() => this.#readBacks.later(placed));
    for (const listener of this.#listeners) listener(placed, requester);
    const { nowAtMs, visibleWithinMs } = this.#settings;
    const { position = "", n = "" } = placed.at(-1) ?? {};
    return { kind: "accepted", position, n, visibleByAtMs: nowAtMs() + visibleWithinMs };
  }

  /**
   * Returns the entries of an earlier attempt of the webhook, if a view at most N − A old has all
   * of them. `#isReused` has ruled out entries with another body.
   */
  #standing({ id, mode, targets }: SignedOrder): readonly Entry[] {
    const { view } = this.#settings;
    if (id === "") return [];
    const read = view.currentEntries.filter((entry) => entry.id === id && entry.mode === mode);
    const tags = new Set(read.flatMap((entry) => entry.targets.tags));
    const prefixes = new Set(read.flatMap((entry) => entry.targets.prefixes));
    const isWhole =
      targets.tags.every((tag) => tags.has(tag)) &&
      targets.prefixes.every((prefix) => prefixes.has(prefix));
    // After another release, an order to return to this one is no repetition.
    const isRelease = releasedBy(targets) !== undefined;
    const newest = isRelease && view.tail.entries.findLast((entry) => releasedBy(entry.targets));
    const isOver = isRelease && read.every(({ n }) => newest && n !== newest.n);
    return isWhole && !isOver ? read : [];
  }

  #isReused({ id, bodyDigest }: Pick<SignedOrder, "id" | "bodyDigest">): boolean {
    if (id === "") return false;
    const { entries } = this.#settings.view.tail;
    return entries.some((entry) => entry.id === id && entry.bodyDigest !== bodyDigest);
  }

  /** Splits a purge that is too large for one entry. */
  #entriesOf(order: SignedOrder): NewEntry[] {
    const { randomText } = this.#settings;
    const entry = (targets: PurgeTargets) => ({ ...order, targets, n: randomText(), lost: "" });
    return split(order.targets, (targets) => bytesOf(entry(targets)) <= entryBytesMax).map(entry);
  }
}

/** Halves the targets until each part fits. */
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
