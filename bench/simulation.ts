// Runs simulated histories of the purge and write-behind protocols, or replays one history event by
// event.
//
//   npm run bench -- simulation --histories 200000 --seed 1
//   npm run bench -- simulation --positions --histories 20000 --kind failing
//   npm run bench -- simulation --requests --histories 2000 --kind crossing
//   npm run bench -- simulation --switch --histories 20000 --kind trimming
//   npm run bench -- simulation --data --histories 100000
//   npm run bench -- simulation --sets --kind failing --histories 20000
//   npm run bench -- simulation --fields --histories 100000
//   npm run bench -- simulation --object --kind trimming --histories 20000
//   npm run bench -- simulation --object --requests --histories 2000
//   npm run bench -- simulation --object --isolates 330 --histories 100
//   npm run bench -- simulation --write-behind --histories 100000 --kind failing-over
//   npm run bench -- simulation --replay 110969
import { availableParallelism } from "node:os";
import { parseArgs } from "node:util";
import { isMainThread, parentPort, Worker, workerData } from "node:worker_threads";
import { RecordsClient } from "../src/stores/durable-object/records-client.ts";
import { ObjectJournal } from "../src/stores/durable-object/object-journal.ts";
import { unreachable } from "../src/base/unreachable.ts";
import { OperatorError } from "../src/base/operator-error.ts";
import type { History } from "../testing/simulation/course.ts";
import { historyOf } from "../testing/simulation/history.ts";
import { requestHistoryOf } from "../testing/simulation/request-history.ts";
import { partsWithCopies } from "../testing/simulation/simulated-copies.ts";
import { fieldHistoryOf } from "../testing/simulation/data/field-history.ts";
import { writeHistoryOf } from "../testing/simulation/data/write-history.ts";
import { switchHistoryOf } from "../testing/simulation/switch-history.ts";
import { type WorldKind, worldKinds } from "../testing/simulation/simulated-weather.ts";
import { behindHistoryOf } from "../testing/simulation/write-behind/behind-history.ts";
import { type BehindKind, behindKinds } from "../testing/simulation/write-behind/behind-weather.ts";

type Variant =
  | {
      readonly variant: "views" | "positions" | "requests" | "switch" | "data" | "sets" | "fields";
      readonly kind: WorldKind;
      /** Whether Durable Objects have the journal and the records. */
      readonly isObject: boolean;
      /** The number of isolates at the start; `undefined` for 2 to 4. */
      readonly isolateCount: number | undefined;
    }
  | { readonly variant: "write-behind"; readonly kind: BehindKind | undefined };

type Share = Variant & {
  readonly fromSeed: number;
  readonly count: number;
};

interface Sum {
  judgedCount: number;
  usableCount: number;
  readonly broken: { seed: number; violation: string }[];
}

type Told = Pick<History, "violations" | "judgedCount" | "usableCount">;

function historyIn(share: Share, seed: number, tell?: (line: string) => void): Promise<Told> {
  if (share.variant === "write-behind") return writtenBehind(share.kind, seed, tell);
  const { variant, kind, isolateCount } = share;
  const Store = share.isObject ? ObjectJournal : undefined;
  const Records = share.isObject ? RecordsClient : undefined;
  const options = { kind, tell, Store, Records, isolateCount };
  switch (variant) {
    case "views":
      return historyOf(seed, options);
    case "positions":
      return historyOf(seed, { ...options, sendsPositions: true });
    case "requests":
      return requestHistoryOf(seed, options);
    case "switch":
      return switchHistoryOf(seed, { kind, tell, parts: partsWithCopies().parts });
    case "data":
      return writeHistoryOf(seed, options);
    case "sets":
      return writeHistoryOf(seed, { ...options, setShare: 0.5 });
    case "fields":
      return fieldHistoryOf(seed, { kind, tell });
    default:
      return unreachable(variant);
  }
}

async function writtenBehind(
  kind: BehindKind | undefined,
  seed: number,
  tell?: (line: string) => void,
): Promise<Told> {
  const { violation, reads, slices } = await behindHistoryOf({ seed, kind, tell });
  const violations = violation === undefined ? [] : [violation];
  return { violations, judgedCount: reads, usableCount: slices };
}

async function sumOf(share: Share): Promise<Sum> {
  const sum: Sum = { judgedCount: 0, usableCount: 0, broken: [] };
  for (let seed = share.fromSeed; seed < share.fromSeed + share.count; seed += 1) {
    const { violations, judgedCount, usableCount } = await historyIn(share, seed);
    sum.judgedCount += judgedCount;
    sum.usableCount += usableCount;
    const [violation] = violations;
    if (violation !== undefined) sum.broken.push({ seed, violation });
  }
  return sum;
}

/**
 * Runs the histories on all cores, in shares of 500. The shares are small, so that all cores end at
 * about the same time.
 */
async function onAllCores(whole: Share): Promise<Sum[]> {
  const shareCount = Math.ceil(whole.count / 500);
  const shares = Array.from({ length: shareCount }, (_, at): Share => {
    const fromSeed = whole.fromSeed + at * 500;
    return { ...whole, fromSeed, count: Math.min(500, whole.fromSeed + whole.count - fromSeed) };
  });
  const sums: Sum[] = [];
  const workers = Array.from({ length: Math.min(availableParallelism(), shareCount) }, () => {
    const worker = new Worker(new URL(import.meta.url), { workerData: "simulation" });
    return new Promise<void>((resolve, reject) => {
      const next = () => {
        const share = shares.shift();
        if (share !== undefined) worker.postMessage(share, []);
        else void worker.terminate().then(() => resolve(), reject);
      };
      worker.on("message", (sum: Sum) => {
        sums.push(sum);
        next();
      });
      worker.on("error", reject);
      next();
    });
  });
  await Promise.all(workers);
  return sums;
}

function report(sums: readonly Sum[], { count, variant }: Share, seconds: number): void {
  const total = (of: "judgedCount" | "usableCount") =>
    sums.reduce((sum, each) => sum + each[of], 0);
  const broken = sums.flatMap((each) => each.broken).sort((a, b) => a.seed - b.seed);
  const figure = (value: number) => Math.round(value).toLocaleString("en");
  const [judged, usable] = [total("judgedCount"), total("usableCount")].map(figure);
  const lines = [
    `histories  ${figure(count)} in ${seconds.toFixed(1)} s, ${figure(count / seconds)} a second`,
    variant === "write-behind"
      ? `reads      ${judged}, slices flushed ${usable}`
      : `requests   ${judged}, answered with a stored response ${usable}`,
    `violations ${broken.length}`,
    ...broken.slice(0, 20).map(({ seed, violation }) => `  seed ${seed}: ${violation}`),
  ];
  process.stdout.write(`${lines.join("\n")}\n`);
  if (broken.length > 0) process.exitCode = 1;
}

function numberIn(text: string, name: string): number {
  if (/^\d{1,9}$/.test(text)) return Number(text);
  throw new OperatorError({
    what: "The simulation did not start.",
    why: `--${name} is ${JSON.stringify(text)}.`,
    hint: "Give a whole number.",
  });
}

function kindIn<Kind extends string>(text: string, kinds: readonly Kind[]): Kind {
  const kind = kinds.find((each) => each === text);
  if (kind !== undefined) return kind;
  throw new OperatorError({
    what: "The simulation did not start.",
    why: `--kind is ${JSON.stringify(text)}.`,
    hint: `Give one of ${kinds.join(", ")}.`,
  });
}

const variants = ["positions", "requests", "switch", "data", "sets", "fields"] as const;

async function main(): Promise<void> {
  const { values } = parseArgs({
    options: {
      histories: { type: "string", default: "20000" },
      seed: { type: "string", default: "1" },
      replay: { type: "string" },
      kind: { type: "string" },
      isolates: { type: "string" },
      positions: { type: "boolean", default: false },
      requests: { type: "boolean", default: false },
      switch: { type: "boolean", default: false },
      data: { type: "boolean", default: false },
      sets: { type: "boolean", default: false },
      fields: { type: "boolean", default: false },
      object: { type: "boolean", default: false },
      "write-behind": { type: "boolean", default: false },
    },
  });
  const { kind } = values;
  const variant: Variant = values["write-behind"]
    ? { variant: "write-behind", kind: kind === undefined ? kind : kindIn(kind, behindKinds) }
    : {
        variant: variants.find((each) => values[each]) ?? "views",
        kind: kindIn(kind ?? "ordinary", worldKinds),
        isObject: values.object,
        isolateCount:
          values.isolates === undefined ? undefined : numberIn(values.isolates, "isolates"),
      };
  const whole: Share = {
    ...variant,
    fromSeed: numberIn(values.seed, "seed"),
    count: numberIn(values.histories, "histories"),
  };
  if (values.replay !== undefined) {
    const tell = (line: string) => void process.stdout.write(`${line}\n`);
    await historyIn(whole, numberIn(values.replay, "replay"), tell);
    return;
  }
  const startedMs = performance.now();
  const sums = await onAllCores(whole);
  report(sums, whole, (performance.now() - startedMs) / 1_000);
}

if (isMainThread) {
  await main().catch((cause: unknown) => {
    if (!(cause instanceof OperatorError)) throw cause;
    process.stderr.write(`${cause.message}\n`);
    process.exitCode = 1;
  });
} else if (workerData === "simulation") {
  parentPort?.on("message", async (share: Share) => {
    parentPort?.postMessage(await sumOf(share), []);
  });
}
