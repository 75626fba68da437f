// The operations of a client that does not change the source: all ways to read values and fields,
// to set fields, and to increment a field.
import type { Draws } from "../../draws.ts";
import type { Call } from "./calls.ts";
import type { Caller } from "./caller.ts";
import type { DataRead } from "./checker/operations.ts";
import type { DataNode } from "./data-site.ts";
import type { UsedKey } from "./keys.ts";
import type { DataRecorder } from "./recorder.ts";

/** The share of each call. */
const shares: readonly (readonly [DataRead["by"], number])[] = [
  ["get", 0.25],
  ["getOrSet", 0.25],
  ["page", 0.15],
  ["getMany", 0.12],
  ["getOrSetMany", 0.2],
  ["forced", 0.03],
];
const raisedShare = 0.25;
/** The share of existing fields that are set again. */
const setAgainShare = 0.1;

export class Reading {
  readonly #caller: Caller;
  readonly #recorder: DataRecorder;
  readonly #keys: readonly UsedKey[];

  constructor(given: { caller: Caller; recorder: DataRecorder; keys: readonly UsedKey[] }) {
    this.#caller = given.caller;
    this.#recorder = given.recorder;
    this.#keys = given.keys;
  }

  /** @returns whether the call was answered */
  async readSome(place: DataNode, draws: Draws): Promise<boolean> {
    const key = draws.oneOf(this.#keys);
    if (key.space === "parts") return this.#readFields(place, key, draws);
    const { space, name } = key;
    const by = drawnFor(space, draws);
    const isMany = by === "getMany" || by === "getOrSetMany";
    const names = this.#keys.filter((other) => other.space === space).map((other) => other.name);
    const call = isMany ? { op: by, space, names } : { op: by, space, name };
    const { answer } = await this.#caller.read(place, call as Call, by);
    return answer !== undefined;
  }

  /** Reads until a lookup finds a value, which proves that the cache works. */
  async readUntilFound(place: DataNode, { space, name, path }: UsedKey): Promise<boolean> {
    const { reads } = this.#recorder;
    const before = reads.length;
    if (space === "parts") {
      await this.#caller.read(place, { op: "get-fields", space, name }, "fields");
    } else {
      await this.#caller.read(place, { op: "get", space, name }, "get");
    }
    // Reads at other places may also have been recorded meanwhile.
    const isFound = reads
      .slice(before)
      .some((read) => read.path === path && read.place === place.name);
    if (isFound) return true;
    if (space === "parts") await this.#caller.ask(place, { op: "set-fields", space, name });
    else await this.#caller.read(place, { op: "getOrSet", space, name }, "getOrSet");
    return false;
  }

  async #readFields(place: DataNode, key: UsedKey, draws: Draws): Promise<boolean> {
    const { space, name } = key;
    if (draws.isLucky(raisedShare)) {
      const told = await this.#raise(place, key);
      if (told !== "nothing raised") return told === "raised";
      // A field cannot be raised before the fields are set.
      return this.#setFields(place, key, []);
    }
    const asked = draws.oneOf([[], ["title"], ["title", "text"], ["text", "views"]]);
    const call: Call = { op: "get-fields", space, name, names: asked };
    const { answer } = await this.#caller.read(place, call, "fields");
    if (answer?.kind !== "done") return answer !== undefined;
    if (answer.fields !== undefined && !draws.isLucky(setAgainShare)) return true;
    const parts = key.isWhole ? [] : draws.oneOf([[], ["title"], ["text"], ["text", "views"]]);
    return this.#setFields(place, key, parts);
  }

  /** @param names the parts to set; an empty array means all parts */
  async #setFields(
    place: DataNode,
    { space, name }: UsedKey,
    names: readonly string[],
  ): Promise<boolean> {
    const told = await this.#caller.ask(place, { op: "set-fields", space, name, names });
    return told.answer !== undefined;
  }

  async #raise(
    place: DataNode,
    { space, name, path }: UsedKey,
  ): Promise<"raised" | "nothing raised" | "no answer"> {
    const { increments, counts } = this.#recorder;
    // Record the increment as pending. Other clients may see its effect before its answer, and the
    // checker may run meanwhile.
    const underWay = { path, invokedAtMs: -Infinity, returnedAtMs: Infinity };
    increments.push(underWay);
    const told = await this.#caller.ask(place, { op: "increment", space, name });
    const { answer, invokedAtMs, returnedAtMs } = told;
    const value = answer?.kind === "done" ? answer.count : undefined;
    const ended = { path, invokedAtMs, returnedAtMs, ...(value === undefined ? {} : { value }) };
    increments[increments.indexOf(underWay)] = ended;
    if (value !== undefined) counts.push({ path, atMs: returnedAtMs, value });
    if (answer === undefined) return "no answer";
    return value === undefined ? "nothing raised" : "raised";
  }
}

/**
 * A page lives longer than a value of `brief`, and a `set` of `alone` appends no purge, which would cover the pages of the
 * value.
 */
function drawnFor(space: UsedKey["space"], draws: Draws): DataRead["by"] {
  const by = drawn(draws);
  return by === "page" && (space === "brief" || space === "alone") ? "getOrSet" : by;
}

function drawn(draws: Draws): DataRead["by"] {
  let left = draws.between(0, 1);
  for (const [by, share] of shares) {
    left -= share;
    if (left <= 0) return by;
  }
  return "get";
}
