// Sends adds, reads and flushes of counters to colos and a process during faults. Then flushes all
// slices, and compares the database with the recorded outcomes.
import { setTimeout as delay } from "node:timers/promises";
import { type Running, together } from "../../../local/running.ts";
import { DataRecorder } from "../../consistency/data/recorder.ts";
import { breakAndHeal } from "../../consistency/nemesis.ts";
import { Draws } from "../../draws.ts";
import type { Judged, Violation } from "./adds-book.ts";
import { Asking } from "./asking.ts";
import { type SetName, setNames } from "./calls.ts";
import type { BatchShares } from "./failing-d1.ts";
import type { LivesJudged } from "./lives-book.ts";
import type { PlantedBehindFault } from "./planted-behind-faults.ts";
import { proofFaults } from "./proof-faults.ts";
import { type Place, type ProofSite, startProofSite } from "./proof-site.ts";

export interface ProofSettings {
  readonly seed: number;
  /** The minimum number of adds, half of them durable. A violation ends the run earlier. */
  readonly addCount: number;
  /** The time over which the adds are distributed. Slow calls extend it. */
  readonly activeMs: number;
  readonly coloCount: number;
  readonly keyCount: number;
  /** The maximum number of adds in one HTTP call. */
  readonly addsPerCall: number;
  readonly faults: readonly string[];
  /** The longest pause before a fault. Each member of `proofFaults` has its own pauses. */
  readonly restMsMax: number;
  readonly batches: BatchShares;
  readonly fault?: PlantedBehindFault;
}

export interface ProofResult {
  readonly settings: ProofSettings;
  readonly violations: readonly Violation[];
  readonly judged: Readonly<Record<SetName, Judged>> | undefined;
  readonly lives: LivesJudged | undefined;
  readonly viewsCounted: number;
  readonly asking: Asking;
  readonly site: Pick<ProofSite, "redis" | "d1">;
  readonly faults: readonly { readonly fault: string }[];
  readonly midst: { readonly committed: number; readonly "not committed": number };
  /** The number of Redis commands from colos, without those from the process. */
  readonly colosCommandCount: number;
  readonly addingMs: number;
  readonly flushingMs: number;
}

/** The number of concurrent add calls to each colo and to the process. Durable adds take longer. */
const lanes: Readonly<Record<SetName, number>> = { sales: 3, views: 1 };
/** The limit for the last flushes. A slice rests for 30 s, and D1 may hold a batch up to 36 s. */
const lastFlushesMsMax = 240_000;
/** The maximum tries of a read after the last flush. On a busy machine, Redis may time out. */
const lastReadTries = 40;

export const runProof = (settings: ProofSettings): Promise<ProofResult> =>
  together((running) => runWith(settings, running));

interface Acting {
  readonly settings: ProofSettings;
  readonly site: ProofSite;
  readonly asking: Asking;
  readonly draws: Draws;
  readonly isBroken: () => boolean;
}

async function runWith(settings: ProofSettings, running: Running): Promise<ProofResult> {
  const draws = new Draws(settings.seed);
  const recorder = new DataRecorder();
  const { coloCount, batches, fault, faults, restMsMax } = settings;
  const site = await running.add(
    startProofSite({ coloCount, recorder, batches, draws: draws.fork(), fault }),
  );
  const { d1 } = site;
  const asking = new Asking(settings.keyCount);
  const acting: Acting = {
    settings,
    site,
    asking,
    draws,
    isBroken: () => asking.violations.length > 0,
  };
  const midst = { committed: 0, "not committed": 0 };
  const { world } = recorder;
  const victim = { site, origin: d1, d1, asking, midst, recorder: world, draws, maxLagMs: 1_000 };
  const beganAtMs = performance.now();
  let isAdded = false;
  const isOver = () => isAdded || acting.isBroken();
  const adding = addAll(acting).then(() => (isAdded = true));
  await Promise.all([
    adding,
    ...site.places.map((place) => readOn(place, acting, isOver)),
    flushOn(acting, isOver),
    breakAndHeal(victim, { groups: proofFaults, faults, restMsMax, isOver }),
  ]);
  const addingMs = performance.now() - beganAtMs;
  const alive = acting.isBroken() ? undefined : await flushAll(acting);
  const end = alive === undefined ? undefined : await judged(acting, alive);
  return {
    settings,
    violations: [...asking.violations, ...(end?.violations ?? [])],
    judged: end?.judged,
    lives: end?.lives,
    viewsCounted: end?.viewsCounted ?? 0,
    asking,
    site,
    faults: recorder.world.faults,
    midst,
    colosCommandCount: site.rest.counts().commandCount,
    addingMs,
    flushingMs: performance.now() - beganAtMs - addingMs,
  };
}

async function addAll({ settings, site, asking, draws, isBroken }: Acting): Promise<void> {
  const { addCount, addsPerCall, activeMs } = settings;
  const laneAdds = (set: SetName) => addCount / setNames.length / site.places.length / lanes[set];
  const inLane = async (place: Place, set: SetName, own: Draws): Promise<void> => {
    const callCount = Math.ceil(laneAdds(set) / addsPerCall);
    const count = Math.ceil(laneAdds(set) / callCount);
    const beganAtMs = performance.now();
    for (let nth = 0; nth < callCount && !isBroken(); nth += 1) {
      const leftMs = beganAtMs + (nth * activeMs) / callCount - performance.now();
      if (leftMs > 0) await delay(leftMs);
      await asking.add(place, set, asking.addsOf(set, count, own));
    }
  };
  const all = site.places.flatMap((place) =>
    setNames.flatMap((set) =>
      Array.from({ length: lanes[set] }, () => inLane(place, set, draws.fork())),
    ),
  );
  await Promise.all(all);
}

const [readKeyCount, readPauseMsMax] = [100, 2_000];

async function readOn(place: Place, acting: Acting, isOver: () => boolean): Promise<void> {
  const draws = acting.draws.fork();
  const keys = Array.from({ length: acting.settings.keyCount }, (_, key) => key);
  while (!isOver()) {
    const some = draws.shuffled(keys).slice(0, readKeyCount);
    await acting.asking.read(place, draws.oneOf(setNames), some);
    await delay(draws.between(0, readPauseMsMax));
  }
}

/** Starts concurrent flushes at two places every 1 to 5 s. An application flushes less often. */
async function flushOn({ site, asking, draws }: Acting, isOver: () => boolean): Promise<void> {
  const own = draws.fork();
  while (!isOver()) {
    await delay(own.between(1_000, 5_000));
    for (const place of own.shuffled(site.places).slice(0, 2)) void asking.flush(place);
  }
  await asking.flushesEnded();
}

/**
 * Flushes at all places until they succeed, D1 has no batch in progress and Redis has no slice.
 *
 * @returns the isolates and the process that answered the last flush, so that they hold no adds;
 *   `undefined` with a violation after `lastFlushesMsMax`
 */
async function flushAll({ site, asking }: Acting): Promise<ReadonlySet<string> | undefined> {
  const untilMs = performance.now() + lastFlushesMsMax;
  while (performance.now() < untilMs) {
    const answers = await Promise.all(site.places.map((place) => asking.flush(place)));
    const alive = answers.flatMap((answer) => (answer === undefined ? [] : [answer.life]));
    const isDone = alive.length === site.places.length && site.d1.busyCount === 0;
    if (isDone && (await site.waiting()).length === 0) return new Set(alive);
    await delay(1_000);
  }
  const left = (await site.waiting()).join(", ");
  asking.violations.push({
    rule: "never-flushed",
    what: `Flushes failed; left in Redis: ${left}.`,
  });
  return undefined;
}

async function judged({ site, asking, settings }: Acting, alive: ReadonlySet<string>) {
  const violations: Violation[] = [];
  const judgedSet = async (set: SetName) => {
    const totals = await site.d1.totals(set, settings.keyCount);
    for (const place of site.places) {
      violations.push(...(await readsBeside(totals, { asking, place, set })));
    }
    return { totals, byKeys: asking.adds[set].judge(totals) };
  };
  const [sales, views] = [await judgedSet("sales"), await judgedSet("views")];
  const viewsCounted = [...views.totals.values()].reduce((sum, value) => sum + value, 0);
  const lives = asking.lives.judge(viewsCounted, alive);
  violations.push(...sales.byKeys.violations, ...views.byKeys.violations, ...lives.violations);
  return { violations, judged: { sales: sales.byKeys, views: views.byKeys }, lives, viewsCounted };
}

/** Compares the values that a place reads after the last flush with those of the database. */
async function readsBeside(
  totals: ReadonlyMap<number, number>,
  { asking, place, set }: { asking: Asking; place: Place; set: SetName },
): Promise<Violation[]> {
  const keys = [...totals.keys()];
  let values = await asking.read(place, set, keys);
  for (let tries = 1; values === undefined && tries < lastReadTries; tries += 1) {
    await delay(1_000);
    values = await asking.read(place, set, keys);
  }
  return keys.flatMap((key, at): Violation[] => {
    const [read, held] = [values?.[at], totals.get(key)];
    if (read === held) return [];
    const what = `${place.name} reads ${set}/${key} as ${read}, and the database has ${held}.`;
    return [{ rule: "database-differs", what }];
  });
}
