// Faults in the use of the journal's epochs (rule 27 i), for planted-faults.test.ts.
import type { EntryId } from "../../src/purge/journal/entry.ts";
import { type Epoch, epochOf, lineageIn, numberedIn } from "../../src/purge/journal/epoch.ts";
import type { Chain } from "../../src/purge/view/chain.ts";
import { EpochWindow } from "../../src/purge/view/epoch-window.ts";
import type { PurgeSubject } from "../../src/purge/view/view-port.ts";
import { RedisJournal } from "../../src/stores/redis/journal/redis-journal.ts";
import { epochFields, epochsIn } from "../../src/stores/redis/journal/journal-scripts.ts";
import { epochTexts } from "../../testing/fakes/journal-scripts-model.ts";
import type { Parts } from "../../testing/simulation/simulated-isolate.ts";

type Planted = Partial<Parts>;
type Read = readonly (Epoch | undefined)[];

/** Returns an epoch with these names, and then none for the entries whose names it lacks. */
function completed({ lineages, names }: Epoch): Epoch {
  const lists = names.slice(8).split(",").slice(0, -1);
  const missing = lineages.length / 8 - lists.length;
  const texts = [...lists, ...Array.from({ length: missing }, () => "")];
  return { lineages, names: `${lineages.slice(-8)}${texts.map((text) => `${text},`).join("")}` };
}

const withWindow = (Window: typeof EpochWindow): Planted => ({ window: () => new Window() });

/** Counts the entries of an absent epoch as entries without names. */
export const absentIsUnpurged: Planted = {
  journal: (settings, { world }) =>
    new (class extends RedisJournal {
      override async epochs(range: Parameters<RedisJournal["epochs"]>[0]) {
        const read = await super.epochs(range);
        if (read.kind !== "read") return read;
        const lined = world.stream.lineages.lined.map(({ fields }) => fields);
        const epochs = read.epochs.map((epoch, at) => {
          const [kept] = epochsIn(epochTexts(epochFields(range.first + at), lined), 1);
          return epoch ?? (kept && completed({ ...kept, names: "" }));
        });
        return { ...read, epochs };
      }
    })(settings),
};

/** Counts the entries that a partial epoch lacks as entries without names. */
export const partialIsWhole = withWindow(
  class extends EpochWindow {
    override take(first: number, epochs: Read): boolean {
      return super.take(
        first,
        epochs.map((epoch) => epoch && completed(epoch)),
      );
    }
  },
);

/** Uses epochs for a stamp with the number of one of their entries, but another lineage. */
export const lineageUnchecked = withWindow(
  class extends EpochWindow {
    readonly #read = new Map<number, Epoch>();

    override take(first: number, epochs: Read): boolean {
      for (const [at, epoch] of epochs.entries()) if (epoch) this.#read.set(first + at, epoch);
      return super.take(first, epochs);
    }

    override verifiedUpTo(record: PurgeSubject, chain: Chain): EntryId | undefined {
      const { stamp } = record;
      const { number = 0 } = (stamp !== "none" && numberedIn(stamp.n)) || {};
      const epoch = this.#read.get(epochOf(number));
      if (stamp === "none" || epoch === undefined) return super.verifiedUpTo(record, chain);
      const line = Number.parseInt(lineageIn(epoch.lineages, number), 16);
      return super.verifiedUpTo({ ...record, stamp: { ...stamp, n: `.${number}.${line}` } }, chain);
    }
  },
);

/** Uses epochs that end before the chain begins. */
export const unjoined = withWindow(
  class extends EpochWindow {
    #hasRead = false;

    override take(first: number, epochs: Read): boolean {
      this.#hasRead = super.take(first, epochs) || this.#hasRead;
      return this.#hasRead;
    }

    override joint(chain: Chain): ReturnType<EpochWindow["joint"]> {
      const { number = 0 } = numberedIn(chain.end.n) ?? {};
      return super.joint(chain) ?? (this.#hasRead ? { place: chain.end, number } : undefined);
    }
  },
);
