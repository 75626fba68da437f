// Opens a store with a journal and a switch, for the contracts of both.
import type { Journal } from "../../../../src/purge/journal/journal.ts";
import type { Entry, EntryId } from "../../../../src/purge/journal/entry.ts";
import type { Switch } from "../../../../src/purge/journal/switch.ts";
import type { StoredMetadata } from "../../../../src/pages/stored/stored-response.ts";
import { Chain } from "../../../../src/purge/view/chain.ts";
import { EpochChecks } from "../../../../src/purge/view/epoch-window.ts";
import { newEntry } from "../../../../testing/examples/purges.ts";

export interface OpenStore {
  readonly journal: Journal;
  /** Removes one entry, as a fail-over may do. */
  readonly lose: (position: string) => Promise<unknown>;
  /** Makes the store unreachable. */
  readonly goDown: () => unknown;
}

export interface OpenSwitch extends OpenStore {
  readonly switching: Switch;
}

/** @param keptCount the number of entries that trimming leaves */
export type Open<Store = OpenStore> = (keptCount?: number) => Promise<Store>;

/** Appends entries with the random texts `n0`, `n1`, … @returns their places */
export async function written(journal: Journal, count: number): Promise<EntryId[]> {
  const entries = Array.from({ length: count }, (_, at) => newEntry({ n: `n${at}` }));
  const places: EntryId[] = [];
  for (let at = 0; at < count; at += 100) {
    const given = entries.slice(at, at + 100);
    const appended = await journal.append(given);
    if (appended.kind === "unavailable") throw new Error("The journal is unavailable.");
    places.push(...appended.places);
  }
  return places;
}

export const placesOf = (entries: readonly Entry[]): EntryId[] =>
  entries.map(({ position, n }) => ({ position, n }));

/** @returns the places of a read's entries, or its kind */
export const readOf = (read: { kind: string; entries?: readonly Entry[] }) =>
  read.entries === undefined ? read.kind : placesOf(read.entries);

/** Returns for each record whether a view that has only the last entry verifies it. */
export async function verified(journal: Journal, records: readonly StoredMetadata[]) {
  const read = await journal.newest();
  const chain = new Chain((read.kind === "read" && read.entries.slice(-1)) || []);
  const settings = { journal, nowAtMs: () => 0, timeoutMs: 1_000 };
  const checks = new EpochChecks(settings, { chain, head: undefined });
  const answers: boolean[] = [];
  for (const record of records) {
    if (!chain.knows(record.stamp)) await checks.verify(record);
    answers.push(chain.isClear(record));
  }
  return answers;
}
