// Opens three colos with one database and one clock, and sends crowds to all of them. Their route
// collapses requests over all colos. Vitest's timers and the clock advance together.
// Needs parts: global-collapse.
import { globalCollapse } from "../../src/parts/global-collapse/global-collapse.ts";
import type { RouteInput } from "../../src/config/route-options.ts";
import { FakeClock } from "../fakes/fake-clock.ts";
import { FakeUpstash } from "../fakes/fake-upstash.ts";
import { type AskInit, idle, openColos, read, type Seen, type Site } from "./harness.ts";
import { cc, type Gate, type Script } from "../fakes/origin-in-process.ts";
import { pass } from "./two-colos.ts";

export class Colos {
  readonly clock = new FakeClock();
  readonly upstash = new FakeUpstash(this.clock);
  readonly sites: Site[];

  constructor(script: Script, route: Partial<RouteInput> = {}, limits: object = {}) {
    const routes = [{ name: "all", match: "*", use: [globalCollapse()], ...route }];
    this.sites = openColos(3, {
      clock: this.clock,
      upstash: this.upstash,
      config: { routes, limits },
      origin: script,
    });
  }

  get origin() {
    return this.first.origin;
  }

  get first(): Site {
    return this.sites[0]!;
  }

  async meetOrigin(): Promise<this> {
    for (const site of this.sites) await site.meetOrigin();
    return this;
  }

  ask(site: Site, init: AskInit = {}): Promise<Seen> {
    return site.ask("/a", init).then(read);
  }

  /** Sends this many requests at once in each colo. */
  crowd(count = 20, init: (nth: number) => AskInit = () => ({})): Promise<Seen[]> {
    const each = Array.from({ length: count * this.sites.length }, (_, nth) => nth);
    return Promise.all(each.map((nth) => this.ask(this.sites[nth % 3]!, init(nth))));
  }

  async pass(seconds: number): Promise<void> {
    await idle();
    await pass(this.clock, seconds);
  }

  get locks(): string[] {
    return [...this.upstash.locks.values()].map(({ value }) => value);
  }
}

export const fresh = cc("max-age=60");
export const texts = (seen: readonly Seen[]) =>
  Array.from(new Set(seen.map(({ text }) => text))).sort();
export const told = (seen: readonly Seen[], what: string) =>
  seen.filter(({ cacheStatus }) => cacheStatus.includes(what)).length;

/** Returns a script whose first answer waits for a gate. */
export function behind(gate: Gate, script: Script): Script {
  return async (request, nth) => {
    if (nth === 1) await gate.opened;
    return script(request, nth);
  };
}
