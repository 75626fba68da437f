// Caches with one fault each, which a run has to find. A fault is a part that breaks one rule, in the place of
// the real part. The same fault stands in Workers and in the process.
import type { DataCache, DataPlatform } from "../../../src/data-cache.ts";
import { raiseScript, setScript } from "../../../src/data/fields/hash-store.ts";
import { JournalView, type JournalViewSettings } from "../../../src/purge/view/journal-view.ts";
import {
  type PurgeSubject,
  type JudgementAsk,
  type PurgeJudgement,
  usable,
} from "../../../src/purge/view/view.ts";
import { changedJournal } from "../changed-journal.ts";
import { plantedFaults } from "../planted-faults.ts";
import { withScripts } from "./changed-scripts.ts";

/** A cache with a fault: what it is made with, and what an application is given of it. */
interface Planted extends Pick<DataPlatform, "parts"> {
  /** The clock of the place with that name. */
  readonly nowAtMs?: (place: string) => number;
  readonly given?: (cache: DataCache) => DataCache;
}

class OneKeyView extends JournalView {
  override judge(record: PurgeSubject, ask: JudgementAsk): PurgeJudgement {
    return record.url.includes("steady/a/1") ? usable : super.judge(record, ask);
  }
}

/** The write is told that nothing came between its stamp and its purge. The view itself learns what did. */
function seenAlone(settings: JournalViewSettings): JournalView {
  const view = new JournalView(settings);
  const { follower } = view;
  const real = follower.appendAndRead.bind(follower);
  follower.appendAndRead = async (place, entry) => {
    const appended = await real(place, entry);
    const isKnown = appended.kind === "appended" && appended.since !== undefined;
    return isKnown ? { ...appended, since: [] } : appended;
  };
  return view;
}

/** A write whose purge is refused breaks off, before the isolate has noted that. */
const throwingJournal = changedJournal((real) => ({
  async appendAndRead(place, entry) {
    const appended = await real.appendAndRead(place, entry);
    if (appended.kind === "unavailable") throw new Error("The purge was refused.");
    return appended;
  },
}));

const keptBesideNew = withScripts((real) => (script, keys, args) => {
  const [judged = "", head = "", , ...fields] = args;
  const isOverOthers = script === setScript && judged !== "";
  // Without a time to keep it, the script leaves what lies there.
  return real(script, keys, isOverOthers ? [judged, head, "", ...fields] : args);
});

const twiceRaised = withScripts((real) => async (script, keys, args) => {
  const reply = await real(script, keys, args);
  // A ticket is good for one.
  return script === raiseScript ? real(script, keys.slice(0, 1), args) : reply;
});

/** A forced call is like any other. */
function withoutForce(cache: DataCache): DataCache {
  const namespace: DataCache["namespace"] = (name, options) => {
    const made = cache.namespace(name, options);
    const real = made.getOrSet.bind(made);
    made.getOrSet = (key, load) => real(key, load);
    return made;
  };
  return { ...cache, namespace };
}

let begunAtMs: number | undefined;

/** Since its first use: a Worker has no clock before its first request. */
function tenthOfTheTime(): number {
  begunAtMs ??= Date.now();
  return begunAtMs + (Date.now() - begunAtMs) / 10;
}

export const plantedDataFaults = {
  /** Rule 1 broken: what was purged while it was loaded counts as newer than its purge. */
  "stamp-after-load": { parts: plantedFaults["stamp-after-fetch"] },
  /** One key is used whatever was purged. */
  "one-key-not-judged": { parts: { view: (settings) => new OneKeyView(settings) } },
  /** Rule 25 broken: what was written is stored, whoever wrote or purged the key meanwhile. */
  "write-stored-over-others": { parts: { view: seenAlone } },
  /** Rule 25 broken: an isolate whose purge was refused goes on using the older value. */
  "unpurged-write-shown": { parts: { journal: throwingJournal } },
  /** Rule 26 broken: fields that a purge covers stay beside the new ones. */
  "fields-outlive-purges": { parts: { redis: keptBesideNew } },
  "raised-twice": { parts: { redis: twiceRaised } },
  /** A forced load takes what a load before it has brought, or brings. */
  "forced-joins-others": { given: withoutForce },
  "bound-ignored": { parts: plantedFaults["bound-ignored"] },
  /** The clock of one colo goes at a tenth of the time: its view seems younger than it is. */
  "clock-slow": {
    nowAtMs: (place) => (place === "colo-1" ? tenthOfTheTime() : Date.now()),
  },
  /** Rule 21 broken: a purge is accepted whether or not the journal has answered. */
  "accepts-unwritten": { parts: plantedFaults["accepts-unwritten"] },
} as const satisfies Record<string, Planted>;

export type PlantedDataFault = keyof typeof plantedDataFaults;

/** A cache, made with a fault or without. `place` names the colo or the process. */
export function planted(
  fault: PlantedDataFault | undefined,
  place: string,
  create: (platform: Pick<DataPlatform, "parts" | "nowAtMs">) => DataCache,
): DataCache {
  const { parts, nowAtMs, given }: Planted = fault === undefined ? {} : plantedDataFaults[fault];
  const cache = create({
    ...(parts && { parts }),
    ...(nowAtMs && { nowAtMs: () => nowAtMs(place) }),
  });
  return given === undefined ? cache : given(cache);
}

export const isPlantedInData = (name: string): name is PlantedDataFault =>
  name in plantedDataFaults;
