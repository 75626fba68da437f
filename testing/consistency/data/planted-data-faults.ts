// Data caches with one planted fault each, which a run must find. A fault replaces a part of the
// cache, its clock or its interface. All Workers and the process have the same fault.
import type {
  DataCache,
  DataPlatform,
  Key,
  Namespace,
  NamespaceOptions,
} from "../../../src/data-cache.ts";
import { raiseScript, setScript } from "../../../src/data/fields/hash-store.ts";
import { JournalView, type JournalViewSettings } from "../../../src/purge/view/journal-view.ts";
import type { JournalInCode } from "../../../src/purge/create-purging.ts";
import {
  type PurgeSubject,
  type JudgementAsk,
  type PurgeJudgement,
  usable,
} from "../../../src/purge/view/view-port.ts";
import {
  framed,
  type RecordCalls,
  unframed,
} from "../../../src/stores/durable-object/framed-call.ts";
import type { ObjectNamespace } from "../../../src/stores/durable-object/object-namespace.ts";
import { changedInCode, changedJournal, type JournalChange } from "../changed-journal.ts";
import { careless, plantedFaults } from "../planted-faults.ts";
import { withScripts } from "./changed-scripts.ts";

/** A fault: replaced factories of a cache or its journal, a clock, and a wrapper for the interface. */
interface Planted extends Pick<DataPlatform, "factories"> {
  readonly journal?: JournalChange;
  /** Replaces the Durable Objects of the records. */
  readonly records?: (objects: ObjectNamespace) => ObjectNamespace;
  /** Returns the time in a colo or the process, by its name. */
  readonly nowAtMs?: (place: string) => number;
  readonly given?: (cache: DataCache) => DataCache;
}

class OneKeyView extends JournalView {
  override judge(record: PurgeSubject, ask: JudgementAsk): PurgeJudgement {
    return record.url.includes("steady/a/1") ? usable : super.judge(record, ask);
  }
}

/**
 * Returns a view that hides from each write the entries between the write's stamp and purge. The
 * view itself learns these entries.
 */
function seenAlone(settings: JournalViewSettings): JournalView {
  const view = new JournalView(settings);
  const real = view.tail.appendAndRead.bind(view.tail);
  view.tail.appendAndRead = async (place, entry) => {
    const appended = await real(place, entry);
    const isKnown = appended.kind === "appended" && appended.since !== undefined;
    return isKnown ? { ...appended, since: [] } : appended;
  };
  return view;
}

/** A journal that throws if it refuses a purge, so that the isolate does not hold the key. */
const throwing: JournalChange = (real) => ({
  async appendAndRead(place, entry) {
    const appended = await real.appendAndRead(place, entry);
    if (appended.kind === "unavailable") throw new Error("The purge was refused.");
    return appended;
  },
});

/** A journal whose epochs are never read. */
const withoutEpochs: JournalChange = () => ({
  epochs: () => Promise.resolve({ kind: "unavailable" }),
});

const keptBesideNew = withScripts((real) => (script, keys, args) => {
  const [judged = "", head = "", , ...fields] = args;
  const isOverOthers = script === setScript && judged !== "";
  // Without an expiry, the script keeps the existing fields.
  return real(script, keys, isOverOthers ? [judged, head, "", ...fields] : args);
});

const twiceRaised = withScripts((real) => async (script, keys, args) => {
  const reply = await real(script, keys, args);
  return script === raiseScript ? real(script, keys, args) : reply;
});

/** Returns objects that replace a stored record even if it is newer. */
function withoutComparison(objects: ObjectNamespace): ObjectNamespace {
  return {
    idFromName: (name) => objects.idFromName(name),
    get: (id, options) => ({
      async fetch(url, init) {
        const object = objects.get(id, options);
        if (!url.endsWith("/writeMany") || typeof init.body === "string") {
          return object.fetch(url, init);
        }
        const { message, body } = unframed(init.body);
        const { records } = message as RecordCalls["writeMany"][0];
        const blind = records.map(({ key, keepMs, head, bodyBytes }) => ({
          key,
          keepMs,
          head,
          bodyBytes,
        }));
        return object.fetch(url, { ...init, body: await framed({ records: blind }, body) });
      },
    }),
  };
}

/** Returns a cache whose `getOrSet` ignores its options, such as `forceFresh`. */
function withoutForce(cache: DataCache): DataCache {
  const namespace = <T, K extends Key>(name: string, options: NamespaceOptions<T, K>) => {
    const made = cache.namespace(name, options) as Namespace<T, K, never>;
    const real = made.getOrSet.bind(made);
    made.getOrSet = (key, load) => real(key, load);
    return made;
  };
  return { ...cache, namespace };
}

let begunAtMs: number | undefined;

/**
 * Returns the time of a clock that is correct at the first call, and then runs at a tenth of the
 * speed. The clock starts late, because a Worker has no clock before its first request.
 */
function tenthOfTheTime(): number {
  begunAtMs ??= Date.now();
  return begunAtMs + (Date.now() - begunAtMs) / 10;
}

export const plantedDataFaults = {
  /** Rule 1 broken: a value that was purged during its load counts as newer than the purge. */
  "stamp-after-load": { factories: plantedFaults["stamp-after-fetch"] },
  /** The view calls the value of one key usable, whatever was purged. */
  "one-key-not-judged": { factories: { view: (settings) => new OneKeyView(settings) } },
  /** Rule 25 broken: a written value is stored, even if the key was written or purged meanwhile. */
  "write-stored-over-others": { factories: { view: seenAlone } },
  /** Rule 25 broken: an isolate still uses the older value after the journal refused its purge. */
  "unpurged-write-shown": { journal: throwing },
  /** Rule 28 broken: a load that began before a `set` replaces the set value. Only over objects. */
  "newer-replaced": { records: withoutComparison },
  /** Rule 26 broken: if the whole hash must be replaced, its fields stay beside the new ones. */
  "fields-outlive-purges": { factories: { redis: keptBesideNew } },
  /** Each increment counts twice. */
  "raised-twice": { factories: { redis: twiceRaised } },
  /** A forced call returns a stored value, or the result of an earlier load. */
  "forced-joins-others": { given: withoutForce },
  /** Rule 7 broken: values that no known purge covers are used, however old the view is. */
  "bound-ignored": { factories: plantedFaults["bound-ignored"] },
  /** One colo's clock runs at a tenth of the speed, so the colo underestimates its view's age. */
  "clock-slow": {
    nowAtMs: (place) => (place === "colo-1" ? tenthOfTheTime() : Date.now()),
  },
  /** Rule 27 broken: purges of other keys end the lifetimes of values from before the view. */
  "lifetimes-cut": { journal: withoutEpochs },
  /** Rule 21 broken: a purge is accepted even if the journal has not confirmed the append. */
  "accepts-unwritten": { journal: careless },
} as const satisfies Record<string, Planted>;

export type PlantedDataFault = keyof typeof plantedDataFaults;

const plantedOf = (fault: PlantedDataFault | undefined): Planted =>
  fault === undefined ? {} : plantedDataFaults[fault];

/** The replacements of a fault, in one colo or the process. */
interface PlantedHere {
  readonly factories: DataPlatform["factories"];
  /** The same with the journal in Redis. */
  readonly factoriesOverRedis: DataPlatform["factories"];
  readonly clock: Pick<DataPlatform, "nowAtMs">;
  /** Replaces a journal in code. */
  readonly over: (journal: JournalInCode) => JournalInCode;
  readonly records: (objects: ObjectNamespace) => ObjectNamespace;
}

/** Creates a cache, with or without a fault. `place` names the colo or the process. */
export function planted(
  fault: PlantedDataFault | undefined,
  place: string,
  create: (here: PlantedHere) => DataCache,
): DataCache {
  const { factories, journal: change, nowAtMs, ...replaced } = plantedOf(fault);
  const { records = (objects) => objects, given = (cache) => cache } = replaced;
  const cache = create({
    factories,
    factoriesOverRedis: { ...factories, ...(change && { journal: changedJournal(change) }) },
    clock: nowAtMs === undefined ? {} : { nowAtMs: () => nowAtMs(place) },
    over: (journal) => (change === undefined ? journal : changedInCode(journal, change)),
    records,
  });
  return given(cache);
}

export const isPlantedInData = (name: string): name is PlantedDataFault =>
  name in plantedDataFaults;
