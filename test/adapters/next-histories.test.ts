// Random histories of both caches of Next.js in two isolates: lookups, loads, forced loads, and purges of each kind in any
// order. No lookup may return a version from before a hard purge, past its bound, nor show one from before a soft purge as
// fresh.
import { afterEach, beforeEach, expect, it, vi } from "vitest";
import { DataIsolate } from "../../testing/data/data-isolate.ts";
import { Draws } from "../../testing/draws.ts";
import { playsAll, shareOf } from "../../testing/histories.ts";
import { idle } from "../../testing/site/harness.ts";
import { entryOf, fetched, openNext, openRequest, textOf, useNextClocks } from "./next-world.ts";

beforeEach(useNextClocks);
afterEach(() => void vi.useRealTimers());

const lagMs = 10_000;
const staleMs = 60_000;
const softTag = "_N_T_/page";

interface Purge {
  readonly version: number;
  readonly atMs: number;
  readonly by: number;
  readonly isSoft: boolean;
}

/** Two isolates, and a source whose version grows. A load takes its version when it begins. */
class World {
  readonly #draws: Draws;
  readonly #isolates: readonly ReturnType<typeof openNext>[];
  readonly #requests: { of: number; request: ReturnType<typeof openRequest> }[] = [];
  readonly #loads: (() => void)[] = [];
  readonly #purges: Purge[] = [];
  #version = 1;
  foundCount = 0;
  readonly violations: string[] = [];

  constructor(seed: number) {
    this.#draws = new Draws(seed);
    const first = new DataIsolate();
    this.#isolates = [first, first.elsewhere()].map((one) => openNext(one, { stale: staleMs }));
  }

  #advance(ms: number): void {
    this.#isolates[0]?.advance(ms / 1_000);
  }

  /** Runs one step. Steps have some milliseconds between them. */
  async step(): Promise<void> {
    const draws = this.#draws;
    this.#advance(draws.oneOf([3, 3, 10, 500, 2_000, 6_000, 15_000, 40_000]));
    const of = draws.oneOf([0, 1]);
    const key = draws.oneOf(["42", "42", "41"]);
    const does = draws.oneOf(["call", "fetch", "call", "fetch", "end", "end", "forced", "purge"]);
    if (does === "call") await this.#call(of, key);
    if (does === "fetch") await this.#fetch(of, key);
    if (does === "forced") this.#load(of, key);
    if (does === "end") draws.shuffled(this.#loads.splice(0, 2)).forEach((end) => end());
    if (does === "purge") await this.#purge(of);
    await idle();
  }

  /** Does what Next.js does for a function with "use cache". */
  async #call(of: number, key: string): Promise<void> {
    const entry = await this.#isolates[of]?.cache.get(key, [softTag]);
    const isStale = entry !== undefined && entry.revalidate < 0;
    if (entry !== undefined) this.#saw(of, { version: Number(await textOf(entry)), isStale });
    if (entry === undefined || isStale) this.#load(of, key);
  }

  #load(of: number, key: string): void {
    this.#advance(this.#draws.oneOf([0, 3, 2_000]));
    const entry = entryOf(String(this.#version), { expire: 300 });
    this.#loads.push(() => void this.#isolates[of]?.cache.set(key, Promise.resolve(entry)));
  }

  /** Does what Next.js does for a fetch, in a new request or in an earlier one. */
  async #fetch(of: number, key: string): Promise<void> {
    const world = this.#isolates[of] as ReturnType<typeof openNext>;
    const own = this.#requests.filter((one) => one.of === of).map(({ request }) => request);
    const request = this.#draws.oneOf([openRequest(world), ...own]);
    this.#requests.push({ of, request });
    if (this.#requests.length > 6) this.#requests.shift();
    const found = await request.get(key, { kind: "FETCH", tags: ["red"], softTags: [softTag] });
    const isStale = found !== null && found.lastModified < 0;
    const data = found?.value?.["data"] as { body: string } | undefined;
    if (data !== undefined) this.#saw(of, { version: Number(data.body), isStale });
    const isDiscarded = this.#draws.oneOf([true, false, false, false]);
    if (found !== null && !isStale && !isDiscarded) return;
    const value = fetched(String(this.#version));
    this.#loads.push(() => void request.set(key, value, { fetchCache: true, tags: ["red"] }));
  }

  async #purge(of: number): Promise<void> {
    this.#version += 1;
    const [version, tag] = [this.#version, this.#draws.oneOf(["red", softTag])];
    const durations = this.#draws.oneOf([{ expire: 0 }, { expire: 30 }, { expire: 3_600 }]);
    await this.#isolates[of]?.cache.updateTags([tag], durations);
    const isSoft = durations.expire === 3_600;
    this.#purges.push({ version, atMs: Date.now(), by: of, isSoft });
  }

  #saw(of: number, { version, isStale }: { version: number; isStale: boolean }): void {
    this.foundCount += 1;
    const broken = this.#purges.find(({ version: since, by, atMs, isSoft }) => {
      const dueAtMs = atMs + (by === of ? 0 : lagMs);
      const endsAtMs = isSoft && isStale ? dueAtMs + staleMs : dueAtMs;
      return version < since && endsAtMs <= Date.now();
    });
    if (broken) this.violations.push(`in ${of}: ${version}, ${JSON.stringify(broken)}`);
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
  expect(foundCount).toBeGreaterThan(playsAll ? 500 : 33);
});
