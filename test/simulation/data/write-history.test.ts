// Tests writing through (rule 25 of docs/internals/purge-protocol-data.md) in random histories, which must also
// find each planted fault. A failure names the history's seed. Replay the history with
// `npm run bench -- simulation --data --replay <seed>`.
import { describe, expect, it } from "vitest";
import type { TierKeep } from "../../../src/cache/tiers/tier.ts";
import type { NamespacePorts } from "../../../src/data/namespace.ts";
import type { AcceptedWrite, Acceptances } from "../../../src/purge/acceptance/acceptance.ts";
import type { SignedOrder } from "../../../src/purge/acceptance/acceptance.ts";
import type { NewerRecords, Stamp } from "../../../src/cache/record/record.ts";
import type { Entry } from "../../../src/purge/journal/entry.ts";
import type {
  SimulatedStore,
  StoreParts,
} from "../../../testing/simulation/data/simulated-store.ts";
import { writeHistoryOf } from "../../../testing/simulation/data/write-history.ts";
import { firstBroken, sumOf } from "../../../testing/simulation/seeds.ts";
import type { WorldKind } from "../../../testing/simulation/simulated-weather.ts";
import { playsAll, shareOf } from "../../../testing/histories.ts";

describe("after a write or a purge, no isolate returns an outdated value for longer than allowed", () => {
  it.each(["ordinary", "failing", "crossing", "trimming"] as const)(
    "in random histories: %s",
    async (kind) => {
      const play = (seed: number) => writeHistoryOf(seed, { kind });
      const { broken, usableCount } = await sumOf({ count: shareOf(20) }, play);
      expect(broken).toEqual([]);
      expect(usableCount).toBeGreaterThan(playsAll ? 10 : 0);
    },
  );
});

const settingHalf = { setShare: 0.5 } as const;

describe("a value that is set everywhere replaces older ones, in its isolate at once, elsewhere within N", () => {
  it.each(["ordinary", "failing", "crossing"] as const)("in random histories: %s", async (kind) => {
    const play = (seed: number) => writeHistoryOf(seed, { kind, ...settingHalf });
    expect((await sumOf({ count: shareOf(20) }, play)).broken).toEqual([]);
  });
});

type AcceptAfter = Acceptances["acceptAfter"];

/** Changes how the purge of a write is accepted. */
const accepting = (
  change: (real: AcceptAfter, store: SimulatedStore) => AcceptAfter,
): Partial<StoreParts> => ({
  ports: (ports, store) => withAcceptance(ports, (real) => change(real, store)),
});

function withAcceptance(
  ports: NamespacePorts,
  change: (real: AcceptAfter) => AcceptAfter,
): NamespacePorts {
  const { acceptances } = ports.purging ?? {};
  if (acceptances === undefined) return ports;
  const acceptAfter = change((...given) => acceptances.acceptAfter(...given));
  return {
    ...ports,
    purging: { acceptances: Object.assign(Object.create(acceptances), { acceptAfter }) },
  };
}

const acceptedAt = (placed: Entry, since?: readonly Entry[]): AcceptedWrite => {
  const { position, n } = placed;
  return { kind: "accepted", position, n, visibleByAtMs: 0, placed, since };
};

/** Changes the reported entries between the stamp and the purge. */
const between = (change: (accepted: AcceptedWrite) => AcceptedWrite["since"]) =>
  accepting((real) => async (...given) => {
    const accepted = await real(...given);
    return accepted.kind === "accepted" ? { ...accepted, since: change(accepted) } : accepted;
  });

const without = (isOverlooked: (entry: Entry) => boolean) =>
  between(({ since }) => since?.filter((entry) => !isOverlooked(entry)));

const stampAfterPersisting = accepting(
  (real, { isolate }) =>
    (order, _, requester) =>
      real(order, isolate.view.tail.chain?.end ?? "none", requester),
);

const unpurgedWherePersistingFails: Partial<StoreParts> = {
  ports: (ports) => {
    let hasFailed = false;
    const { counts } = ports;
    const count = counts.counted.bind(counts);
    counts.counted = (name, what, times) => {
      if (what === "failedPersists") hasFailed = true;
      count(name, what, times);
    };
    const changed = withAcceptance(ports, (real) => async (order, ...given) => {
      if (!hasFailed) return real(order, ...given);
      hasFailed = false;
      return acceptedAt({ ...order, n: "", lost: "", position: "0-0" });
    });
    return changed;
  },
};

/** Reads the entries in an earlier round trip, so that it may miss an entry before the purge. */
const readBeforehand = accepting((real, { isolate }) => async (order, since, requester) => {
  await isolate.view.tail.catchUp();
  const { entries = [] } = isolate.view.tail.chain ?? {};
  const at = typeof since === "string" ? -1 : entries.findIndex(({ n }) => n === since.n);
  const known = at < 0 ? undefined : entries.slice(at + 1);
  const accepted = await real(order, since, requester);
  return accepted.kind === "accepted" ? { ...accepted, since: known } : accepted;
});

/** Ignores purges of other writes of the same isolate. */
const ownOfTheIsolate = accepting((real) => {
  const own = new Set<string>();
  return async (order, ...given) => {
    own.add(order.id);
    const accepted = await real(order, ...given);
    if (accepted.kind !== "accepted") return accepted;
    return { ...accepted, since: accepted.since?.filter(({ id }) => !own.has(id)) };
  };
});

const usedWhileUnpurged: Partial<StoreParts> = {
  ports: (ports, { isolate }) => ({ ...ports, view: isolate.view, holdOn: () => undefined }),
};

const sharedWhateverCame: Partial<StoreParts> = {
  ports: (ports) => ({
    ...ports,
    viewOfPurges: { ...ports.viewOfPurges, judge: () => ({ kind: "usable" }) },
  }),
};

const placedAtEnd = (isPurged: boolean) =>
  accepting((real, { isolate }) => async (order, since, requester) => {
    const accepted = isPurged ? await real(order, since, requester) : undefined;
    if (accepted?.kind === "accepted") return accepted;
    const end = isolate.view.tail.chain?.end ?? { position: "0-0", n: "" };
    return acceptedAt({ ...order, lost: "", ...end });
  });

/** Accepts a purge of `set` or of a forced load without an entry. */
const unsent = (isUnsent: (order: SignedOrder, since: Stamp | "end") => boolean) =>
  accepting((real) => async (order, since, requester) => {
    if (!isUnsent(order, since)) return real(order, since, requester);
    return acceptedAt({ ...order, n: "", lost: "", position: "0-0" }, []);
  });

/** Changes which records of a key Redis keeps. */
const keeping = (
  change: (unlessNewer: NewerRecords) => NewerRecords | undefined,
  otherwise: Partial<TierKeep> = {},
): Partial<StoreParts> => ({
  ports: (ports) => {
    const shared = ports.tiers.below.at(-1);
    const [write, writeMany] = [shared?.write.bind(shared), shared?.writeMany?.bind(shared)];
    if (shared === undefined || write === undefined || writeMany === undefined) return ports;
    const changed = (keep: TierKeep) => ({
      ...keep,
      ...otherwise,
      unlessNewer: keep.unlessNewer && change(keep.unlessNewer),
    });
    shared.write = (key, record, keep) => write(key, record, changed(keep));
    shared.writeMany = (records) =>
      writeMany(records.map(([key, record, keep]) => [key, record, changed(keep)] as const));
    return ports;
  },
});

const stampOfView: Partial<StoreParts> = {
  ports: (ports) => ({
    ...ports,
    view: { ...ports.view, stamp: (requester) => ports.view.stamp(requester) },
  }),
};

const rows: readonly {
  readonly fault: string;
  readonly parts: Partial<StoreParts>;
  readonly setShare?: number;
  readonly kind?: WorldKind;
  /** The first seed, which shows the fault. Default: 0. */
  readonly from?: number;
  /** The maximum number of histories until the fault shows. */
  readonly within: number;
}[] = [
  {
    fault: "the stamp is taken after the write to the database",
    parts: stampAfterPersisting,
    from: 106,
    within: 300,
  },
  {
    fault: "no purge follows a failed write",
    parts: unpurgedWherePersistingFails,
    from: 436,
    within: 300,
  },
  {
    fault: "the value is stored after another purge",
    parts: between(() => []),
    from: 5,
    within: 300,
  },
  {
    fault: "unknown entries count as none",
    parts: between(({ since }) => since ?? []),
    kind: "failing",
    from: 560,
    within: 300,
  },
  {
    fault: "the entries are read in another round trip",
    parts: readBeforehand,
    from: 24,
    within: 300,
  },
  {
    fault: "other writes of the isolate are ignored",
    parts: ownOfTheIsolate,
    from: 105,
    within: 600,
  },
  {
    fault: "purges by tag are ignored",
    parts: without(({ targets }) => targets.tags.includes("tag:red")),
    kind: "turned-back",
    from: 925,
    within: 300,
  },
  { fault: "a key is used before it is purged", parts: usedWhileUnpurged, from: 504, within: 300 },
  {
    fault: "a value is set without its purge",
    parts: placedAtEnd(false),
    ...settingHalf,
    within: 60,
  },
  {
    fault: "a value is set although its purge is refused",
    parts: placedAtEnd(true),
    kind: "failing",
    ...settingHalf,
    from: 23,
    within: 300,
  },
  {
    fault: "a forced load purges nothing",
    parts: unsent(({ reason }) => reason === "forced load"),
    ...settingHalf,
    from: 1,
    within: 300,
  },
  {
    fault: "a value that Redis does not store purges no older one",
    parts: unsent(({ reason }, since) => reason === "set" && since === "none"),
    kind: "failing",
    setShare: 0.9,
    from: 516,
    within: 300,
  },
  {
    fault: "a set in Redis alone takes the stamp of the view",
    parts: stampOfView,
    ...settingHalf,
    from: 81,
    within: 300,
  },
  {
    fault: "a set in Redis alone does not check that its stamp is the journal's last entry",
    parts: keeping((newer) => newer, { isAtEnd: undefined }),
    ...settingHalf,
    from: 14,
    within: 300,
  },
  {
    fault: "a value in Redis is replaced by any other",
    parts: keeping(() => undefined),
    ...settingHalf,
    from: 68,
    within: 300,
  },
  {
    fault: "a load replaces a value with an equal stamp",
    parts: keeping((newer) => ({ ...newer, kind: "set" })),
    setShare: 0.97,
    from: 181,
    within: 300,
  },
  {
    fault: "the load of a held key is shared despite a later purge",
    parts: sharedWhateverCame,
    from: 6_572,
    within: 300,
  },
];

describe("histories of writes find a fault", () => {
  it.each(rows)("$fault, within $within histories", async (row) => {
    const { parts: storeParts, kind = "ordinary", from, within, setShare } = row;
    const options = { kind, ...(setShare !== undefined && { setShare }) };
    const play = (seed: number) => writeHistoryOf(seed, { ...options, storeParts });
    const sound = (seed: number) => writeHistoryOf(seed, options);
    expect(await firstBroken({ from, count: within }, play, sound)).toBeDefined();
  });
});
