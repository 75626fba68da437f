// Opens a site with a purge probe in two colos, with traffic each second and a cron trigger each
// minute. A colo's reads of the journal can lag or stall, as those of a replica do.
// Vitest's timers and the clock advance together.
import { vi } from "vitest";
import type { ConfigInput } from "../../../src/config/schema.ts";
import type { OperatorAnswer } from "../../../src/protocol/answers.ts";
import type { CacheFactories } from "../../../src/compose/create-cache.ts";
import { acceptedAtMs, type Entry } from "../../../src/purge/journal/entry.ts";
import { purgeProbe } from "../../../src/parts/probe/probe.ts";
import { RedisJournal } from "../../../src/stores/redis/journal/redis-journal.ts";
import { FakeClock } from "../../../testing/fakes/fake-clock.ts";
import { cc, page, type Script } from "../../../testing/fakes/origin-in-process.ts";
import { UnsteadyUpstash } from "../../../testing/fakes/unsteady-upstash.ts";
import {
  host,
  idle,
  openSite,
  type Site,
  type SiteOptions,
} from "../../../testing/site/harness.ts";

const probedToken = "admin-token-of-a-probed-site";

type ProbedColo = "HAM" | "NRT";

/** A journal whose reads lag, and seem successful. */
class LaggingJournal extends RedisJournal {
  /** The acceptance of the first entry that a read does not return. */
  hiddenFromAtMs = (): number => Infinity;

  override async since(...given: Parameters<RedisJournal["since"]>) {
    const read = await super.since(...given);
    if (read.kind !== "read") return read;
    const hiddenFromAtMs = this.hiddenFromAtMs();
    const isShown = ({ position }: Entry) => acceptedAtMs(position) < hiddenFromAtMs;
    return { ...read, entries: read.entries.filter(isShown) };
  }
}

export class ProbedColos {
  readonly clock = new FakeClock();
  readonly upstash = new UnsteadyUpstash(this.clock);
  readonly near: Site;
  readonly far: Site;
  /** The seconds by which a colo's reads of the journal lag. With infinity, they stall. */
  readonly lagSeconds = new Map<ProbedColo, number>();
  /** The hosts of the requests, in turn. */
  hosts: readonly string[] = [host];
  /** Returns whether a colo gets a request in this second. */
  isVisited: (colo: ProbedColo) => boolean = () => true;
  #passedSeconds = 0;

  constructor({ config, ...options }: SiteOptions = {}) {
    const origin: Script = (_, nth) => page(`page ${nth}`, cc("max-age=600"));
    const probed: ConfigInput = { parts: [purgeProbe({ every: "1m" })], ...config };
    const open = (colo: ProbedColo) =>
      openSite({
        origin,
        clock: this.clock,
        upstash: this.upstash,
        factories: this.#factoriesOf(colo),
        ...options,
        config: probed,
        env: { COLO: colo, SITE_HOST: host, ADMIN_TOKEN: probedToken, ...options.env },
      });
    this.near = open("HAM");
    this.far = open("NRT");
  }

  #factoriesOf(colo: ProbedColo): CacheFactories {
    return {
      journal: (settings) => {
        const journal = new LaggingJournal(settings);
        const lagMs = () => (this.lagSeconds.get(colo) ?? -Infinity) * 1_000;
        journal.hiddenFromAtMs = () => this.clock.nowAtMs() - lagMs();
        return journal;
      },
    };
  }

  /** Passes time in steps of a second. The near colo runs the cron trigger at full minutes. */
  async pass(seconds: number): Promise<void> {
    for (let passed = 0; passed < seconds; passed += 1) {
      this.clock.advance(1);
      await vi.advanceTimersByTimeAsync(1_000);
      this.#passedSeconds += 1;
      if (this.#passedSeconds % 60 === 0) void this.near.runCron();
      for (const [colo, site] of [["HAM", this.near] as const, ["NRT", this.far] as const]) {
        const visited = this.hosts[this.#passedSeconds % this.hosts.length] ?? host;
        const request = new Request(`https://${visited}/`);
        if (this.isVisited(colo)) await (await site.handle(request)).text();
      }
      await idle();
    }
  }

  /** Sends a request of the operator, without waiting for work that timers delay. */
  async operator<Answer>(site: Site, path: string, init: RequestInit = {}): Promise<Answer> {
    const headers = { authorization: `Bearer ${probedToken}` };
    const asked = site.handle(new Request(`https://${host}/_cache/${path}`, { ...init, headers }));
    return (await (await asked).json()) as Answer;
  }

  /** Returns all checks so far, by colo and result. */
  async checks(): Promise<Record<string, Record<string, number>>> {
    const found: Record<string, Record<string, number>> = { HAM: {}, NRT: {} };
    for (const { labels, value } of await this.counters("purge_probes")) {
      const { colo = "", result = "" } = labels;
      Object.assign((found[colo] ??= {}), { [result]: value });
    }
    return found;
  }

  /** Returns the samples of a counter, from the reports of both isolates. */
  async counters(name: string) {
    await this.operator(this.near, "metrics?format=json");
    const answer: OperatorAnswer<"metrics"> = await this.operator(this.far, "metrics?format=json");
    return answer.counters.filter((one) => one.name === `tidemark_${name}_total`);
  }
}
