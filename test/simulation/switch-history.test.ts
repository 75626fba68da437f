// Tests the switch (rule 24 of docs/internals/purge-protocol-special.md) in random histories, which must also find
// each planted fault. A failure names the history's seed. Replay the history with
// `npm run bench -- simulation --switch --replay <seed>`.
import { describe, expect, it } from "vitest";
import type { EntryId } from "../../src/purge/journal/entry.ts";
import {
  RedisJournal,
  type RedisJournalSettings,
} from "../../src/stores/redis/journal/redis-journal.ts";
import { Acceptances } from "../../src/purge/acceptance/acceptance.ts";
import {
  postedAgain,
  type PostEntry,
  type PostResult,
  type Switch,
} from "../../src/purge/journal/switch.ts";
import { JournalView } from "../../src/purge/view/journal-view.ts";
import type { KnownView, ViewCopy } from "../../src/purge/view/view-copies.ts";
import { partsWithCopies, SimulatedCopies } from "../../testing/simulation/simulated-copies.ts";
import type { Parts } from "../../testing/simulation/simulated-isolate.ts";
import type { WorldKind } from "../../testing/simulation/simulated-weather.ts";
import { switchHistoryOf } from "../../testing/simulation/switch-history.ts";
import { shareOf } from "../../testing/histories.ts";
import { firstBroken, sumOf } from "../../testing/simulation/seeds.ts";

describe("each isolate applies a post within N + max(0, ε + L − A), whatever the faults", () => {
  it.each(["ordinary", "failing", "trimming", "diverging", "crossing"] as const)(
    "in random histories: %s",
    async (kind) => {
      const play = (seed: number) => {
        const { parts } = partsWithCopies();
        return switchHistoryOf(seed, { parts, kind });
      };
      const { broken, usableCount } = await sumOf({ count: shareOf(40) }, play);
      expect(broken).toEqual([]);
      expect(usableCount).toBeGreaterThan(shareOf(250));
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

      override async atPrimary(place: EntryId) {
        return change(await super.atPrimary(place), settings);
      }

      override async appendMark(lost: string) {
        return change(await super.appendMark(lost), settings);
      }
    })(settings),
});

/** Begins a chain without the state in the key. */
const keyUnread = adopting((read) => ({ ...read, switched: undefined }));

/** Follows the key after a loss, even to an older post. */
const olderFollowed: Partial<Parts> = {
  view: (settings) => {
    const view = new JournalView(settings);
    view.tail.learn = (state) => void (view.tail.switched = state ?? view.tail.switched);
    return view;
  },
};

/** Drops posts from later reads. */
const postsUnread: Partial<Parts> = {
  journal: (settings) =>
    new (class extends RedisJournal {
      override async since(place: EntryId) {
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
      override renewIfDue(...given: Parameters<JournalView["renewIfDue"]>) {
        void super.renewIfDue(...given);
        return undefined;
      }
    })(settings),
};

/** Replaces the posts that isolates write again. */
const postingAgain = (change: (store: Switch, entry: PostEntry) => Promise<PostResult>) => ({
  switching: (store: Switch): Switch => ({
    read: () => store.read(),
    post: (entry) => (entry.by === postedAgain.by ? change(store, entry) : store.post(entry)),
  }),
});

/** Does not post a lost post again. */
const neverPostedAgain = postingAgain(async (_, { switched, n }) => ({
  kind: "overtaken",
  current: { ...switched, n, position: "1-0" },
}));

/** Posts a lost post again, even over a newer one. */
const postedOverOthers = postingAgain(async (store, entry) => {
  const posted = await store.post(entry);
  if (posted.kind !== "overtaken" || posted.current?.post === entry.switched.post) return posted;
  return store.post({
    ...entry,
    switched: { ...entry.switched, replaces: posted.current?.post ?? "" },
  });
});

/** Lets only the isolate that accepted a post write it again. */
const othersForget: Partial<Parts> = {
  acceptances: (settings) =>
    new (class extends Acceptances {
      override keepSwitch() {
        return Promise.resolve();
      }
    })(settings),
};

/** Takes the time of a post from the clock alone. */
const datedByClock: Partial<Parts> = {
  switching: (store) => {
    let held = "";
    return {
      read: async () => {
        const read = await store.read();
        if (read.kind !== "read") return read;
        held = read.state?.post ?? "";
        return { ...read, state: undefined };
      },
      post: (entry) => {
        const replaces = entry.switched.replaces || held;
        return store.post({ ...entry, switched: { ...entry.switched, replaces } });
      },
    };
  },
};

const rows: readonly {
  readonly fault: string;
  readonly parts: () => Partial<Parts>;
  readonly kind?: WorldKind;
  readonly within: number;
}[] = [
  { fault: "the key is not read", parts: () => keyUnread, kind: "trimming", within: 100 },
  {
    fault: "an older post in the key replaces a newer one",
    parts: () => olderFollowed,
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
    fault: "only the accepting isolate posts a lost post again",
    parts: () => othersForget,
    kind: "failing",
    within: 400,
  },
  {
    fault: "a lost post replaces a newer one",
    parts: () => postedOverOthers,
    kind: "failing",
    within: 800,
  },
  { fault: "the clock alone dates a post", parts: () => datedByClock, within: 100 },
];

describe("histories of the switch find a fault", () => {
  it.each(rows)("$fault, within $within histories", async (row) => {
    const { parts, kind = "ordinary", within } = row;
    const play = (seed: number) => switchHistoryOf(seed, { parts: parts(), kind });
    const sound = (seed: number) => switchHistoryOf(seed, { parts: partsWithCopies().parts, kind });
    expect(await firstBroken({ count: within }, play, sound)).toBeDefined();
  });
});
