// Random histories of the simulated world, and what must hold in every one of them: nothing
// generated before a purge is usable more than N + max(0, ε + L − A) after it.
import { decodeEntry, type Entry, type EntryPlace } from "../../src/purge/entry.ts";
import type { PurgeJudgement } from "../../src/purge/view.ts";
import { drawsFrom, SimulatedWorld, type WorldSettings } from "../fakes/journal-simulator.ts";
import {
  type Parts,
  type SimulatedFill,
  SimulatedIsolate,
  soundParts,
} from "../fakes/simulated-isolate.ts";

export interface History {
  /** Each names the instant, the response, and the purge that should have covered it. */
  readonly violations: readonly string[];
  /** How often a stored response was judged, and how often it was found usable. */
  readonly judgedCount: number;
  readonly usableCount: number;
}

/** A purge or a mark, as the true time knows it. */
interface Appended {
  readonly entry: Entry;
  readonly appendedAtMs: number;
  /** From then on the bound runs for everybody: appended, or once lost, its loss noticed. */
  countsFromMs: number;
  lostAtMs: number;
  /** For those who have had it, it holds whatever becomes of the journal. */
  readonly readBy: Set<SimulatedIsolate>;
  /** Those in whose chain it stood when it was lost: they can notice. */
  missedBy: readonly SimulatedIsolate[];
}

export async function historyOf(seed: number, parts: Parts = soundParts): Promise<History> {
  const course = new Course(new SimulatedWorld(settingsOf(seed)), parts);
  await course.run();
  return course;
}

/** Some worlds keep to what A allows for, others go beyond it. */
function settingsOf(seed: number): WorldSettings {
  const draw = drawsFrom(~seed);
  const any = (...choices: [number, ...number[]]) =>
    choices[Math.floor(draw() * choices.length)] ?? choices[0];
  const allowanceMs = any(1_000, 1_000, 3_000);
  return {
    seed,
    allowanceMs,
    maxLagMs: 10_000,
    newestCount: 4,
    clockErrorMs: any(0, 0, allowanceMs / 2, 1_500),
    replicaLagMs: any(0, 0, allowanceMs / 2, 4_000),
    wayMs: any(20, 900, 3_000),
  };
}

const tags = ["a", "b"] as const;

class Course implements History {
  readonly violations: string[] = [];
  judgedCount = 0;
  usableCount = 0;
  readonly #world: SimulatedWorld;
  readonly #isolates: SimulatedIsolate[];
  readonly #fills: SimulatedFill[] = [];
  readonly #appended = new Map<string, Appended>();
  readonly #backups: SimulatedWorld["stream"]["items"][] = [[]];
  readonly #boundMs: number;
  /** How often something happens to the journal. */
  readonly #misfortune: number;

  constructor(world: SimulatedWorld, parts: Parts) {
    const { maxLagMs, clockErrorMs, replicaLagMs, allowanceMs } = world.settings;
    this.#world = world;
    this.#boundMs = maxLagMs + Math.max(0, clockErrorMs + replicaLagMs - allowanceMs);
    this.#misfortune = this.#any([0.05, 0.12, 0.3]);
    const colos = ["HAM", "HAM", "NRT", ""].slice(0, world.between(2, 4));
    this.#isolates = colos.map((colo) => new SimulatedIsolate(world, colo, parts));
  }

  async run(): Promise<void> {
    const world = this.#world;
    for (let step = 0; step < 45; step += 1) {
      this.#act();
      await this.#passTo(world.atMs + world.between(0, world.draw() < 0.15 ? 12_000 : 1_800));
    }
    world.isJournalDown = false;
    const untilAtMs = world.atMs + 2 * this.#boundMs;
    while (world.atMs < untilAtMs) {
      for (const isolate of this.#isolates) isolate.attend();
      await this.#passTo(world.atMs + 2_000);
    }
  }

  #act(): void {
    const { draw } = this.#world;
    const isolate = this.#any(this.#isolates);
    if (draw() < this.#misfortune) return this.#suffer();
    const drawn = draw();
    if (drawn < 0.35) isolate.attend();
    else if (drawn < 0.4) isolate.seek();
    else if (drawn < 0.73) void this.#fill(isolate);
    else void this.#purge(isolate);
  }

  #any<T>(choices: readonly T[]): T {
    return choices[this.#world.between(0, choices.length - 1)] as T;
  }

  async #fill(isolate: SimulatedIsolate): Promise<void> {
    this.#fills.push(await isolate.fill(this.#any(tags)));
  }

  async #purge(isolate: SimulatedIsolate): Promise<void> {
    const mode = this.#world.draw() < 0.7 ? "hard" : "soft";
    const accepted = await isolate.purge(this.#any(tags), mode);
    if (accepted !== undefined) this.#appended.get(keyOf(accepted))?.readBy.add(isolate);
  }

  /** What may happen to a journal. */
  #suffer(): void {
    const world = this.#world;
    const { stream, atMs, settings } = world;
    const oldestKept = stream.items.at(-settings.newestCount)?.id ?? "0-0";
    const failOver = () => this.#lose(() => stream.loseNewest(world.between(1, 3), atMs));
    this.#any([
      failOver,
      failOver,
      () => this.#lose(() => stream.loseAll(atMs)),
      () => this.#lose(() => stream.restore(this.#any(this.#backups), atMs)),
      () => this.#backups.push(stream.items),
      () => stream.trimBefore(oldestKept, atMs),
      () => (world.isJournalDown = !world.isJournalDown),
    ])();
  }

  #lose(happen: () => void): void {
    this.#takeNote();
    happen();
    // The clock of a server that takes over may be behind: the same IDs are minted again.
    this.#world.serverBehindMs = this.#any([0, 0, 3_000, 20_000]);
    const standing = new Set(this.#standing().map(keyOf));
    for (const [key, appended] of this.#appended) {
      if (standing.has(key)) continue;
      appended.lostAtMs = this.#world.atMs;
      appended.countsFromMs = Infinity;
      appended.missedBy = this.#isolates.filter(({ view }) => view.chain?.knows(appended.entry));
    }
  }

  #standing(): Entry[] {
    return this.#world.stream.items.map(({ id, fields }) => decodeEntry(id, fields));
  }

  /** Of what has come into the journal, and of who has read it. */
  #takeNote(): void {
    const { atMs } = this.#world;
    for (const entry of this.#standing()) {
      if (this.#appended.has(keyOf(entry))) continue;
      const since = { appendedAtMs: atMs, countsFromMs: atMs, lostAtMs: Infinity };
      this.#appended.set(keyOf(entry), { entry, ...since, readBy: new Set(), missedBy: [] });
    }
    for (const isolate of this.#isolates) {
      for (const entry of isolate.view.chain?.entries ?? []) {
        this.#appended.get(keyOf(entry))?.readBy.add(isolate);
      }
    }
    for (const appended of this.#appended.values()) this.#noticeLossOf(appended);
  }

  /** Somebody who had it has read a journal without it: from then on all have to know. */
  #noticeLossOf(appended: Appended): void {
    const { atMs, settings } = this.#world;
    const { lostAtMs, missedBy } = appended;
    const hasNoticed = missedBy.some(
      ({ view, offsetMs }) => view.sentAtMs - offsetMs > lostAtMs + settings.replicaLagMs,
    );
    if (hasNoticed) appended.countsFromMs = Math.min(appended.countsFromMs, atMs);
  }

  async #passTo(atMs: number): Promise<void> {
    const dueAtMs = Array.from(
      this.#appended.values(),
      ({ countsFromMs }) => countsFromMs + this.#boundMs + 1,
    ).filter((due) => due > this.#world.atMs && due < atMs);
    for (const stop of [...dueAtMs.toSorted((a, b) => a - b), atMs]) {
      await this.#world.passTo(stop, () => this.#takeNote());
      for (const isolate of this.#isolates) {
        for (const fill of this.#fills) this.#probe(isolate, fill);
      }
    }
  }

  #probe(isolate: SimulatedIsolate, fill: SimulatedFill): void {
    const judged = isolate.judge(fill);
    this.judgedCount += 1;
    if (judged.kind === "usable") this.usableCount += 1;
    for (const appended of this.#appended.values()) {
      if (!covers(appended, fill) || !isBreach(judged, appended.entry)) continue;
      const { readBy, appendedAtMs, countsFromMs } = appended;
      const fromMs = readBy.has(isolate) ? appendedAtMs : countsFromMs;
      const lateMs = this.#world.atMs - fromMs - this.#boundMs;
      if (lateMs > 0) this.violations.push(`${lateMs} ms late: ${told(appended, fill, judged)}`);
    }
  }
}

function covers({ entry, appendedAtMs }: Appended, fill: SimulatedFill): boolean {
  if (fill.generatedAtMs >= appendedAtMs) return false;
  return entry.targets.tags.some((tag) => tag === "everything" || tag === `tag:${fill.tag}`);
}

/** A hard purge forbids any use, a soft one makes stale. */
function isBreach(judged: PurgeJudgement, { mode }: Entry): boolean {
  if (judged.kind === "usable") return true;
  return mode === "hard" && judged.kind === "purged" && judged.mode === "soft";
}

function told({ entry }: Appended, { generatedAtMs, metadata }: SimulatedFill, judged: unknown) {
  return JSON.stringify({ judged, generatedAtMs, stamp: metadata.stamp, entry });
}

function keyOf({ position, n }: EntryPlace): string {
  return `${position} ${n}`;
}
