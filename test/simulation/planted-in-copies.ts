// Faults in the copies of views (rule 14), for history-copies.test.ts.
import type { EntryId } from "../../src/purge/journal/entry.ts";
import { type KnownView, ViewCopy } from "../../src/purge/view/view-copies.ts";
import { itemsOf, SimulatedCopies } from "../../testing/simulation/simulated-copies.ts";

/** Dates a copy by its writing, not by the read of the journal. */
export class DatedWhenCopied extends SimulatedCopies {
  protected override copyOf(view: KnownView): ViewCopy {
    return super.copyOf({ ...view, sentAtMs: this.isolate.nowAtMs() });
  }
}

/** Dates a copy by its reading. */
export class DatedWhenFound extends SimulatedCopies {
  override async read(): Promise<ViewCopy | undefined> {
    const copy = await super.read();
    return copy && new ViewCopy(this.isolate.nowAtMs(), itemsOf(copy.entries() ?? []), copy);
  }
}

/** Takes a copy even if it lacks the view's last entry. */
export class Unjoined extends SimulatedCopies {
  override async read(): Promise<ViewCopy | undefined> {
    const copy = await super.read();
    const entries = copy?.entries() ?? [];
    if (copy === undefined) return undefined;
    return Object.assign(new ViewCopy(copy.sentAtMs, itemsOf(entries), copy), {
      entriesAfter: ({ position }: EntryId) => {
        const at = entries.findIndex((entry) => entry.position === position);
        return entries.slice(at + 1);
      },
    });
  }
}

/** Omits the entry before the last one. */
export class Skipping extends SimulatedCopies {
  protected override copyOf({ entries, sentAtMs }: KnownView): ViewCopy {
    return super.copyOf({
      entries: entries.filter((_, at) => at !== entries.length - 2),
      sentAtMs,
    });
  }
}
