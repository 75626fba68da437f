// Measures calls per second. The systems take turns in one process, over one Redis.
import { setImmediate as nextTurn, setTimeout as delay } from "node:timers/promises";
import { counted, markdownTable, median, medianInterval } from "../load/figures.ts";
import { startPart } from "../load/part.ts";
import {
  articleOf,
  callsOf,
  openSystem,
  setAll,
  type System,
  type SystemName,
  type SystemOptions,
} from "./systems.ts";
import type { WriterCalls } from "./writer-process.ts";

/**
 * The measured systems, in the order of the table's columns. With `serialize: false`, BentoCache 1.6.1
 * throws for a value that `getOrSet` has stored, so only hits of values that were set are measured.
 */
const contenders = [
  { title: "Tidemark", name: "Tidemark" },
  { title: "BentoCache", name: "BentoCache" },
  { title: "BentoCache, `serialize: false`", name: "BentoCache", isSerialized: false },
] as const;

interface Work {
  readonly title: string;
  readonly bytes: number;
  readonly keyCount: number;
  /**
   * `memory`: each system holds all values. In all others, a system just opened makes a call for each key, 50 at
   * once. `redis`: it reads each value. `just-set`: it reads each value that a writer has set at once before.
   * `missing`: it loads and stores each. `set` and `delete`: these calls.
   */
  readonly from: "memory" | "redis" | "just-set" | "missing" | "set" | "delete";
  /** Whether the writer of `just-set` has a process of its own. Default: false. */
  readonly isApart?: boolean;
  /** The number of sets, and of deletions, of other keys before the first round. Default: 0. */
  readonly othersCount?: number;
  /** The smallest allowed ratio of Tidemark's rate to BentoCache's, both with default settings. */
  readonly ratioMin: number;
}

const works: readonly Work[] = [
  { title: "hit in memory, 1 KB", bytes: 1_000, keyCount: 100, from: "memory", ratioMin: 1.5 },
  { title: "hit in memory, 20 KB", bytes: 20_000, keyCount: 100, from: "memory", ratioMin: 1.5 },
  {
    title: "hit in memory, 1,000 values of 20 KB",
    bytes: 20_000,
    keyCount: 1_000,
    from: "memory",
    ratioMin: 1,
  },
  {
    title: "hit in Redis, 1 KB, 50 at once",
    bytes: 1_000,
    keyCount: 2_000,
    from: "redis",
    ratioMin: 0.6,
  },
  {
    title: "miss, loaded and stored, 1 KB, 50 at once",
    bytes: 1_000,
    keyCount: 2_000,
    from: "missing",
    ratioMin: 0.65,
  },
  { title: "set, 1 KB, 50 at once", bytes: 1_000, keyCount: 2_000, from: "set", ratioMin: 0.3 },
  { title: "delete, 50 at once", bytes: 1_000, keyCount: 2_000, from: "delete", ratioMin: 0.3 },
  {
    title: "hit in Redis, after 10,000 sets and deletions of other keys",
    bytes: 1_000,
    keyCount: 2_000,
    from: "redis",
    othersCount: 10_000,
    ratioMin: 0.6,
  },
  {
    title: "hit in Redis, of 4,000 values just set in the same process",
    bytes: 1_000,
    keyCount: 4_000,
    from: "just-set",
    ratioMin: 0.6,
  },
  {
    title: "hit in Redis, of 4,000 values just set in another process",
    bytes: 1_000,
    keyCount: 4_000,
    from: "just-set",
    isApart: true,
    ratioMin: 0.6,
  },
];

export interface Rates {
  readonly work: Work;
  /** Calls per second in each round, by contender. */
  readonly rounds: readonly (readonly number[])[];
}

export async function measureRates(options: {
  readonly redisUrl: string;
  readonly roundCount: number;
}): Promise<Rates[]> {
  const measured: Rates[] = [];
  for (const work of works) measured.push(await ratesOf(work, options));
  return measured;
}

async function ratesOf(
  work: Work,
  { redisUrl, roundCount }: { readonly redisUrl: string; readonly roundCount: number },
): Promise<Rates> {
  const measured = contenders.slice(0, work.from === "memory" ? 3 : 2);
  const open = measured.map(({ name, ...options }, at) => {
    const own: SystemOptions = { redisUrl, ...options, prefix: `${works.indexOf(work)}-${at}` };
    const writer = () => (work.isApart === true ? writerApart(name, own) : writerHere(name, own));
    return { system: () => openSystem(name, own), writer };
  });
  const turns = await Promise.all(
    open.map(({ system, writer }) => roundsIn[work.from](work, system, writer)),
  );
  const rounds: number[][] = [];
  try {
    // The first round is not counted: its code is not yet compiled.
    for (let round = 0; round <= roundCount; round += 1) {
      const rates: number[] = [];
      for (let step = 0; step < turns.length; step += 1) {
        const at = (round + step) % turns.length;
        rates[at] = (await turns[at]?.run(round)) ?? NaN;
      }
      if (round > 0) rounds.push(rates);
    }
  } finally {
    for (const turn of turns) await turn.stop();
  }
  return { work, rounds };
}

/** A writer of values, which keeps its connection. */
interface Writer {
  setAll(work: Work): Promise<unknown>;
  stop(): Promise<void>;
}

function writerHere(name: SystemName, options: SystemOptions): Writer {
  const system = openSystem(name, options);
  return {
    setAll: (work) => setAll(system, keysOf(work), articleOf(0, work.bytes)),
    stop: () => system.stop(),
  };
}

async function writerApart(name: SystemName, options: SystemOptions): Promise<Writer> {
  const part = await startPart<WriterCalls>(new URL("writer-process.ts", import.meta.url));
  return {
    setAll: (work) => part.call("set", { name, options, keys: keysOf(work), bytes: work.bytes }),
    stop: () => part.stop(),
  };
}

/** Prepares one system, and runs its rounds. */
type Rounds = (
  work: Work,
  open: () => System,
  openWriter: () => Writer | Promise<Writer>,
) => Promise<{
  /** @returns calls per second */
  run(round: number): Promise<number>;
  stop(): Promise<void>;
}>;

const roundsIn: Readonly<Record<Work["from"], Rounds>> = {
  async memory(work, open) {
    const system = open();
    for (const [nth, key] of keysOf(work).entries())
      await system.set(key, articleOf(nth, work.bytes));
    return { run: () => hitsOf(system, keysOf(work)), stop: () => system.stop() };
  },
  async redis(work, open) {
    const writer = open();
    for (const [nth, key] of keysOf(work).entries())
      await call(writer, key, async () => articleOf(nth, work.bytes));
    const others = keysOf({ keyCount: work.othersCount ?? 0 }, "other/");
    await callsOf(others, (key) => writer.set(key, "other"));
    await callsOf(others, (key) => writer.delete(key));
    return {
      run: () => inNewSystem(open, (system) => hitsInRedis(system, keysOf(work))),
      stop: () => writer.stop(),
    };
  },
  async "just-set"(work, open, openWriter) {
    const writer = await openWriter();
    return {
      async run() {
        await writer.setAll(work);
        return inNewSystem(open, (system) => hitsInRedis(system, keysOf(work)));
      },
      stop: () => writer.stop(),
    };
  },
  async missing(work, open) {
    const value = articleOf(0, work.bytes);
    let loadCount = 0;
    const load = async () => {
      loadCount += 1;
      return value;
    };
    return {
      async run(round) {
        loadCount = 0;
        const keys = keysOf(work, `round ${round}/`);
        const miss = (system: System) => (key: string) => call(system, key, load);
        const rate = await inNewSystem(open, (system) => callsOf(keys, miss(system)));
        if (loadCount !== keys.length) throw new Error(`${loadCount} loads of ${keys.length}.`);
        return rate;
      },
      stop: async () => {},
    };
  },
  async set(work, open) {
    const value = articleOf(0, work.bytes);
    return changing(work, open, (system) => (key) => system.set(key, value));
  },
  async delete(work, open) {
    return changing(work, open, (system) => (key) => system.delete(key));
  },
};

function changing(
  work: Work,
  open: () => System,
  change: (system: System) => (key: string) => Promise<void>,
) {
  const run = () => inNewSystem(open, (system) => callsOf(keysOf(work), change(system)));
  return { run, stop: async () => {} };
}

const keysOf = ({ keyCount }: Pick<Work, "keyCount">, prefix = "") =>
  Array.from({ length: keyCount }, (_, nth) => `${prefix}${nth}`);

/** Runs calls in a system that is connected and whose memory is empty. */
async function inNewSystem(
  open: () => System,
  run: (system: System) => Promise<number>,
): Promise<number> {
  const system = open();
  await system.get("none");
  await delay(20);
  const rate = await run(system);
  // The stores of the last calls may still run.
  await delay(50);
  await system.stop();
  return rate;
}

/** @returns hits per second, 50 at once */
function hitsInRedis(system: System, keys: readonly string[]): Promise<number> {
  const load = () => Promise.reject(new Error(`${system.name} had no value in Redis.`));
  return callsOf(keys, (key) => call(system, key, load));
}

const roundMs = 250;
/** The number of hits before other tasks may run. */
const burst = 200;

/** @returns hits per second, with one call at a time */
async function hitsOf(system: System, keys: readonly string[]): Promise<number> {
  const load = () => Promise.reject(new Error(`${system.name} had no value in memory.`));
  const beganMs = performance.now();
  let count = 0;
  while (performance.now() - beganMs < roundMs) {
    for (let nth = 0; nth < burst; nth += 1) {
      await call(system, keys[(count + nth) % keys.length] ?? "", load);
    }
    count += burst;
    await nextTurn();
  }
  return (1_000 * count) / (performance.now() - beganMs);
}

async function call(system: System, key: string, load: () => Promise<unknown>): Promise<void> {
  const value = await system.getOrSet(key, { tags: [], load });
  if (value === undefined) throw new Error(`${system.name} has lost a value.`);
}

const ratiosTo = ({ rounds }: Rates, contender: number) =>
  rounds.map((rates) => (rates[0] ?? NaN) / (rates[contender] ?? NaN));

export function slowWorks(measured: readonly Rates[]): readonly Work[] {
  return measured
    .filter((rates) => medianInterval(ratiosTo(rates, 1))[0] < rates.work.ratioMin)
    .map(({ work }) => work);
}

function rateOf({ rounds }: Rates, contender: number): string {
  const rates = rounds.flatMap((each) => each[contender] ?? []);
  return rates.length === 0 ? "" : counted(median(rates));
}

export function ratesTable(measured: readonly Rates[]): string {
  const rows = measured.map((rates) => [
    rates.work.title,
    ...contenders.map((_, at) => rateOf(rates, at)),
    ...[1, 2].map((at) => {
      const ratios = ratiosTo(rates, at).filter(Number.isFinite);
      if (ratios.length === 0) return "";
      const [lower, upper] = medianInterval(ratios).map((ratio) => ratio.toFixed(2));
      return `${median(ratios).toFixed(2)} (${lower}–${upper})`;
    }),
  ]);
  const titles = contenders.map(({ title }) => title);
  const compared = ["ratio to BentoCache", "ratio to `serialize: false`"];
  return markdownTable(["calls per second", ...titles, ...compared], rows);
}
