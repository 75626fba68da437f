// The conditions in the worlds of the histories: clock errors, replica lags, delays, and faults of
// the journal.
import { encodeEntry } from "../../src/purge/journal/entry.ts";
import { epochOf } from "../../src/purge/journal/epoch.ts";
import { keptCount } from "../../src/purge/journal/journal.ts";
import { numberedAfter } from "../../src/stores/redis/journal/joined-appends.ts";
import { nOf, numberIn } from "../fakes/journal-scripts-model.ts";
import { drawsFrom } from "../draws.ts";
import type { SimulatedWorld, WorldSettings } from "./journal-simulator.ts";
import { SimulatedCache } from "./simulated-cache.ts";
import type { Place, SimulatedColo, SimulatedIsolate } from "./simulated-isolate.ts";
import { comparePositions, type StreamItem } from "./simulated-stream.ts";

/**
 * - `ordinary`: small journals, and faults of all kinds.
 * - `crowded`: sometimes the journal has more entries than a page, or than a cold view reads.
 * - `failing`: the server often fails over to one whose clock is behind.
 * - `crossing`: the journal loses no entries, and everything is slow.
 * - `diverging`: few entries are kept, and backups are often restored, even if lost entries then
 *   look trimmed.
 * - `lying`: the origin's validators never change, so that a 304 proves nothing.
 * - `trimming`: few entries are kept, and bursts remove entries that idle isolates have read.
 * - `gapped`: like `trimming`, with longer bursts, but epochs are evicted or cut off.
 * - `turned-back`: clocks are set back or forward by up to a minute. Each isolate is its own colo,
 *   because A limits the differences within a colo.
 * - `resending`: senders repeat a webhook at any isolate.
 * - `overrun`: each fault is a fail-over, with as many purges after it as the journal keeps, so
 *   that lost entries look trimmed. Many replies are lost.
 * - `cached`: a cache before the origin, which no purge reaches, answers with `Age`. The clocks of
 *   isolates and the server differ by at most A. In some worlds, few entries are kept.
 */
export const worldKinds = [
  "ordinary",
  "crowded",
  "failing",
  "crossing",
  "diverging",
  "lying",
  "trimming",
  "gapped",
  "turned-back",
  "resending",
  "overrun",
  "cached",
] as const;
export type WorldKind = (typeof worldKinds)[number];

/** Returns whether the journals of these worlds keep only a few entries. */
export const isTrimmed = (kind: WorldKind): boolean =>
  kind === "trimming" || kind === "gapped" || kind === "diverging" || kind === "overrun";

/** Draws the settings of a world. In some worlds, clock errors and replica lags exceed A. */
export function settingsOf(seed: number, kind: WorldKind): WorldSettings {
  const draw = drawsFrom(~seed);
  const any = (...choices: [number, ...number[]]) =>
    choices[Math.floor(draw() * choices.length)] ?? choices[0];
  const allowanceMs = any(1_000, 1_000, 3_000);
  const isCached = kind === "cached";
  // The server's clock shows whole seconds.
  const clockErrorMsMax = isCached ? allowanceMs - 1_000 : Infinity;
  return {
    seed,
    allowanceMs,
    maxLagMs: { usual: 10_000, quick: allowanceMs === 1_000 ? any(3_000, 5_000, 10_000) : 8_000 },
    clockErrorMs: Math.min(any(0, 0, allowanceMs / 2, 1_500), clockErrorMsMax),
    replicaLagMs: any(0, 0, allowanceMs / 2, 4_000),
    wayMs: kind === "crossing" ? 3_000 : any(20, 900, 3_000),
    keptCount: isTrimmed(kind) ? any(4, 8, 16) : isCached ? any(8, keptCount) : keptCount,
    lostShare: kind === "overrun" ? 0.2 : 0.02,
    linedMax: isTrimmed(kind) ? any(16, 32, 1_000) : Infinity,
  };
}

/** Returns the share of events that are faults of the journal instead of requests or purges. */
export function misfortuneShare(world: SimulatedWorld, kind: WorldKind): number {
  if (kind === "crossing") return 0;
  if (kind === "turned-back") return 0.2;
  return kind === "failing" || kind === "trimming" ? 0.35 : world.any([0.05, 0.12, 0.3]);
}

interface ColoOptions {
  /** The number of isolates. Default: 2 to 4. */
  readonly isolateCount?: number | undefined;
  readonly kind?: WorldKind;
}

/** Returns the colo of each initial isolate. The first two isolates share a colo. */
export function colosOf(
  world: SimulatedWorld,
  { isolateCount, kind = "ordinary" }: ColoOptions = {},
): SimulatedColo[] {
  const colo = (name: string): SimulatedColo => ({
    name,
    offsetMs: kind === "cached" ? 0 : world.any([0, 0, 8_000, -8_000]),
    cache: new SimulatedCache(world),
  });
  const shared = colo("HAM");
  const others = [colo("NRT"), colo("")];
  const count = isolateCount ?? world.between(2, 4);
  const more = Array.from({ length: Math.max(0, count - 4) }, (_, at) => colo(`C${at}`));
  return [shared, shared, ...others, ...more].slice(0, count);
}

/** Returns the place of the nth isolate. If clocks are set, each isolate has its own colo. */
export function placeOf(colo: SimulatedColo, nth: number, kind: WorldKind = "ordinary"): Place {
  const own = kind === "turned-back" ? { ...colo, name: `${colo.name} ${nth}` } : colo;
  return { colo: own, name: `isolate ${nth}${own.name && ` in ${own.name}`}` };
}

/** @returns a function that draws a fault and causes it */
export function misfortunes(
  world: SimulatedWorld,
  kind: WorldKind,
  { isolates, afterLoss }: { isolates: () => readonly SimulatedIsolate[]; afterLoss: () => void },
): () => void {
  const { stream } = world;
  const backups: (readonly StreamItem[])[] = [[]];
  const backup = () => {
    const items = world.any(backups);
    const beginsAt = items[0]?.id ?? "0-0";
    const looksTrimmed = isolates().some(
      ({ view }) =>
        view.tail.chain !== undefined && isBefore(view.tail.chain.end.position, beginsAt),
    );
    return looksTrimmed && kind !== "diverging" ? [] : items;
  };
  const lose = (what: string, happen: () => void) => {
    happen();
    // The clock of the new server may be behind, so that an ID occurs again.
    const behindMs = kind === "failing" ? [3_000, 20_000] : [0, 0, 3_000, 20_000];
    if (kind !== "cached") world.serverBehindMs = world.any(behindMs);
    world.tell(() => `${what}; now it holds ${stream.items.map(({ id }) => id).join(" ")}`);
    afterLoss();
  };
  const failOver = () =>
    lose("The journal fails over", () => stream.loseNewest(world.between(1, 3), world.atMs));
  const restore = () => lose("A backup is restored", () => stream.restore(backup(), world.atMs));
  const back = () => void backups.push(stream.items);
  const overrun = () => {
    if (stream.items.length > 3) failOver();
    purgeElsewhere(world, world.settings.keptCount);
  };
  if (kind === "overrun") return overrun;
  const misfortune = [
    failOver,
    failOver,
    () => lose("The journal is emptied", () => stream.loseAll(world.atMs)),
    restore,
    back,
    () => {
      world.isRedisDown = !world.isRedisDown;
      world.tell(() => `Redis is ${world.isRedisDown ? "down" : "up"}`);
    },
  ];
  if (kind === "failing") return () => world.any([failOver, failOver, ...misfortune])();
  const often = (happen: () => void) => Array.from({ length: 6 }, () => happen);
  if (kind === "crowded") misfortune.push(...often(() => flood(world)));
  if (isTrimmed(kind))
    misfortune.push(...often(() => burst(world, kind)), () => harmLineages(world));
  if (kind === "gapped") misfortune.push(() => harmEpoch(world), failOver);
  if (kind === "cached" && world.settings.keptCount < keptCount)
    misfortune.push(() => burst(world, kind));
  if (kind === "trimming") misfortune.push(...often(failOver));
  if (kind === "diverging") misfortune.push(...often(restore), ...often(back));
  const isolate = () => world.any(isolates());
  if (kind === "turned-back") misfortune.push(...often(() => isolate().setClock(stepMs(world))));
  return () => world.any(misfortune)();
}

/** Draws a clock step in milliseconds, at least A + 1: back, or less often forward. */
function stepMs(world: SimulatedWorld): number {
  const backMs = world.between(world.settings.allowanceMs + 1, 60_000);
  return world.draw() < 0.7 ? -backMs : backMs;
}

const isBefore = (a: string, b: string): boolean => comparePositions(a, b) < 0;

const elsewhere = { tags: ["tag:elsewhere"], prefixes: [] };
const nobodys = { id: "", bodyDigest: "", reason: "", by: "test", lost: "" };

/** Returns the fields of consecutive entries that cover no simulated page. */
function purgesElsewhere(world: SimulatedWorld, count: number): string[][] {
  const { items, appendedCount } = world.stream;
  let before = nOf(items.at(-1)?.fields);
  return Array.from({ length: count }, (_, at) => {
    before = numberedAfter(before, [`elsewhere ${appendedCount + at}`]);
    return fieldsElsewhere(before);
  });
}

function fieldsElsewhere(n: string): string[] {
  const entry = encodeEntry({ ...nobodys, n, mode: "hard", targets: elsewhere });
  return Object.entries(entry).flat();
}

/** Deletes the lineages. */
function harmLineages(world: SimulatedWorld): void {
  world.tell(() => "The lineages are deleted");
  world.stream.forgetLineages(world.atMs);
}

/** Evicts or cuts off the names of an epoch. The next append does not restore them. */
function harmEpoch(world: SimulatedWorld): void {
  const epoch = epochOf(numberIn(nOf(world.stream.items.at(-1)?.fields)));
  const field = `n${world.any([epoch, epoch, epoch - 1, epoch - 2])}`;
  const how = world.any(["absent", "partial"] as const);
  world.tell(() => `The names of ${field} are ${how}`);
  world.harmedEpochs.set(field, how);
}

/** Appends many purges of other pages at once: more than a page, or than a cold view reads. */
function flood(world: SimulatedWorld): void {
  const count = world.any([150, 150, 1_100]);
  world.tell(() => `${count} purges of other pages arrive`);
  world.stream.appendAll(purgesElsewhere(world, count), world.atMs);
}

/** Appends purges of other pages one by one, up to twice as many as the journal keeps. */
function burst(world: SimulatedWorld, kind: WorldKind): void {
  const { keptCount: kept } = world.settings;
  const count = world.between(1, world.any([kept / 2, kind === "gapped" ? 80 : 2 * kept]));
  purgeElsewhere(world, count);
}

function purgeElsewhere(world: SimulatedWorld, count: number): void {
  world.tell(() => `${count} purges of other pages arrive`);
  for (let at = 0; at < count; at += 1) {
    for (const fields of purgesElsewhere(world, 1)) world.append(fields, world.settings.keptCount);
  }
}
