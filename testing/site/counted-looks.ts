// Two colos of one site, with a count of the Redis lookups of a request.
import type { ConfigInput } from "../../src/config/schema.ts";
import { FakeClock } from "../fakes/fake-clock.ts";
import { FakeUpstash } from "../fakes/fake-upstash.ts";
import { openColos, type Site } from "./harness.ts";
import type { Script } from "../fakes/origin-in-process.ts";

export function openCounted(origin: Script, config: ConfigInput = {}) {
  const clock = new FakeClock();
  const upstash = new FakeUpstash(clock);
  const [near, far] = openColos(2, { clock, upstash, config, origin }) as [Site, Site];
  const looks = () => upstash.commands.filter((name) => name === "GETRANGE").length;
  /** Returns the number of lookups of a request to `near`. */
  const looksFor = async (path: string, init = {}) => {
    const before = looks();
    const seen = await near.get(path, init);
    return { ...seen, looks: looks() - before };
  };
  return { clock, near, far, upstash, looks, looksFor };
}
