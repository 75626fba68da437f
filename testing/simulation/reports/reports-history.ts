// One history of reports. Isolates add reports; isolates, readers and cron runs fold them. Their
// commands run in any order. The same seed gives the same history.
import { addTo, type Sums } from "../../../src/observe/sums.ts";
import { ReportFold } from "../../../src/parts/operate/reports/folding.ts";
import { RedisReportStream } from "../../../src/parts/operate/reports/redis-report-stream.ts";
import { Reporter } from "../../../src/parts/operate/reports/reporter.ts";
import type { Totals } from "../../../src/observe/reports/totals.ts";
import { settledTurn } from "../simulated-time.ts";
import { calm } from "../write-behind/behind-weather.ts";
import { type Faults, type Ledger, ReportsWorld } from "./reports-world.ts";

/**
 * The faults of the database. `steady`: none. `lossy`: commands and replies are lost or late.
 * `failing-over`: as `lossy`, and an earlier state returns. `evicting`: as `lossy`, and the totals
 * are deleted.
 */
export type ReportsKind = "steady" | "lossy" | "failing-over" | "evicting";

interface ReportsHistory {
  readonly seed: number;
  readonly kind: ReportsKind;
  readonly faults?: Faults;
}

/** The result of a history. */
interface ReportsOutcome {
  /** The first violation; `undefined` if there is none. */
  readonly violation: string | undefined;
  readonly reads: number;
  /** 1 if the totals at the end come from a fold; otherwise 0. */
  readonly folds: number;
}

const stepsMax = 90;
const lossy = { ...calm, lost: 0.1 };
const reportersCount = 3;
const readersCount = 2;

const gauges = { lagMs: null, lagWorstMs: null, viewAgeMs: 5, memoryBytes: 1, memoryRecords: 1 };

interface Actor {
  isBusy: boolean;
  readonly act: () => Promise<void>;
}

class History {
  readonly world: ReportsWorld;
  readonly actors: readonly Actor[];
  violation: string | undefined;
  reads = 0;
  #count = 0;

  constructor({ seed, kind, faults = {} }: ReportsHistory) {
    this.world = new ReportsWorld(seed, kind === "steady" ? calm : lossy, faults);
    const tellers = Array.from({ length: reportersCount }, (_, at) =>
      this.#teller(`colo-${at % 2}`),
    );
    const readers = Array.from({ length: readersCount }, () => this.#reader());
    this.actors = [...tellers, ...readers, this.#emptier()];
  }

  #random = (): string => `t${(this.#count += 1)}`;

  #foldingBy(onRead: (ledger: Ledger) => void) {
    const redis = this.world.client(onRead);
    const stream = new RedisReportStream({
      redis,
      namespace: "site",
      pageCount: 3,
      standingMax: 12,
    });
    const settings = { stream, nowAtMs: () => this.world.atMs, log: () => undefined };
    return { stream, folding: new ReportFold({ ...settings, randomText: this.#random }) };
  }

  #actor(act: () => Promise<void>): Actor {
    const actor: Actor = {
      isBusy: false,
      act: async () => {
        actor.isBusy = true;
        await act();
        actor.isBusy = false;
      },
    };
    return actor;
  }

  #teller(colo: string): Actor {
    const take = (): Sums => {
      const sums: Sums = new Map();
      // A series of its own shows if a report counts twice, whatever the other sums are.
      addTo(sums, `requests|${this.#random()}|hit|memory`);
      addTo(sums, "purges", 1 + Math.floor(this.world.draw() * 3));
      return sums;
    };
    const reporter = new Reporter({
      ...this.#foldingBy(() => undefined),
      // Counts begin at their report.
      metrics: { colo, takenAtMs: Infinity, take },
      gauges: () => gauges,
      nowAtMs: () => this.world.atMs,
      randomText: this.#random,
      log: () => undefined,
      foldFrom: 6,
    });
    return this.#actor(async () => void (await reporter.tell()));
  }

  #reader(): Actor {
    let due: Ledger | undefined;
    const { folding } = this.#foldingBy((ledger) => void (due = ledger));
    return this.#actor(async () => {
      const totals = await folding.read();
      if ("kind" in totals || due === undefined) return;
      this.reads += 1;
      this.violation ??= differenceOf(totals, due);
    });
  }

  #emptier(): Actor {
    const { folding } = this.#foldingBy(() => undefined);
    return this.#actor(() => folding.empty());
  }

  /** Finishes all work in progress. Then one more reader checks the result. */
  async drain(): Promise<void> {
    const last = this.#reader();
    const reading = () => void last.act();
    this.world.weather = calm;
    let hasBegun = false;
    for (;;) {
      await settledTurn();
      if (this.world.areUnderWay) await this.world.step();
      else if (hasBegun) return;
      else {
        hasBegun = true;
        reading();
      }
    }
  }
}

/** Formats sums as JSON, sorted by name because the order of folding varies. */
const textOf = (sums: Sums) =>
  JSON.stringify([...sums].sort(([one], [other]) => (one < other ? -1 : 1)));

function differenceOf(totals: Totals, { sums, startedAtMs }: Ledger): string | undefined {
  const [shown, due] = [totals.sums, sums].map((of) => textOf(of));
  if (shown !== due) return `shown ${shown}, accepted ${due}`;
  if (startedAtMs === undefined || totals.startedAtMs === startedAtMs) return undefined;
  return `started at ${totals.startedAtMs} instead of ${startedAtMs}`;
}

/** Runs one history. Each read must return the sums of accepted reports that were not lost. */
export async function reportsHistoryOf(of: ReportsHistory): Promise<ReportsOutcome> {
  const history = new History(of);
  const { world, actors } = history;
  for (let step = 0; step < stepsMax && history.violation === undefined; step += 1) {
    const drawn = world.draw();
    const actor = world.any(actors);
    if (drawn < 0.25 && !actor.isBusy) void actor.act();
    else if (drawn < 0.3) world.time.atMs += 1;
    else if (drawn < 0.32 && of.kind === "failing-over") world.failOver();
    else if (drawn < 0.32 && of.kind === "evicting") world.evictTotals();
    else if (drawn < 0.325) world.writeForeign();
    else await world.step();
    await settledTurn();
  }
  if (history.violation === undefined) await history.drain();
  const folds = /^1\.t(\d+)/.exec(world.keys.state.totals ?? "") === null ? 0 : 1;
  return { violation: history.violation, reads: history.reads, folds };
}
