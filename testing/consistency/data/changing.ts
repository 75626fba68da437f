// The operations of a client that changes the source. The client writes through the cache, or
// writes without the cache and then purges by any kind of target. It retries purges at other
// places.
import { setTimeout as delay } from "node:timers/promises";
import type { Mode } from "../checker/operations.ts";
import type { Draws } from "../../draws.ts";
import type { Call } from "./calls.ts";
import type { Caller, Told } from "./caller.ts";
import { covers } from "./checker/coverage.ts";
import type { DataOrder, DataPurge } from "./checker/operations.ts";
import type { DataNode } from "./data-site.ts";
import { allKeys, ordersCovering, type UsedKey } from "./keys.ts";
import type { DataRecorder } from "./recorder.ts";
import type { Source } from "./source.ts";

const triesMax = 4;
/** The share of value changes that are written through. */
const throughShare = 0.5;
const softShare = 0.35;
/** The probability that an order for a whole namespace is among those to draw from. */
const wideShare = 0.2;
/** The share of other covered keys that are written together with a key. */
const besideShare = 0.5;

export class Changing {
  readonly #caller: Caller;
  readonly #recorder: DataRecorder;
  readonly #source: Source;
  readonly #places: readonly DataNode[];
  readonly #keys: readonly UsedKey[];
  /** The end of the last work on each key. */
  readonly #locks = new Map<string, Promise<unknown>>();
  #purges = 0;

  constructor(given: {
    caller: Caller;
    recorder: DataRecorder;
    source: Source;
    places: readonly DataNode[];
    keys: readonly UsedKey[];
  }) {
    this.#caller = given.caller;
    this.#recorder = given.recorder;
    this.#source = given.source;
    this.#places = given.places;
    this.#keys = given.keys;
  }

  async change(place: DataNode, draws: Draws): Promise<void> {
    const key = draws.oneOf(this.#keys);
    if (key.isSet) return this.#locked(key, () => this.#set(place, key, draws));
    const isThrough = key.space !== "parts" && draws.isLucky(throughShare);
    return isThrough ? this.#writeThrough(place, key, draws) : this.#writeAside(place, key, draws);
  }

  /** Purges one key hard. @returns whether the purge was finally accepted */
  async purgeWhole({ path }: UsedKey, triesLeft: number, draws: Draws): Promise<boolean> {
    const order = { keys: [path] };
    for (let tries = 0; tries < triesLeft; tries += 1) {
      if (await this.#purged(draws.oneOf(this.#places), order, "hard")) return true;
      await delay(500);
    }
    return false;
  }

  async #writeThrough(place: DataNode, { space, name, path }: UsedKey, draws: Draws) {
    const id = this.#source.newId();
    const before = this.#source.versionAt(path);
    const told = await this.#caller.ask(place, { op: "write", space, name, id });
    const version = this.#source.versionOf(path, id);
    const { answer, isolate, returnedAtMs: toldAtMs } = told;
    if (answer !== undefined) {
      const newest = Math.max(before, version ?? 0);
      this.#recorder.told.push({ isolate, path, version: newest, toldAtMs });
    }
    if (answer?.kind === "done" && version === undefined) {
      this.#recorder.broken.push(`${isolate} said that ${path} was written as ${id}: it was not`);
    }
    const sentAtMs = this.#source.committedAtMs(path, id) ?? told.invokedAtMs;
    this.#note({ by: "write", order: { keys: [path] }, mode: "hard" }, { ...told, sentAtMs });
    if (answer?.kind !== "done") await this.#untilAccepted(place, { keys: [path] }, "hard", draws);
  }

  async #writeAside(place: DataNode, key: UsedKey, draws: Draws): Promise<void> {
    const orders = ordersCovering(key).filter(
      ({ prefixes = [] }) => !prefixes.includes(key.space) || draws.isLucky(wideShare),
    );
    const order = draws.oneOf(orders);
    const mode = draws.isLucky(softShare) ? "soft" : "hard";
    this.#commit(key);
    for (const other of this.#keys) {
      const isBeside = other !== key && !other.isSet && covers(order, other);
      if (isBeside && draws.isLucky(besideShare)) this.#commit(other);
    }
    await this.#untilAccepted(place, order, mode, draws);
  }

  /**
   * Sets a value, which must end older ones like a purge. Purges the key if the value was not set, and
   * sometimes in addition. No other client writes the row meanwhile, so that the set value equals the
   * row.
   */
  async #set(place: DataNode, key: UsedKey, draws: Draws): Promise<void> {
    const { space, name, path } = key;
    const id = this.#commit(key);
    const order = { keys: [path] };
    const set = async () => {
      const told = await this.#caller.ask(place, { op: "set", space, name, id });
      const by = { by: "set", order, mode: "hard" } as const;
      return this.#note(by, { ...told, sentAtMs: told.invokedAtMs });
    };
    const isFirst = draws.isLucky(0.7);
    if (isFirst && (await set()) && draws.isLucky(0.7)) return;
    await this.#untilAccepted(place, order, draws.oneOf(["hard", "soft"]), draws);
    if (!isFirst) await set();
  }

  #commit({ path }: UsedKey): string {
    const id = this.#source.newId();
    this.#source.commit(path, id);
    return id;
  }

  async #untilAccepted(place: DataNode, order: DataOrder, mode: Mode, draws: Draws) {
    let at = place;
    for (let tries = 1; tries <= triesMax; tries += 1) {
      if (await this.#purged(at, order, mode)) return;
      await delay(200 * tries);
      at = draws.oneOf(this.#places);
    }
  }

  async #purged(place: DataNode, order: DataOrder, mode: Mode): Promise<boolean> {
    const call = callOf(order, mode);
    const told = await this.#caller.ask(place, call);
    return this.#note({ by: call.op, order, mode }, { ...told, sentAtMs: told.invokedAtMs });
  }

  #note(
    what: Pick<DataPurge, "by" | "order" | "mode">,
    told: Told & Pick<DataPurge, "sentAtMs">,
  ): boolean {
    const { answer, isolate, sentAtMs, returnedAtMs } = told;
    const id = `${(this.#purges += 1)}`;
    const common = { ...what, id, isolate, sentAtMs, returnedAtMs };
    if (answer?.kind !== "done") {
      const outcome = answer === undefined ? "unknown" : "refused";
      this.#recorder.purges.push({ ...common, outcome });
      return false;
    }
    const { position } = answer;
    const placed = position === undefined ? {} : { position };
    this.#recorder.purges.push({ ...common, outcome: "accepted", ...placed });
    return true;
  }

  async #locked({ path }: UsedKey, work: () => Promise<void>): Promise<void> {
    const before = this.#locks.get(path) ?? Promise.resolve();
    const after = before.then(work);
    this.#locks.set(path, after);
    await after;
  }
}

/** Returns the call for an order. Uses a shorthand of the namespace if there is one. */
function callOf(order: DataOrder, mode: Mode): Call {
  const [path = ""] = order.keys ?? [];
  const key = allKeys.find((one) => one.path === path);
  const whole = allKeys.find(({ space }) => order.prefixes?.includes(space));
  const isOne = key !== undefined && order.keys?.length === 1 && order.tags === undefined;
  if (isOne) return { op: mode === "soft" ? "expire" : "delete", space: key.space, name: key.name };
  if (whole !== undefined && mode === "hard") return { op: "clear", space: whole.space };
  return { op: "purge", space: "steady", order, soft: mode === "soft" };
}
