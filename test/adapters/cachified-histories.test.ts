// Random histories of cachified in two isolates: calls, forced loads, refreshes, lookups and purges in any
// order. No lookup may return a version from before a purge, past its bound.
import { type Cache, cachified } from "@epic-web/cachified";
import { afterEach, beforeEach, expect, it, vi } from "vitest";
import { cachifiedCache, type CachifiedEntry } from "../../src/adapters/cachified.ts";
import { DataIsolate } from "../../testing/data/data-isolate.ts";
import { Draws } from "../../testing/draws.ts";
import { shareOf } from "../../testing/histories.ts";
import { idle } from "../../testing/site/harness.ts";

beforeEach(() => void vi.useFakeTimers({ toFake: ["Date"] }));
afterEach(() => void vi.useRealTimers());

const lagMs = 10_000;

/** Two isolates, and a source whose version grows. A load takes its version when it begins. */
class World {
  readonly #draws: Draws;
  readonly #isolates: readonly DataIsolate[];
  readonly #caches: readonly Cache[];
  #version = 1;
  readonly #purges: { version: number; atMs: number; by: number }[] = [];
  readonly #loads: (() => void)[] = [];
  foundCount = 0;
  readonly violations: string[] = [];

  constructor(seed: number) {
    this.#draws = new Draws(seed);
    const first = new DataIsolate();
    this.#isolates = [first, first.elsewhere()];
    this.#caches = this.#isolates.map(({ data }) =>
      cachifiedCache(data.namespace<CachifiedEntry>("a", { fresh: "1d", tags: ["red"] })),
    );
    this.#advance(0);
  }

  #advance(ms: number): void {
    const [{ clock } = new DataIsolate()] = this.#isolates;
    clock.advance(ms / 1_000);
    vi.setSystemTime(clock.nowAtMs());
  }

  /** Runs one step. Steps have some milliseconds between them. */
  async step(): Promise<void> {
    const draws = this.#draws;
    this.#advance(draws.oneOf([3, 3, 10, 500, 2_000, 6_000, 15_000]));
    const of = draws.oneOf([0, 1]);
    const key = draws.oneOf(["42", "42", "41"]);
    const does = draws.oneOf(["call", "call", "call", "load", "load", "look", "purge"] as const);
    if (does === "call") this.#call(of, key);
    if (does === "load") draws.shuffled(this.#loads.splice(0, 2)).forEach((end) => end());
    if (does === "look") await this.#look(of, key);
    if (does === "purge") await this.#change(of);
    await idle();
  }

  #call(of: number, key: string): void {
    const cache = this.#caches[of] as Cache;
    const options = this.#draws.oneOf([
      { ttl: 60_000 },
      { ttl: 5_000, swr: 60_000 },
      { ttl: 5_000 },
      { ttl: 60_000, forceFresh: true },
    ]);
    const getFreshValue = () => {
      const version = this.#version;
      const gate = Promise.withResolvers<number>();
      this.#loads.push(() => gate.resolve(version));
      return gate.promise;
    };
    void cachified({ key, cache, getFreshValue, ...options });
  }

  async #change(of: number): Promise<void> {
    this.#version += 1;
    const version = this.#version;
    await this.#isolates[of]?.data.purge({ tags: ["red"] });
    this.#purges.push({ version, atMs: Date.now(), by: of });
  }

  async #look(of: number, key: string): Promise<void> {
    const entry = (await this.#caches[of]?.get(key)) as CachifiedEntry<number> | undefined;
    if (entry === undefined) return;
    this.foundCount += 1;
    const isDue = ({ by, atMs }: { by: number; atMs: number }) =>
      by === of || atMs + lagMs <= Date.now();
    const purged = Math.max(0, ...this.#purges.filter(isDue).map(({ version }) => version));
    if (entry.value < purged) this.violations.push(`${key} in ${of}: ${entry.value} < ${purged}`);
  }
}

it("no history shows an older version past the bound of a purge", async () => {
  let foundCount = 0;
  for (let seed = 1; seed <= shareOf(120); seed += 1) {
    const world = new World(seed);
    for (let steps = 0; steps < 60; steps += 1) await world.step();
    expect([seed, world.violations]).toEqual([seed, []]);
    foundCount += world.foundCount;
  }
  expect(foundCount).toBeGreaterThan(shareOf(150));
});
