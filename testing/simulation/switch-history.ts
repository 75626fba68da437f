// Random histories of the switch, in the same world as histories of views. Invariants: a read
// returns a post that the key has, or had less than N + max(0, ε + L − A) ago, or a newer one. No
// isolate returns to an older post. A lost post that an isolate remembers is posted again, unless
// the isolate cannot reach the journal. It never replaces a newer post, nor one accepted later.
import { isNewer, readPost } from "../../src/purge/journal/switch-state.ts";
import { stateInKey } from "../../src/stores/redis/journal/switch-key.ts";
import { Course, type History, type HistoryOptions } from "./course.ts";
import { SimulatedWorld } from "./journal-simulator.ts";
import type { SimulatedIsolate } from "./simulated-isolate.ts";
import { configOf } from "./simulated-pages.ts";
import { colosOf, misfortuneShare, settingsOf } from "./simulated-weather.ts";

const stepCount = 40;
const bypasses = [true, false, ["usual"], ["quick"]] as const;

/** The largest difference between the clocks of two colos (`colosOf`). */
const clocksApartMs = 16_000;

/** With at most this delay, the database replies well before a request stops waiting. */
const nearMs = 20;

/**
 * Runs one history of the switch: each judged request reads the state, and each usable answer is that of a
 * post. The same seed gives the same history.
 */
export function switchHistoryOf(seed: number, options: HistoryOptions = {}): Promise<History> {
  const { kind = "ordinary", tell } = options;
  const world = new SimulatedWorld(settingsOf(seed, kind), { tell });
  return new SwitchCourse(world, options).played();
}

class SwitchCourse extends Course {
  readonly #isolates: SimulatedIsolate[];
  readonly #suffer: () => void;
  readonly #misfortune: number;
  /** The newest post that each isolate has used. */
  readonly #used = new Map<SimulatedIsolate, string>();
  /** When each post was first written. */
  readonly #writtenAtMs = new Map<string, number>();
  #lostAtMs = -Infinity;
  /** For each isolate, since when its reads have reached the journal, without a pause of N. */
  readonly #reached = new Map<
    SimulatedIsolate,
    { sinceMs: number; askedAtMs: number; failedCount: number }
  >();
  #lossCount = 0;

  constructor(world: SimulatedWorld, options: HistoryOptions) {
    super(world, options);
    this.#misfortune = misfortuneShare(world, this.kind);
    this.#isolates = colosOf(world).map((colo) => this.begin(colo));
    this.#suffer = this.misfortunes(
      () => this.#isolates,
      () => {
        this.#lossCount += 1;
        this.#lostAtMs = world.atMs;
      },
    );
    world.onAppended = (_, fields) => this.#weighPost(fields);
  }

  protected async run(): Promise<void> {
    const world = this.world;
    for (let step = 0; step < stepCount; step += 1) {
      this.#act();
      await world.time.passTo(world.atMs + world.between(0, world.draw() < 0.2 ? 12_000 : 1_800));
    }
    world.isRedisDown = false;
    for (let turn = 0; turn < 12; turn += 1) {
      for (const isolate of this.#isolates) void this.#ask(isolate);
      await world.time.passTo(world.atMs + 3_000);
    }
  }

  #act(): void {
    const world = this.world;
    if (world.draw() < this.#misfortune) return this.#suffer();
    const isolate = world.any(this.#isolates);
    const drawn = world.draw();
    if (drawn < 0.6) void this.#ask(isolate);
    else if (drawn < 0.85) void this.#post(isolate);
    else if (drawn < 0.95) void isolate.purge("usual", "hard");
    else this.#replace(isolate);
  }

  #replace(isolate: SimulatedIsolate): void {
    this.#isolates[this.#isolates.indexOf(isolate)] = this.begin(isolate.place.colo);
  }

  /** Runs the steps of a request up to its read of the state. */
  async #ask(isolate: SimulatedIsolate): Promise<void> {
    const world = this.world;
    const { allowanceMs, clockErrorMs, replicaLagMs, wayMs } = world.settings;
    const { renewalLagMs } = configOf(world.settings).purge;
    const reachedSinceMs = this.#reachedSinceMs(isolate);
    const { failedCount } = isolate.redis;
    await isolate.arrive()?.();
    const { switched, sentAtMs } = isolate.view.tail;
    this.judgedCount += 1;
    const used = this.#used.get(isolate) ?? "";
    const post = switched?.post ?? "";
    if (isAfter(used, post))
      this.breach(`${isolate.name} returns from ${used} to ${post || "none"}`);
    this.#used.set(isolate, post);
    // If the journal is unreachable, or slower than a request waits, the last state remains.
    const isReached = wayMs <= nearMs && isolate.redis.failedCount === failedCount;
    const isPast = isolate.nowAtMs() - sentAtMs > renewalLagMs - allowanceMs;
    if (isPast && (!isReached || world.isRedisDown)) return;
    if (post !== "") this.usableCount += 1;
    const windowMs = renewalLagMs + Math.max(0, clockErrorMs + replicaLagMs - allowanceMs);
    const held = world.stream.heldSince(world.atMs - windowMs);
    const isOutdated = held.every((text) => isAfter(postIn(text), post));
    // An isolate remembers a lost post. To post it again, it needs a reachable journal.
    const isRemembered = held.every((text) => isAfter(post, postIn(text)));
    const sinceMs = Math.max(reachedSinceMs, this.#lostAtMs);
    const isDue = isRemembered && world.atMs - sinceMs >= windowMs + 12 * wayMs;
    if (!isOutdated && !isDue) return;
    this.breach(`${isolate.name} uses the post ${post || "none"} instead of ${held.join("; ")}`);
  }

  #reachedSinceMs(isolate: SimulatedIsolate): number {
    const { atMs, settings } = this.world;
    const { failedCount } = isolate.redis;
    const before = this.#reached.get(isolate);
    const isOn =
      before?.failedCount === failedCount &&
      atMs - before.askedAtMs < configOf(settings).purge.renewalLagMs;
    const sinceMs = isOn ? before.sinceMs : atMs;
    this.#reached.set(isolate, { sinceMs, askedAtMs: atMs, failedCount });
    return sinceMs;
  }

  async #post(isolate: SimulatedIsolate): Promise<void> {
    const world = this.world;
    const bypass = world.any<boolean | readonly string[]>(bypasses);
    const { failedCount } = isolate.redis;
    const posted = await isolate.acceptances.post(
      { bypass, by: "test", reason: "" },
      isolate.requester,
    );
    world.tell(() => `${isolate.name} posts ${JSON.stringify(bypass)}: ${JSON.stringify(posted)}`);
    if (posted.kind !== "posted") return;
    this.#reached.delete(isolate);
    await this.#isStoodFor(posted.state.post, isolate, failedCount);
  }

  /**
   * Checks rule 22: a post that was lost before the read-back is posted again, if its isolate
   * reached the journal.
   */
  async #isStoodFor(post: string, isolate: SimulatedIsolate, failedCount: number): Promise<void> {
    const { settings, stream, time } = this.world;
    const togetherMs = Math.min(1_000, settings.maxLagMs.usual / 10);
    await time.sleep(settings.maxLagMs.usual / 2 - togetherMs - 1);
    const { held } = stream;
    const before = this.#replacedBy.get(post);
    const lossCount = this.#lossCount;
    // A lost purge is appended again first, and the key may name another post than expected.
    await time.sleep(togetherMs + 10 * settings.wayMs + 4);
    const wasReached = isolate.redis.failedCount === failedCount && this.#lossCount === lossCount;
    if (!wasReached || postIn(held) !== before || stream.held !== held) return;
    this.breach(`${isolate.name} has not posted the lost post ${post} again`);
  }

  /** For each post, the post that it replaced when it was first written. */
  readonly #replacedBy = new Map<string, string>();

  #weighPost(fields: readonly string[]): void {
    // Other isolates learn of a loss by its mark.
    if (fields[fields.indexOf("lost") + 1] !== "") this.#lostAtMs = this.world.atMs;
    const json = fields[fields.indexOf("switch") + 1];
    const written = fields.includes("switch") ? readPost(json ?? "", this.world.atMs) : undefined;
    if (written === undefined) return;
    const { post, replaces } = written;
    if (!this.#replacedBy.has(post)) {
      this.#replacedBy.set(post, replaces);
      this.#writtenAtMs.set(post, this.world.atMs);
    }
    const before = this.#lastHeld;
    const laterMs = this.#writtenMs(before) - this.#writtenMs(post);
    const { clockErrorMs, wayMs } = this.world.settings;
    // A post gets its time before it is written.
    const mostMs = clocksApartMs + clockErrorMs + 3 * wayMs;
    if (isAfter(post, before) && laterMs <= mostMs) return;
    this.breach(`${post} replaces ${before}, ${laterMs} ms newer`);
  }

  #writtenMs(post: string): number {
    return this.#writtenAtMs.get(post) ?? -Infinity;
  }

  /** The post that the key named before the last change of the database. */
  get #lastHeld(): string {
    return postIn(this.world.stream.before.held);
  }
}

const postIn = (text: string): string => stateInKey(text)?.post ?? "";

/** Returns whether a post is newer than another. An empty id is no post. */
const isAfter = (post: string, other: string): boolean =>
  post !== "" && isNewer({ post }, other === "" ? undefined : { post: other });
