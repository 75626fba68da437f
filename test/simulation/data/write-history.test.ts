// Writing through over random histories (rule 25 of docs/purge-protocol.md), and each step of it left out
// on purpose, which has to show. A failure names its seed; `npm run bench -- simulation --data --replay`
// tells that history event by event.
import { describe, expect, it } from "vitest";
import type { NamespacePorts } from "../../../src/data/namespace.ts";
import type { AcceptedWrite, Acceptances } from "../../../src/purge/acceptance/acceptance.ts";
import type { Entry } from "../../../src/purge/journal/entry.ts";
import type {
  SimulatedStore,
  StoreParts,
} from "../../../testing/simulation/data/simulated-store.ts";
import { writeHistoryOf } from "../../../testing/simulation/data/write-history.ts";
import type { WorldKind } from "../../../testing/simulation/simulated-weather.ts";
import { playsAll, shareOf } from "../../../testing/histories.ts";

describe("once all is quiet, no tier gives what the database no longer holds", () => {
  it.each(["ordinary", "failing", "crossing", "trimming"] as const)(
    "over random histories: %s",
    { timeout: 60_000 },
    async (kind) => {
      const broken: string[] = [];
      let usable = 0;
      for (let seed = 0; seed < shareOf(20); seed += 1) {
        const { violations, usableCount } = await writeHistoryOf(seed, { kind });
        if (violations[0] !== undefined) broken.push(`seed ${seed}: ${violations[0]}`);
        usable += usableCount;
      }
      expect(broken).toEqual([]);
      expect(usable).toBeGreaterThan(playsAll ? 10 : 0);
    },
  );
});

const settingHalf = { setShare: 0.5 } as const;

describe("a value that is set everywhere replaces older ones, here at once and elsewhere within N", () => {
  it.each(["ordinary", "failing", "crossing"] as const)(
    "over random histories: %s",
    { timeout: 120_000 },
    async (kind) => {
      const broken: string[] = [];
      for (let seed = 0; seed < shareOf(20); seed += 1) {
        const { violations } = await writeHistoryOf(seed, { kind, ...settingHalf });
        if (violations[0] !== undefined) broken.push(`seed ${seed}: ${violations[0]}`);
      }
      expect(broken).toEqual([]);
    },
  );
});

type AcceptAfter = Acceptances["acceptAfter"];

/** Another way to have the purge of a write accepted. */
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

/** What stands between stamp and purge is told otherwise. */
const between = (change: (accepted: AcceptedWrite) => AcceptedWrite["since"]) =>
  accepting((real) => async (...given) => {
    const accepted = await real(...given);
    return accepted.kind === "accepted" ? { ...accepted, since: change(accepted) } : accepted;
  });

const without = (isOverlooked: (entry: Entry) => boolean) =>
  between(({ since }) => since?.filter((entry) => !isOverlooked(entry)));

const stampAfterPersisting = accepting(
  (real, { isolate }) =>
    (order, _, attention) =>
      real(order, isolate.view.chain?.end ?? "none", attention),
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
      const placed = { ...order, n: "", lost: "", position: "0-0" };
      return { kind: "accepted", placed, since: undefined };
    });
    return changed;
  },
};

/** Two round trips: somebody's entry may come between them. */
const readBeforehand = accepting((real, { isolate }) => async (order, since, attention) => {
  await isolate.view.catchUp();
  const { entries = [] } = isolate.view.chain ?? {};
  const at = since === "none" ? -1 : entries.findIndex(({ n }) => n === since.n);
  const known = at < 0 ? undefined : entries.slice(at + 1);
  const accepted = await real(order, since, attention);
  return accepted.kind === "accepted" ? { ...accepted, since: known } : accepted;
});

/** What joined purges of one isolate would be taken for. */
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

const placedAtEnd = (isTold: boolean) =>
  accepting((real, { isolate }) => async (order, since, attention) => {
    const accepted = isTold ? await real(order, since, attention) : undefined;
    if (accepted?.kind === "accepted") return accepted;
    const end = isolate.view.chain?.end ?? { position: "0-0", n: "" };
    return { kind: "accepted", placed: { ...order, lost: "", ...end }, since: undefined };
  });

const rows: readonly {
  readonly fault: string;
  readonly parts: Partial<StoreParts>;
  readonly setShare?: number;
  readonly kind?: WorldKind;
  /** The seed of the first history, just before some that show it; 0 unless set. */
  readonly from?: number;
  readonly within: number;
}[] = [
  { fault: "the stamp from after persisting", parts: stampAfterPersisting, from: 100, within: 300 },
  {
    fault: "no purge where persisting fails",
    parts: unpurgedWherePersistingFails,
    from: 418,
    within: 300,
  },
  { fault: "stored whatever came between", parts: between(() => []), within: 300 },
  {
    fault: "what nobody can tell is nothing",
    parts: between(({ since }) => since ?? []),
    kind: "failing",
    from: 356,
    within: 300,
  },
  { fault: "read in a trip of its own", parts: readBeforehand, within: 300 },
  // Of the first 400 histories none shows it.
  {
    fault: "another write of the isolate is its own",
    parts: ownOfTheIsolate,
    from: 900,
    within: 300,
  },
  {
    fault: "tags are overlooked",
    parts: without(({ targets }) => targets.tags.includes("tag:red")),
    kind: "turned-back",
    within: 300,
  },
  { fault: "used while it is not purged", parts: usedWhileUnpurged, from: 478, within: 300 },
  { fault: "set without its purge", parts: placedAtEnd(false), ...settingHalf, within: 60 },
  {
    fault: "set although its purge is refused",
    parts: placedAtEnd(true),
    kind: "failing",
    ...settingHalf,
    within: 300,
  },
  {
    fault: "a held key's load is shared whatever came",
    parts: sharedWhateverCame,
    from: 300,
    within: 300,
  },
];

describe("a step that is left out shows", () => {
  it.each(rows)("$fault, within $within histories", { timeout: 120_000 }, async (row) => {
    const { parts: storeParts, kind = "ordinary", from = 0, within, setShare } = row;
    const options = { storeParts, kind, ...(setShare !== undefined && { setShare }) };
    let nth = 0;
    const isFound = async () => (await writeHistoryOf(from + nth, options)).violations.length > 0;
    while (nth < within && !(await isFound())) nth += 1;
    expect(nth).toBeLessThan(within);
  });
});
