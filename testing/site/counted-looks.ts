// Opens two colos of one site over one Redis and one clock, and counts the lookups in Redis.
import type { ConfigInput } from "../../src/config/schema.ts";
import { FakeClock } from "../fakes/fake-clock.ts";
import { FakeUpstash } from "../fakes/fake-upstash.ts";
import { openColos, type Site, type SiteOptions } from "./harness.ts";
import type { Script } from "../fakes/origin-in-process.ts";

export function openPair(options: SiteOptions = {}) {
  const clock = options.clock ?? new FakeClock();
  const upstash = options.upstash ?? new FakeUpstash(clock);
  const [near, far] = openColos(2, { ...options, clock, upstash }) as [Site, Site];
  const looks = () => upstash.commands.filter((name) => name === "GETRANGE").length;
  return { clock, near, far, upstash, looks };
}

export function openCounted(origin: Script, config: ConfigInput = {}) {
  const pair = openPair({ origin, config });
  /** Returns the number of lookups of a request to `near`. */
  const looksFor = async (path: string, init = {}) => {
    const before = pair.looks();
    const seen = await pair.near.get(path, init);
    return { ...seen, looks: pair.looks() - before };
  };
  return { ...pair, looksFor };
}
