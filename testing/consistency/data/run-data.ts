// One run with data: colos, over Redis also a process, clients and a nemesis, then a quiet phase. The checker then
// examines the history.
import { setTimeout as delay } from "node:timers/promises";
import { type Running, together } from "../../../local/running.ts";
import { Draws } from "../../draws.ts";
import { breakAndHeal } from "../nemesis.ts";
import { lookNowAndThen } from "../run.ts";
import { Caller } from "./caller.ts";
import { Changing } from "./changing.ts";
import { checkData, type DataFindings } from "./checker/check-data.ts";
import type { DataWorld } from "./checker/excerpt.ts";
import type { DataHistory } from "./checker/operations.ts";
import { type DataFaultName, dataFaults, dataFaultsOverObjects } from "./data-faults.ts";
import { type DataNode, type DataSite, startDataSite } from "./data-site.ts";
import { JournalReader } from "./driven-journal.ts";
import { allowanceMsOf } from "../promise.ts";
import { type DataStore, keysOver, type UsedKey } from "./keys.ts";
import { checkLifetimes } from "./lifetimes.ts";
import type { PlantedDataFault } from "./planted-data-faults.ts";
import { Reading } from "./reading.ts";
import { DataRecorder } from "./recorder.ts";
import { Source } from "./source.ts";

export interface DataRunSettings {
  readonly store: DataStore;
  readonly seed: number;
  /** N. The source answers within 1.5 times N, and faults last for multiples of it. */
  readonly maxLagMs: number;
  /** How long clients write rows and the nemesis causes faults, at least. */
  readonly activeMs: number;
  /** Whether the run has enough operations to end. Default: always. */
  readonly isEnough?: (recorder: DataRecorder) => boolean;
  readonly coloCount: number;
  /** The number of clients, distributed over the places. Each reads and writes. */
  readonly clientCount: number;
  readonly thinkMsMax: number;
  /** The share of a client's operations that change the source. */
  readonly changeShare: number;
  readonly faults: readonly DataFaultName[];
  /** The longest pause between two faults of a group. */
  readonly restMsMax: number;
  readonly fault?: PlantedDataFault;
  /** The time after the last purge within which each place must find every key stored again. */
  readonly quietMs: number;
  /** Whether the run also checks, for half a minute, that purges of other keys end no lifetime. */
  readonly checksLifetimes: boolean;
  /** The interval of checks; the run ends at the first violation. 0 checks once, at the end. */
  readonly checkEveryMs: number;
}

export interface DataRunResult {
  readonly settings: DataRunSettings;
  readonly history: DataHistory;
  readonly world: DataWorld;
  readonly findings: DataFindings;
  /** The name of the store. */
  readonly store: string;
  readonly sourceRequestCount: number;
  readonly failures: ReadonlyMap<string, number>;
  readonly tookMs: number;
}

/** The share of slow answers of a healthy source. */
const slowShare = 0.06;
const pauseAfterFailureMs = 500;
/** Tries at intervals of 500 ms. A place whose database was unreachable retries within 30 s. */
const lastPurgeTries = 60;
/** The interval of reads in the quiet phase. The briefest lifetime is longer. */
const quietRoundMs = 500;
/** The interval of reads of a journal in an object, which drops its oldest entries. */
const journalReadEveryMs = 1_000;

export const runData = (settings: DataRunSettings): Promise<DataRunResult> =>
  together((running) => runWith(settings, running));

interface Acting {
  readonly settings: DataRunSettings;
  readonly draws: Draws;
  readonly recorder: DataRecorder;
  readonly source: Source;
  readonly site: DataSite;
  readonly keys: readonly UsedKey[];
  readonly reading: Reading;
  readonly changing: Changing;
  readonly isOver: () => boolean;
}

async function runWith(settings: DataRunSettings, running: Running): Promise<DataRunResult> {
  const draws = new Draws(settings.seed);
  const recorder = new DataRecorder();
  const { store, coloCount, fault, maxLagMs } = settings;
  const source = await running.add(Source.start(recorder, draws.fork(), 1.5 * maxLagMs));
  const site = await running.add(
    startDataSite({ store, originUrl: source.url, coloCount, recorder, fault, maxLagMs }),
  );
  const { places } = site;
  const keys = keysOver[store];
  const caller = new Caller({ recorder, source, keys });
  const beganAtMs = recorder.nowMs();
  const allowanceMs = allowanceMsOf(maxLagMs);
  const promised = { maxLagMs, allowanceMs, originMsMax: source.answerMsMax, keys };
  const history = () => recorder.history({ ...promised, places: places.map(({ name }) => name) });
  let findings: DataFindings | undefined;
  const isBroken = () => (findings?.violations.length ?? 0) > 0;
  const { activeMs, isEnough = () => true } = settings;
  const isOver = () =>
    (recorder.nowMs() - beganAtMs >= activeMs && isEnough(recorder)) || isBroken();
  const reading = new Reading({ caller, recorder, keys });
  const changing = new Changing({ caller, recorder, source, places, keys });
  const acting = { settings, draws, recorder, source, site, keys, reading, changing, isOver };
  const journal =
    site.kind === "objects"
      ? new JournalReader(site.journal, (entry) => recorder.read(entry))
      : undefined;
  const look = async () => {
    const soFar = history();
    await journal?.readOn();
    return (findings = checkData({ ...soFar, positions: recorder.seenPositions() }));
  };
  try {
    await Promise.all([
      act(acting),
      lookNowAndThen(settings.checkEveryMs, isOver, look),
      journal && lookNowAndThen(journalReadEveryMs, isOver, () => journal.readOn()),
    ]);
    if (!isBroken()) {
      await quieten(acting);
      await journal?.readOn();
      if (settings.checksLifetimes)
        await checkLifetimes({ site, caller, recorder, keys, maxLagMs });
      await look();
    }
  } finally {
    caller.stop();
  }
  return {
    settings,
    history: history(),
    world: recorder.traces(),
    findings: findings ?? (await look()),
    store: site.kind === "redis" ? site.redis.name : "Durable Objects",
    sourceRequestCount: source.requestCount,
    failures: recorder.failures,
    tookMs: recorder.nowMs() - beganAtMs,
  };
}

async function act(acting: Acting): Promise<void> {
  const { settings, draws, source, site } = acting;
  source.slowShare = slowShare;
  const clients = Array.from({ length: settings.clientCount }, (_, nth) => {
    const place = site.places[nth % site.places.length];
    return place && live(place, draws.fork(), acting);
  });
  await Promise.all([...clients, disturb(acting)]);
  source.slowShare = 0;
}

async function disturb({ settings, draws, recorder, source, site, isOver }: Acting): Promise<void> {
  const { faults, restMsMax, maxLagMs } = settings;
  const victim = { origin: source, recorder: recorder.world, maxLagMs, draws: draws.fork() };
  const how = { faults, restMsMax, isOver };
  if (site.kind === "objects") {
    return breakAndHeal({ ...victim, site }, { ...how, groups: dataFaultsOverObjects });
  }
  // The embedded Valkey keeps no files, so it cannot restart with its data.
  const needsServer: readonly DataFaultName[] = ["redis-restarted-whole"];
  const possible = faults.filter(
    (name) => site.redis.keepsSnapshots || !needsServer.includes(name),
  );
  return breakAndHeal({ ...victim, site }, { ...how, faults: possible, groups: dataFaults });
}

async function live(
  place: DataNode,
  draws: Draws,
  { settings, reading, changing, isOver }: Acting,
): Promise<void> {
  const { changeShare, thinkMsMax } = settings;
  while (!isOver()) {
    const isChange = draws.isLucky(changeShare);
    const isAnswered = isChange
      ? await changing.change(place, draws).then(() => true)
      : await reading.readSome(place, draws);
    await delay(isAnswered ? draws.between(0, thinkMsMax) : pauseAfterFailureMs);
  }
}

/**
 * Purges every key after its last write, and reads each key at each place until the place has
 * stored it.
 */
async function quieten({
  settings,
  draws,
  recorder,
  source,
  site,
  keys,
  reading,
  changing,
}: Acting): Promise<void> {
  const { maxLagMs } = settings;
  while (source.isBusy) await delay(maxLagMs / 10);
  const accepted = await Promise.all(
    keys.map((key) => changing.purgeWhole(key, lastPurgeTries, draws.fork())),
  );
  if (accepted.includes(false)) recorder.broken.push("a last purge was never accepted");
  await delay(maxLagMs + 1);
  const fromMs = recorder.nowMs();
  recorder.quietFromMs = fromMs;
  const inTurn = async (place: DataNode): Promise<void> => {
    let left = keys;
    while (left.length > 0 && recorder.nowMs() < fromMs + settings.quietMs) {
      const round = delay(quietRoundMs);
      const isFound = await Promise.all(left.map((key) => reading.readUntilFound(place, key)));
      left = left.filter((_, at) => isFound[at] === false);
      if (left.length > 0) await round;
    }
    for (const key of keys) await reading.readUntilFound(place, key);
  };
  await Promise.all(site.places.map(inTurn));
}
