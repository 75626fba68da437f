// Random histories of views. Invariant: a response that was generated before a purge of it does not
// answer later than N + max(0, ε + L − A) after the purge. ε is the maximum clock difference, and L
// the maximum replica lag. A stored response is in every tier at once, so the order of writes does
// not matter. No isolate marks a loss if nothing was lost. With `sendsPositions`, readers send the position of each purge until the end of N, and
// no response that the purge covers may answer them.
import type { SignedOrder } from "../../src/purge/acceptance/acceptance.ts";
import { Course, type History, type HistoryOptions } from "./course.ts";
import { SimulatedWorld } from "./journal-simulator.ts";
import type { SimulatedFill, SimulatedIsolate } from "./simulated-isolate.ts";
import { isNamed, leaves, pages } from "./simulated-pages.ts";
import { type Owed, PromiseLedger } from "./promise-ledger.ts";
import {
  colosOf,
  isTrimmed,
  misfortuneShare,
  settingsOf,
  type WorldKind,
} from "./simulated-weather.ts";

export function historyOf(seed: number, options: HistoryOptions = {}): Promise<History> {
  const { kind = "ordinary", tell, trace } = options;
  const world = new SimulatedWorld(settingsOf(seed, kind), { tell, trace });
  return new ViewCourse(world, options).played();
}

const stepCount = 28;
/** Above this number of isolates, each step has several events. */
const crowdMin = 20;

class ViewCourse extends Course {
  withheldCount = 0;
  readonly #ledger: PromiseLedger;
  readonly #isolates: SimulatedIsolate[];
  readonly #fills: SimulatedFill[] = [];
  /** For each response, the purges that cover it. */
  readonly #owedOf = new Map<SimulatedFill, Owed[]>();
  readonly #suffer: () => void;
  /** The probability that an event is a fault of the journal. */
  readonly #misfortune: number;
  readonly #sent: SignedOrder[] = [];
  readonly #sendsPositions: boolean;

  constructor(world: SimulatedWorld, options: HistoryOptions) {
    super(world, options);
    const { isolateCount, sendsPositions = false } = options;
    this.#sendsPositions = sendsPositions;
    this.#ledger = new PromiseLedger(world, (owed) => {
      for (const [fill, owedOf] of this.#owedOf) if (isCovered(fill, owed)) owedOf.push(owed);
    });
    this.#misfortune = misfortuneShare(world, this.kind);
    this.#isolates = colosOf(world, { isolateCount }).map((colo) => this.begin(colo));
    this.#suffer = this.misfortunes(
      () => this.#isolates,
      () => this.#ledger.afterLoss(this.#isolates),
    );
    world.time.afterEach = () => {
      for (const isolate of this.#isolates) {
        if (this.#ledger.note(isolate)) this.#tellView(isolate);
      }
    };
  }

  protected async run(): Promise<void> {
    const world = this.world;
    for (let step = 0; step < stepCount; step += 1) {
      if (this.#isolates.length > crowdMin) this.#actAsCrowd();
      else this.#act();
      await this.#passTo(world.atMs + world.between(0, world.draw() < 0.2 ? 12_000 : 1_800));
    }
    // Send requests for another 12 s, without faults, so that most deadlines pass.
    world.isRedisDown = false;
    const untilAtMs = world.atMs + 12_000;
    while (world.atMs < untilAtMs) {
      for (const isolate of this.#busy) void isolate.arrive();
      await this.#passTo(world.atMs + 3_000);
    }
    this.violations.push(...this.#ledger.falseMarks);
  }

  /** Keeps all views warm, because a few events reach only a few of many isolates. */
  #actAsCrowd(): void {
    for (const isolate of this.#isolates) void isolate.arrive();
    for (let left = this.#isolates.length / 20; left > 0; left -= 1) this.#act();
  }

  #act(): void {
    const { draw, any } = { draw: this.world.draw, any: this.world.any.bind(this.world) };
    const isolate = any(this.#busy);
    if (draw() < this.#misfortune) return this.#suffer();
    const drawn = draw();
    if (drawn < arrivalShare(this.kind)) void isolate.arrive();
    else if (drawn < 0.4) this.#requestAny(isolate);
    else if (drawn < (this.kind === "gapped" ? 0.85 : 0.7)) void this.#fill(isolate);
    else if (drawn < 0.97) void this.#purge(isolate);
    else this.#replace(isolate);
  }

  #replace(isolate: SimulatedIsolate): void {
    this.#isolates[this.#isolates.indexOf(isolate)] = this.begin(isolate.place.colo);
  }

  /** Requests a response; all if epochs have gaps, because a read of epochs helps the next requests. */
  #requestAny(isolate: SimulatedIsolate): void {
    if (this.#fills.length === 0) return;
    const fills = this.kind === "gapped" ? this.#fills : [this.world.any(this.#fills)];
    for (const fill of fills) void this.#request(isolate, fill);
  }

  async #request(isolate: SimulatedIsolate, fill: SimulatedFill): Promise<void> {
    const answer = await isolate.request(fill);
    this.judgedCount += 1;
    if (answer !== undefined) this.usableCount += 1;
    this.world.tell(() => `${isolate.name} is asked for ${fill.page}: ${answer ?? "forwards"}`);
  }

  async #fill(isolate: SimulatedIsolate): Promise<void> {
    const { world } = isolate;
    const fill = await isolate.fill(world.any(pages), world.any(leaves));
    this.#fills.push(fill);
    this.#owedOf.set(
      fill,
      Array.from(this.#ledger.all).filter((owed) => isCovered(fill, owed)),
    );
  }

  async #purge(isolate: SimulatedIsolate): Promise<void> {
    const order = this.#orderFor(isolate);
    const { failedCount } = isolate.redis;
    const accepted = await isolate.accept(order);
    const all = accepted.map((entry) => this.#ledger.accepted(entry, isolate));
    const last = all.at(-1);
    if (last === undefined) return;
    for (let left = this.#sendsPositions ? 3 : 0; left > 0; left -= 1)
      void this.#sendPosition(last);
    await Promise.all(all.map((owed) => this.#stoodUpFor(owed, isolate, failedCount)));
  }

  /** Requests, at any isolate and time before the end of N, each response that the purge covers. */
  async #sendPosition(owed: Owed): Promise<void> {
    const { time, settings } = this.world;
    const { entry, appendedAtMs } = owed;
    await time.sleep(this.world.between(0, settings.maxLagMs.usual));
    const isolate = this.world.any(this.#busy);
    const reach = await isolate.view.reaches(entry, isolate.requester);
    for (const fill of this.#fills.filter((each) => isCovered(each, owed))) {
      const answer = isolate.answer(fill, reach);
      const isForbidden = answer === "fresh" || (answer === "stale" && entry.mode === "hard");
      if (isForbidden)
        this.#tellBreach({ isolate, fill, owed, lateMs: this.world.atMs - appendedAtMs });
      else this.withheldCount += 1;
    }
  }

  #orderFor(isolate: SimulatedIsolate): SignedOrder {
    const { world } = isolate;
    const isAgain = this.kind === "resending" && this.#sent.length > 0 && world.draw() < 0.5;
    if (isAgain) {
      const order = world.any(this.#sent.slice(-3));
      world.tell(() => `${isolate.name} is sent the purge ${order.id} again`);
      return order;
    }
    const mode = world.draw() < 0.75 ? "hard" : "soft";
    const page = world.any(pages);
    const order = isolate.orderOf(page, mode);
    world.tell(() => `${isolate.name} is sent a ${mode} purge of ${page}, ${order.id}`);
    this.#sent.push(order);
    return order;
  }

  /**
   * Applies rule 22: an entry that was lost before its read-back is appended again, if its isolate
   * reached the journal. The bound for all isolates then begins now, unless it began earlier. One
   * read-back may cover entries that were accepted up to a second apart, or N/10 if that is less.
   */
  async #stoodUpFor(owed: Owed, isolate: SimulatedIsolate, failedCount: number): Promise<void> {
    const { time, settings } = this.world;
    const togetherMs = Math.min(1_000, settings.maxLagMs.usual / 10);
    await time.sleep(settings.maxLagMs.usual / 2 - togetherMs - 1);
    const { lostAtMs } = owed;
    await time.sleep(togetherMs + 4 * settings.wayMs + 2);
    const wasReached = isolate.redis.failedCount === failedCount;
    if (lostAtMs === Infinity || owed.lostAtMs !== lostAtMs || !wasReached) return;
    owed.countsFromMs = Math.min(owed.countsFromMs, this.world.atMs);
  }

  async #passTo(atMs: number): Promise<void> {
    const { settings, time } = this.world;
    const stops = new Set<number>();
    for (const owed of this.#ledger.all) {
      for (const maxLagMs of Object.values(settings.maxLagMs)) {
        const afterMs = this.#ledger.dueAtMs(owed, undefined, maxLagMs) + 1;
        if (afterMs > time.atMs && afterMs < atMs) stops.add(afterMs);
      }
    }
    for (const stop of [...Array.from(stops).sort((a, b) => a - b), atMs]) {
      await time.passTo(stop);
      for (const isolate of this.#busy) this.#probe(isolate);
    }
  }

  /** The isolates that receive requests; all if each is idle. */
  get #busy(): readonly SimulatedIsolate[] {
    const busy = this.#isolates.filter(({ isIdle }) => !isIdle);
    return busy.length > 0 ? busy : this.#isolates;
  }

  /** Requests each response with a passed deadline, again if the view or the deadlines changed. */
  #probe(isolate: SimulatedIsolate): void {
    const { atMs, settings } = this.world;
    const version = this.#ledger.versionOf(isolate);
    for (const [fill, owedOf] of this.#owedOf) {
      let dueCount = 0;
      for (const owed of owedOf) {
        if (this.#ledger.dueAtMs(owed, isolate, settings.maxLagMs[fill.page]) < atMs) dueCount += 1;
      }
      if (dueCount === 0) continue;
      const probed = isolate.probed.get(fill);
      if (probed?.version === version && probed.dueCount === dueCount) continue;
      isolate.probed.set(fill, { version, dueCount });
      const answer = isolate.answer(fill);
      if (answer !== undefined) this.#weigh(isolate, fill, answer);
    }
  }

  #weigh(isolate: SimulatedIsolate, fill: SimulatedFill, answer: "fresh" | "stale"): void {
    const { atMs, settings } = this.world;
    for (const owed of this.#owedOf.get(fill) ?? []) {
      const lateMs = atMs - this.#ledger.dueAtMs(owed, isolate, settings.maxLagMs[fill.page]);
      const isForbidden = owed.entry.mode === "hard" || answer === "fresh";
      if (lateMs > 0 && isForbidden) this.#tellBreach({ isolate, fill, owed, lateMs });
    }
  }

  #tellBreach(found: {
    isolate: SimulatedIsolate;
    fill: SimulatedFill;
    owed: Owed;
    lateMs: number;
  }) {
    const { isolate, fill, owed, lateMs } = found;
    const { stamp, colo, requestedAtMs } = fill.stored.metadata;
    const { page, leave, generatedAtMs } = fill;
    const told = { page, leave, generatedAtMs, stamp, colo, requestedAtMs, purge: owed.entry };
    this.breach(`${lateMs} ms late, ${isolate.name} answers with ${JSON.stringify(told)}`);
  }

  #tellView({ name, view }: SimulatedIsolate): void {
    this.world.tell(() => {
      const places = view.tail.chain?.entries.slice(-4).map(({ position }) => position) ?? [];
      return `${name} has read up to ${places.join(" ")}, asked at ${view.tail.sentAtMs - 1_000_000}`;
    });
  }
}

/**
 * Returns the share of events that only renew a view. The share is smaller where journals are
 * trimmed, because only requests for responses read epochs.
 */
function arrivalShare(kind: WorldKind): number {
  return isTrimmed(kind) ? 0.1 : 0.3;
}

function isCovered({ generatedAtMs, page }: SimulatedFill, { entry, appendedAtMs }: Owed): boolean {
  return generatedAtMs < appendedAtMs && isNamed(entry.targets, page);
}
