// Measures journal reads at several journal sizes, and purges at several numbers of stored responses.
import type { World } from "./world.ts";
import { encodeEntry } from "../../src/purge/journal/entry.ts";
import { counted, median } from "../load/figures.ts";
import { purgeOf, scalesUpTo, table } from "./examples.ts";

const batchCount = 2_000;
const roundCount = 15;
const purgeCount = 400;
const afterCounts = [0, 100, 1_000, 8_000];

/** Appends entries directly, without the REST server. */
async function write({ database, journalKey }: World, from: number, to: number): Promise<void> {
  for (let at = from; at < to; at += batchCount) {
    const pipeline = database.pipeline();
    for (let nth = at; nth < Math.min(to, at + batchCount); nth += 1) {
      pipeline.xadd(journalKey, "*", ...Object.entries(encodeEntry(purgeOf(nth))).flat());
    }
    await pipeline.exec();
  }
}

export async function reportReads(world: World, countMax: number): Promise<void> {
  await world.database.flushall();
  const rows = [];
  let written = 0;
  for (const count of scalesUpTo(countMax)) {
    await write(world, written, count);
    written = count;
    const cold = await timed(world, () => world.journal().newest());
    const joins = [];
    for (const after of afterCounts.filter((wanted) => wanted < count)) {
      joins.push(`${after}: ${told(await timed(world, await joinOf(world, after)))}`);
    }
    rows.push([counted(count), told(cold), joins.join("; ")]);
  }
  table(
    "Journal reads at several journal sizes: median time, and commands per read",
    ["entries", "cold view", "read after a known entry, by number of newer entries"],
    rows,
  );
}

async function joinOf({ database, journalKey, journal }: World, after: number) {
  const found = await database.xrevrange(journalKey, "+", "-", "COUNT", after + 1);
  const [position = "", fields = []] = found.at(-1) ?? [];
  const place = { position, n: fields[3] ?? "" };
  return () => journal().since(place);
}

async function timed({ rest }: World, read: () => Promise<{ kind: string }>) {
  const takenMs: number[] = [];
  rest.resetCounts();
  for (let round = 0; round < roundCount; round += 1) {
    const startedMs = performance.now();
    const { kind } = await read();
    if (kind !== "read") throw new Error(`A read of the journal has the result ${kind}.`);
    takenMs.push(performance.now() - startedMs);
  }
  const { commandCountByName } = rest.counts();
  const commandCount = Object.values(commandCountByName).reduce((sum, each) => sum + each, 0);
  return { ms: median(takenMs), commandCount: commandCount / roundCount };
}

const told = ({ ms, commandCount }: { ms: number; commandCount: number }): string =>
  `${ms.toFixed(1)} ms, ${commandCount} command${commandCount === 1 ? "" : "s"}`;

/** Measures two databases alternately, so that other load on the machine affects both. */
export async function reportLatency(few: World, many: World, countMax: number): Promise<void> {
  const sides = [];
  for (const [world, count] of [[few, 1] as const, [many, countMax] as const]) {
    await world.database.flushall();
    await write(world, 0, 1_000);
    sides.push({ world, storedCount: await store(world, 0, count), takenMs: [] as number[] });
  }
  for (let at = 0; at < purgeCount; at += 1) {
    for (const { world, takenMs } of sides) {
      const journal = world.journal();
      const startedMs = performance.now();
      const appended = await journal.append([purgeOf(at)]);
      if (appended.kind !== "appended") throw new Error("A purge was not accepted.");
      takenMs.push(performance.now() - startedMs);
    }
  }
  const firstMs = median(sides[0]?.takenMs ?? []);
  table(
    "A purge, by the number of tagged responses in Redis",
    ["responses", "XADD through the REST server, median ms", "ratio"],
    sides.map(({ storedCount, takenMs }) => {
      const ms = median(takenMs);
      return [counted(storedCount), ms.toFixed(2), (ms / firstMs).toFixed(2)];
    }),
  );
}

/** @returns the number of stored responses, which is less than `to` if Redis is full */
async function store({ database }: World, from: number, to: number): Promise<number> {
  for (let at = from; at < to; at += batchCount) {
    const pipeline = database.pipeline();
    const end = Math.min(to, at + batchCount);
    for (let nth = at; nth < end; nth += 1) {
      const metadata = { tags: ["front", `author:${nth % 50}`, `article:${nth}`] };
      pipeline.set(`bench:r:${nth}`, `${JSON.stringify(metadata)}\ni${"x".repeat(64)}`);
    }
    const replies = await pipeline.exec();
    if (replies?.some(([error]) => error !== null) ?? true) return at;
  }
  return to;
}
