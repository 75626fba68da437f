// Faults in the handling of fields (rule 26), for field-history.test.ts.
import type { Stamp } from "../../../src/cache/record/record.ts";
import type { HashStore } from "../../../src/data/fields/hash-store.ts";
import { headIn, headText } from "../../../src/data/fields/hash-fields.ts";
import type { NamespacePorts } from "../../../src/data/namespace.ts";
import { structuredJson } from "../../../src/base/codec.ts";
import type { DataMetadata } from "../../../src/data/value/data-record.ts";
import type {
  SimulatedStore,
  StoreParts,
} from "../../../testing/simulation/data/simulated-store.ts";
import type { WorldKind } from "../../../testing/simulation/simulated-weather.ts";

interface PlantedFault {
  readonly fault: string;
  readonly parts: Partial<StoreParts>;
  readonly kind?: WorldKind;
  /** The first seed, which shows the fault. Default: 0. */
  readonly from?: number;
  /** The maximum number of histories until the fault shows. */
  readonly within: number;
}

type Hashes = Pick<HashStore, "read" | "set" | "raise">;
type Change = Parameters<HashStore["set"]>[1];

/** Changes calls of the store of hashes. */
function asking(
  change: (real: Hashes, store: SimulatedStore, ports: NamespacePorts) => Partial<Hashes>,
): Partial<StoreParts> {
  return {
    ports: (ports, store) => {
      const { hashes } = ports;
      if (hashes === undefined) return ports;
      const real: Hashes = {
        read: (...given) => hashes.read(...given),
        set: (...given) => hashes.set(...given),
        raise: (...given) => hashes.raise(...given),
      };
      const changed: Hashes = { ...real, ...change(real, store, ports) };
      return { ...ports, hashes: changed as HashStore };
    },
  };
}

/** Changes the arguments of each set. */
const setting = (
  change: (given: Change, store: SimulatedStore, ports: NamespacePorts) => Change,
): Partial<StoreParts> =>
  asking((real, store, ports) => ({
    set: (key, given) => real.set(key, change(given, store, ports)),
  }));

function changedHead(head: string, changes: Partial<DataMetadata>): string {
  const metadata = headIn(head);
  const [id = ""] = head.split(" ");
  return metadata === undefined ? head : headText({ ...metadata, ...changes }, id);
}

const endOf = ({ isolate }: SimulatedStore): Stamp => isolate.view.tail.chain?.end ?? "none";

/** The stamp is the view's last entry at each use, not from before the read of the source. */
const stampFromAfter: Partial<StoreParts> = {
  ports: (ports, store) => {
    const end = () => placeIn(endOf(store));
    const stamp: Stamp = {
      get position() {
        return end().position;
      },
      get n() {
        return end().n;
      },
    };
    return { ...ports, view: { ...ports.view, stamp: async () => stamp } };
  },
};

const placeIn = (stamp: Stamp) => (stamp === "none" ? { position: "", n: "" } : stamp);

const headNotCompared = asking((real) => ({
  set: async (key, given) => {
    const answer = await real.set(key, given);
    if (answer === undefined || answer.isSet) return answer;
    return real.set(key, { ...given, judged: answer.head });
  },
}));

const keptWhatWasPurged = setting((given) =>
  given.judged === "" ? given : { ...given, keepMs: undefined },
);

const judgedApart = asking((real) => ({
  read: async (key, names) => {
    const head = (await real.read(key, []))?.head;
    const held = await real.read(key, names);
    return held === undefined || head === undefined ? undefined : { ...held, head };
  },
}));

const judgedByTheLastHead = asking((real) => {
  let last = "";
  return {
    read: async (key, names) => {
      const held = await real.read(key, names);
      if (held === undefined) return undefined;
      if (last === "") last = held.head;
      return { ...held, head: last };
    },
    set: async (key, given) => {
      const answer = await real.set(key, given);
      last = answer?.head ?? last;
      return answer;
    },
  };
});

const raisedWhateverLies = asking((real) => ({
  raise: async (key, given) => {
    const answer = await real.raise(key, given);
    if (answer?.kind !== "changed") return answer;
    return real.raise(key, { ...given, judged: answer.head });
  },
}));

const raisedAgain = asking((real) => ({
  raise: async (key, given) => (await real.raise(key, given)) ?? real.raise(key, given),
}));

const revived = asking((real, store) => ({
  raise: async (key, given) => {
    const answer = await real.raise(key, given);
    const head = changedHead(given.judged, { stamp: endOf(store) });
    const texts = new Map<string, string>();
    if (answer?.kind === "raised")
      await real.set(key, { ...given, head, keepMs: undefined, texts });
    return answer;
  },
}));

/** If there is no hash, an increment creates it. Only an increment reads no field but the head. */
const madeByAnIncrement = asking((real, store, { colo }) => ({
  read: async (key, names) => {
    const held = await real.read(key, names);
    if (held?.head !== "" || names?.length !== 0) return held;
    const atMs = store.isolate.nowAtMs();
    const where = { stamp: endOf(store), colo: colo(), requestedAtMs: atMs, respondedAtMs: atMs };
    const head = headText({ ...unsaid, ...where }, "made");
    const texts = new Map([["views", "0"]]);
    await real.set(key, { judged: "", head, keepMs: unsaid.freshMs, texts });
    return { ...held, head };
  },
}));

const unsaid = {
  url: "tidemark-data:/parted/a",
  route: "",
  tags: ["red"],
  fillCostMs: 0,
  bodyBytes: null,
  bodyDigest: null,
  schema: 0,
  codec: structuredJson.name,
  isNegative: false,
  freshMs: 3_600_000,
  staleMs: 0,
};

export const plantedInFields: readonly PlantedFault[] = [
  {
    fault: "the stamp is taken after the source is read",
    parts: stampFromAfter,
    from: 19,
    within: 300,
  },
  {
    fault: "the head is not compared",
    parts: headNotCompared,
    kind: "turned-back",
    from: 1_171,
    within: 300,
  },
  { fault: "purged fields stay beside new ones", parts: keptWhatWasPurged, from: 7, within: 300 },
  { fault: "the head is read in another round trip", parts: judgedApart, from: 416, within: 300 },
  {
    fault: "fields are judged by an earlier head",
    parts: judgedByTheLastHead,
    from: 74,
    within: 300,
  },
  {
    fault: "an increment ignores the head",
    parts: raisedWhateverLies,
    from: 2_376,
    within: 300,
  },
  {
    fault: "an unanswered increment is sent again",
    parts: raisedAgain,
    from: 599,
    within: 300,
  },
  { fault: "an increment revives purged fields", parts: revived, from: 1_059, within: 300 },
  {
    fault: "an increment creates a hash",
    parts: madeByAnIncrement,
    within: 300,
  },
];
