// The subject of a history of write-behind: a counter or a buffer, with the ledger that checks its
// values.
import {
  adds,
  type ChangeKind,
  puts,
  type SequencedPut,
} from "../../../src/write-behind/change-kind.ts";
import type { Add } from "../../../src/write-behind/sinks/sink.ts";
import { AddsLedger } from "./adds-ledger.ts";
import type { Ledger } from "./ledger.ts";
import { PutsLedger } from "./puts-ledger.ts";

export interface Subject<Change extends { readonly key: string }, Value> {
  readonly kind: ChangeKind<Change, Value>;
  readonly ledger: Ledger<Change, Value>;
  /** @returns a unique change; `undefined` after the maximum number for the key */
  next(key: string, options: { isRemoval: boolean; sequence: number }): Change | undefined;
  /** Returns whether the change was accepted into a slice; `undefined` (unknown) for a removal. */
  isTaken(change: Change): boolean | undefined;
  /** Returns whether the change hides earlier changes of its key by the same isolate. */
  replaces(change: Change): boolean;
}

export function counterSubject(): Subject<Add, number> {
  const ledger = new AddsLedger();
  return {
    kind: adds,
    ledger,
    next(key, { isRemoval }) {
      if (isRemoval) return { key, by: 0, isReset: true };
      const by = ledger.next(key);
      return by === undefined ? undefined : { key, by, isReset: false };
    },
    isTaken: ({ key, by, isReset }) => (isReset ? undefined : ledger.has(key, by)),
    replaces: ({ isReset }) => isReset,
  };
}

export function bufferSubject(): Subject<SequencedPut, string> {
  const ledger = new PutsLedger();
  let count = 0;
  return {
    kind: puts,
    ledger,
    next(key, { isRemoval, sequence }) {
      count += 1;
      return { key, value: isRemoval ? null : `value ${count}`, sequence };
    },
    isTaken: ({ key, value }) => (value === null ? undefined : ledger.has(key, value)),
    replaces: () => true,
  };
}
