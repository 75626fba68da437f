// Tests the switch (rule 24 of docs/purge-protocol-switch.md) in random histories, which must also find
// each planted fault. A failure names the history's seed. Replay the history with
// `npm run bench -- simulation --switch --replay <seed>`.
import { describe, expect, it } from "vitest";
import type { EntryPlace } from "../../src/purge/journal/entry.ts";
import {
  RedisJournal,
  type RedisJournalSettings,
} from "../../src/stores/redis/journal/redis-journal.ts";
import type { Switch } from "../../src/purge/journal/switch.ts";
import { stateInKey, switchKey } from "../../src/stores/redis/journal/switch-key.ts";
import { JournalView } from "../../src/purge/view/journal-view.ts";
import type { KnownView, ViewCopy } from "../../src/purge/view/view-copies.ts";
import { partsWithCopies, SimulatedCopies } from "../../testing/simulation/simulated-copies.ts";
import type { Parts } from "../../testing/simulation/simulated-isolate.ts";
import type { WorldKind } from "../../testing/simulation/simulated-weather.ts";
import { switchHistoryOf } from "../../testing/simulation/switch-history.ts";
import { shareOf } from "../../testing/histories.ts";

describe("each isolate applies a post within N + max(0, ε + L − A), whatever the faults", () => {
  it.each(["ordinary", "failing", "trimming", "diverging", "crossing"] as const)(
    "in random histories: %s",
    async (kind) => {
      const broken: string[] = [];
      let changedCount = 0;
      for (let seed = 0; seed < shareOf(40); seed += 1) {
        const { parts } = partsWithCopies();
        const { violations, usableCount } = await switchHistoryOf(seed, { parts, kind });
        if (violations[0] !== undefined) broken.push(`seed ${seed}: ${violations[0]}`);
        changedCount += usableCount;
      }
      expect(broken).toEqual([]);
      expect(changedCount).toBeGreaterThan(shareOf(250));
    },
  );
});

/** A journal that changes the reads with which a view may begin. */
const adopting = (
  change: <T extends { kind: string }>(read: T, settings: RedisJournalSettings) => T | Promise<T>,
): Partial<Parts> => ({
  journal: (settings) =>
    new (class extends RedisJournal {
      override async newest() {
        return change(await super.newest(), settings);
      }

      override async atPrimary(place: EntryPlace) {
        return change(await super.atPrimary(place), settings);
      }

      override async appendMark(lost: string) {
        return change(await super.appendMark(lost), settings);
      }
    })(settings),
});

/** Begins a chain without the state in the key. */
const keyUnread = adopting((read) => ({ ...read, switched: undefined }));

/** Reads the key in a separate round trip, before the page. */
const keyReadBefore: Partial<Parts> = {
  journal: (settings) =>
    new (class extends RedisJournal {
      override async newest() {
        const before = await current(settings);
        const read = await super.newest();
        return read.kind === "read" ? { ...read, switched: before } : read;
      }

      override async atPrimary(place: EntryPlace) {
        const before = await current(settings);
        const read = await super.atPrimary(place);
        return read.kind === "read" ? { ...read, switched: before } : read;
      }
    })(settings),
};

async function current({ redis, namespace }: RedisJournalSettings) {
  const reply = await redis.attempt<unknown>("switch", (client) =>
    client.get(switchKey(namespace)),
  );
  return reply.kind === "answered" ? stateInKey(reply.value).state : undefined;
}

/** Keeps the former state after a loss. */
const formerStays: Partial<Parts> = {
  journal: (settings, isolate) =>
    new (class extends RedisJournal {
      override async atPrimary(place: EntryPlace) {
        return this.#kept(await super.atPrimary(place));
      }

      override async appendMark(lost: string) {
        return this.#kept(await super.appendMark(lost));
      }

      #kept<T extends { kind: string }>(read: T): T {
        return isolate.view.chain === undefined
          ? read
          : { ...read, switched: isolate.view.switched };
      }
    })(settings),
};

/** Drops posts from later reads. */
const postsUnread: Partial<Parts> = {
  journal: (settings) =>
    new (class extends RedisJournal {
      override async since(place: EntryPlace) {
        const read = await super.since(place);
        if (read.kind !== "read") return read;
        const entries = read.entries.filter(({ switched }) => switched === undefined);
        return { ...read, entries };
      }
    })(settings),
};

/** Omits the state from copies. */
const copiesWithoutState = () =>
  partsWithCopies({
    Copies: class extends SimulatedCopies {
      protected override copyOf(view: KnownView): ViewCopy {
        return super.copyOf({ ...view, switched: undefined });
      }
    },
  }).parts;

/** Uses the state without waiting for the renewal of an old view. */
const askedUnderAnOldView: Partial<Parts> = {
  view: (settings) =>
    new (class extends JournalView {
      override attend(...given: Parameters<JournalView["attend"]>) {
        void super.attend(...given);
        return undefined;
      }
    })(settings),
};

const posting = (change: (store: Switch, again: boolean) => Switch): Partial<Parts> => ({
  switching: (store) => {
    const posts = new Set<string>();
    return {
      read: () => store.read(),
      post: (entry) => {
        const isAgain = posts.has(entry.switched.post);
        posts.add(entry.switched.post);
        return change(store, isAgain).post(entry);
      },
    };
  },
});

/** Does not post a lost post again. */
const neverPostedAgain = posting((store, isAgain) =>
  isAgain ? { ...store, post: async () => ({ kind: "overtaken", current: undefined }) } : store,
);

/** Posts a lost post again, even over a later post. */
const postedOverOthers = posting((store, isAgain) => ({
  read: () => store.read(),
  post: async (entry) => {
    const posted = await store.post(entry);
    if (!isAgain || posted.kind !== "overtaken") return posted;
    const replaces = posted.current?.post ?? "";
    if (replaces === entry.switched.post) return posted;
    return store.post({ ...entry, switched: { ...entry.switched, replaces } });
  },
}));

const rows: readonly {
  readonly fault: string;
  readonly parts: () => Partial<Parts>;
  readonly kind?: WorldKind;
  readonly within: number;
}[] = [
  { fault: "the key is not read", parts: () => keyUnread, kind: "trimming", within: 100 },
  {
    fault: "key and page are read in two round trips",
    parts: () => keyReadBefore,
    kind: "crossing",
    within: 400,
  },
  {
    fault: "the former state stays after a loss",
    parts: () => formerStays,
    kind: "failing",
    within: 200,
  },
  { fault: "later posts are not read", parts: () => postsUnread, within: 60 },
  { fault: "copies have no state", parts: copiesWithoutState, kind: "trimming", within: 200 },
  { fault: "the state of an old view is used", parts: () => askedUnderAnOldView, within: 100 },
  {
    fault: "a lost post is not posted again",
    parts: () => neverPostedAgain,
    kind: "failing",
    within: 400,
  },
  {
    fault: "a lost post replaces a later one",
    parts: () => postedOverOthers,
    kind: "failing",
    within: 800,
  },
];

describe("histories of the switch find a fault", () => {
  it.each(rows)("$fault, within $within histories", async (row) => {
    const { parts, kind = "ordinary", within } = row;
    let seed = 0;
    const isFound = async () =>
      (await switchHistoryOf(seed, { parts: parts(), kind })).violations.length > 0;
    while (seed < within && !(await isFound())) seed += 1;
    expect(seed).toBeLessThan(within);
  });
});
