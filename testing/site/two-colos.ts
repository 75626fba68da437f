// Opens one site in two colos with one journal, one database and one clock. Vitest's fake timers
// let a test pass a read-back without waiting in real time.
import { afterEach, beforeEach, vi } from "vitest";
import type { ConfigInput } from "../../src/config/schema.ts";
import { decodeEntry, type Entry } from "../../src/purge/journal/entry.ts";
import { FakeClock } from "../fakes/fake-clock.ts";
import { type AskInit, idle, openSite, type Site } from "./harness.ts";
import type { Script } from "../fakes/origin-in-process.ts";
import { UnsteadyUpstash } from "../fakes/unsteady-upstash.ts";

export function playTimers(): void {
  beforeEach(() => void vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout"] }));
  afterEach(() => void vi.useRealTimers());
}

/** Advances the clock and the timers together in steps of 100 ms. */
export async function pass(clock: FakeClock, seconds: number): Promise<void> {
  for (let passed = 0; passed < seconds * 10; passed += 1) {
    clock.advance(0.1);
    await vi.advanceTimersByTimeAsync(100);
    await idle();
  }
}

/** The default N, plus the second in which an isolate joins purges into one entry. */
export const withinSeconds = 10 + 1;

export class TwoColos {
  readonly clock = new FakeClock();
  readonly upstash = new UnsteadyUpstash(this.clock);
  readonly near: Site;
  readonly far: Site;
  readonly #settings: { config: ConfigInput; origin: Script };

  constructor(config: ConfigInput, origin: Script) {
    this.#settings = { config, origin };
    this.near = this.open("HAM");
    this.far = this.open("NRT");
  }

  open(colo: string): Site {
    const { clock, upstash } = this;
    const env = { COLO: colo, ADMIN_TOKEN: "admin-of-this-site" };
    return openSite({ ...this.#settings, clock, upstash, env });
  }

  /** The purges in the journal that came from invalidation by unsafe requests. */
  get entries(): Entry[] {
    const items = this.upstash.journal.range(["-", "+"]);
    const entries = items.map(([id, fields]) => decodeEntry(id, fields));
    return entries.filter(({ by }) => by === "invalidation");
  }

  pass(seconds: number): Promise<void> {
    return pass(this.clock, seconds);
  }
}

/** Sends a request. Does not wait for background work that depends on timers. */
export async function ask(site: Site, path: string, init: AskInit = {}) {
  const response = await site.ask(path, init);
  const text = await response.text();
  await idle();
  const cacheStatus = response.headers.get("cache-status") ?? "";
  return { text, cacheStatus, isHit: cacheStatus.includes("; hit") };
}

export const write = (site: Site, path: string, headers: Record<string, string> = {}) =>
  ask(site, path, { method: "POST", headers });

export async function statsOf(site: Site) {
  const { text } = await ask(site, "/_cache/stats", {
    headers: { authorization: "Bearer admin-of-this-site" },
  });
  return JSON.parse(text) as { invalidations: unknown };
}
