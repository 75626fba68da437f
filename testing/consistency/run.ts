// One run: a site, readers, writers and a nemesis, then a quiet phase. The checker then examines
// the history.
import { setTimeout as delay } from "node:timers/promises";
import { type Running, together } from "../../local/running.ts";
import { check, type Findings } from "./checker/checker.ts";
import { Draws } from "../draws.ts";
import { breakAndHeal, type FaultName, faultsByGroup } from "./nemesis.ts";
import type { History, Mode } from "./checker/operations.ts";
import { pagesOf, type ServedPage } from "./pages.ts";
import type { PlantedFault } from "./planted-faults.ts";
import { allowanceMsOf } from "./promise.ts";
import { Readers } from "./readers.ts";
import { Recorder } from "./recorder.ts";
import { JournalReader, journalInObject } from "./data/driven-journal.ts";
import { type ColoUnderTest, type SiteUnderTest, startSite } from "./site-under-test.ts";
import { switchOn } from "./switcher.ts";
import { startVersionedOrigin, type VersionedOrigin } from "./versioned-origin.ts";
import { modesTaken, Writers } from "./writers.ts";

export interface RunSettings {
  readonly seed: number;
  /** N. The origin answers within three times N, and faults last for multiples of it. */
  readonly maxLagMs: number;
  /** How long writers write and the nemesis breaks the site, at least. */
  readonly activeMs: number;
  /** Whether the run has enough operations to end. Default: always. */
  readonly isEnough?: (recorder: Recorder) => boolean;
  readonly coloCount: number;
  readonly pagesPerKind: number;
  readonly readersPerColo: number;
  readonly thinkMsMax: number;
  readonly writerCount: number;
  readonly writePauseMsMax: number;
  readonly faults: readonly FaultName[];
  readonly restMsMax: number;
  readonly fault?: PlantedFault;
  /** Whether a Durable Object has the journal, instead of Redis. */
  readonly overObject?: boolean;
  /** The length of the quiet phase, in which each page must be answered from a tier again. */
  readonly quietMs: number;
  /**
   * The number of reads of each page in a round of the quiet phase. A newly fetched page needs no
   * journal.
   */
  readonly readsPerRound: number;
  /** The interval of checks. A violation ends the run. With 0, the only check is at the end. */
  readonly checkEveryMs: number;
  readonly watch?: Watch;
}

/** Observes the site during a run. */
interface Watch {
  readonly everyMs: number;
  readonly look: (site: SiteUnderTest) => Promise<void>;
  /** Called after the quiet phase, when nobody else sends requests. */
  readonly whenQuiet: (colo: ColoUnderTest, readAll: () => Promise<number>) => Promise<void>;
}

export interface RunResult {
  readonly settings: RunSettings;
  readonly history: History;
  readonly findings: Findings;
  readonly modes: readonly Mode[];
  readonly redis: string;
  readonly failedReadCount: number;
  readonly originRequestCount: number;
  readonly tookMs: number;
}

const slowShare = 0.06;
/** The time for an answer in addition to the origin's own time. */
const readOverheadMs = 12_000;

export const run = (settings: RunSettings): Promise<RunResult> =>
  together((running) => runWith(settings, running));

async function runWith(settings: RunSettings, running: Running): Promise<RunResult> {
  const draws = new Draws(settings.seed);
  const recorder = new Recorder();
  const { maxLagMs, coloCount, fault, overObject = false } = settings;
  const originMsMax = 3 * maxLagMs;
  const pages = pagesOf(settings.pagesPerKind, maxLagMs);
  const origin = await running.add(
    startVersionedOrigin({ pages, recorder, draws: draws.fork(), originMsMax }),
  );
  const general = { originUrl: origin.url, coloCount, maxLagMs };
  const sited = { ...general, recorder, fault, overObject };
  const site = await running.add(startSite(sited));
  const { colos } = site;
  const modes = colos[0] === undefined ? [] : await modesTaken(colos[0]);
  const promised = {
    maxLagMs,
    allowanceMs: allowanceMsOf(maxLagMs),
    originMsMax,
    pages,
    colos: colos.map(({ name }) => name),
  };
  const beganAtMs = recorder.nowMs();
  // No front sees the calls to the objects.
  const journal =
    site.objectHost &&
    new JournalReader(journalInObject(site.objectHost), (entry) => recorder.journal.push(entry));
  const checked = async () => {
    const soFar = recorder.history(promised);
    await journal?.readOn();
    return check({ ...soFar, journal: [...recorder.journal] });
  };
  let findings: Findings | undefined;
  const { activeMs, isEnough = () => true } = settings;
  const isOver = () =>
    (recorder.nowMs() - beganAtMs >= activeMs && isEnough(recorder)) ||
    // On a busy machine, Redis may not answer in time, and a colo keeps its last state of the switch.
    findings?.violations.some(({ rule }) => fault === undefined || rule !== "not-switched") ===
      true;
  const looking = lookNowAndThen(settings.checkEveryMs, isOver, async () => {
    findings = await checked();
  });

  const readers = new Readers(recorder, originMsMax + readOverheadMs);
  try {
    const { watch } = settings;
    const watching = lookNowAndThen(watch?.everyMs ?? 0, isOver, () => watch?.look(site));
    await acted({ settings, draws, recorder, site, origin, pages, modes, readers, isOver });
    await Promise.all([looking, watching]);
    if ((findings?.violations.length ?? 0) === 0) {
      await quieten({ settings, recorder, site, pages, readers });
      for (const colo of colos) await watch?.whenQuiet(colo, () => readers.readAll(colo, pages));
      findings = await checked();
    }
  } finally {
    readers.stop();
  }
  return {
    settings,
    modes,
    findings: findings ?? (await checked()),
    history: recorder.history(promised),
    redis: site.redis.name,
    failedReadCount: recorder.failedReadCount,
    originRequestCount: origin.requestCount,
    tookMs: recorder.nowMs() - beganAtMs,
  };
}

async function acted(given: {
  settings: RunSettings;
  draws: Draws;
  recorder: Recorder;
  site: SiteUnderTest;
  origin: VersionedOrigin;
  pages: readonly ServedPage[];
  modes: readonly Mode[];
  readers: Readers;
  isOver: () => boolean;
}): Promise<void> {
  const { settings, draws, recorder, site, origin, pages, modes, readers, isOver } = given;
  const { thinkMsMax, restMsMax, maxLagMs } = settings;
  const { colos } = site;
  const writers = new Writers({ recorder, origin, pages, colos, modes });
  const isInRedis = settings.overObject !== true;
  const canBe: Partial<Record<FaultName, boolean>> = {
    // Only a database with snapshots can be restored.
    "redis-restored": isInRedis && site.redis.keepsSnapshots,
    "redis-restarted-empty": isInRedis,
    "replica-lagging": isInRedis,
    "object-restarted": !isInRedis,
    "objects-full": !isInRedis,
  };
  const faults = settings.faults.filter((name) => canBe[name] !== false);
  origin.slowShare = slowShare;
  const reading = colos.flatMap((colo) =>
    Array.from({ length: settings.readersPerColo }, () =>
      readers.readOn({ colo, pages, draws: draws.fork(), thinkMsMax, isOver }),
    ),
  );
  const writing = Array.from({ length: settings.writerCount }, () =>
    writers.writeOn(draws.fork(), { pauseMsMax: settings.writePauseMsMax, isOver }),
  );
  const victim = { site, origin, recorder, maxLagMs, draws: draws.fork() };
  const breaking = breakAndHeal(victim, { groups: faultsByGroup, faults, restMsMax, isOver });
  const switching = switchOn({ colos, recorder, maxLagMs }, draws.fork(), isOver);
  await Promise.all([...reading, ...writing, breaking, switching]);
  origin.slowShare = 0;
}

/** Reads each page at each colo repeatedly until the quiet phase is over. */
async function quieten(given: {
  settings: RunSettings;
  recorder: Recorder;
  site: SiteUnderTest;
  pages: readonly ServedPage[];
  readers: Readers;
}): Promise<void> {
  const { settings, recorder, site, pages, readers } = given;
  const fromMs = recorder.nowMs();
  const untilMs = fromMs + settings.quietMs;
  const inTurn = async (colo: (typeof site.colos)[number]): Promise<void> => {
    const left = new Set(
      pages.flatMap((page) => page.variants.map((variant) => ({ page, variant }))),
    );
    while (left.size > 0 && recorder.nowMs() < untilMs) {
      const round = delay(settings.maxLagMs);
      for (const each of left) {
        for (let turn = 0; turn < settings.readsPerRound; turn += 1) {
          const read = await readers.read(colo, each.page, each.variant);
          if (read?.cacheStatus.includes("; hit") === true) left.delete(each);
        }
      }
      if (left.size > 0) await round;
    }
  };
  await Promise.all(site.colos.map(inTurn));
  recorder.quiet = { fromMs, untilMs };
}

/** Calls `look` at an interval until `isOver`; never if the interval is 0. */
export async function lookNowAndThen(
  everyMs: number,
  isOver: () => boolean,
  look: () => unknown,
): Promise<void> {
  if (everyMs === 0) return;
  while (!isOver()) {
    await delay(everyMs);
    await look();
  }
}
