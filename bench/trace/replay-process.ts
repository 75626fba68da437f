// Replays the trace in a separate process. Sends each request at its time, even while earlier
// requests wait, with edits and purges in between. Compares each response with the purges accepted
// before its request.
import { setTimeout as delay } from "node:timers/promises";
import { ask, nowAtMs } from "../load/ask.ts";
import { answerCalls } from "../load/part.ts";
import {
  type Edit,
  type Trace,
  type TraceSettings,
  traceOf,
  type Visit,
  warmUpPath,
} from "./trace.ts";

interface ReplaySettings {
  readonly trace: TraceSettings;
  readonly coloUrls: readonly string[];
  readonly originUrl: string;
  readonly adminToken: string;
  readonly siteHost: string;
  readonly maxLagSeconds: number;
}

export interface Replayed {
  readonly tookMs: readonly number[];
  readonly failedCount: number;
  /** The number of responses with another page. */
  readonly foreignCount: number;
  /**
   * The number of responses older than a purge that was accepted more than `maxLagSeconds` before
   * the request.
   */
  readonly staleCount: number;
  readonly purgesRefusedCount: number;
  /** The longest delay between the due time of an event and its start. */
  readonly lateMsMax: number;
}

class Replay {
  readonly seen = {
    tookMs: [] as number[],
    failedCount: 0,
    foreignCount: 0,
    staleCount: 0,
    purgesRefusedCount: 0,
    lateMsMax: 0,
  };
  readonly #settings: ReplaySettings;
  readonly #versions = new Map<number, number>();
  readonly #purges = new Map<number, { version: number; acceptedAtMs: number }[]>();

  constructor(settings: ReplaySettings) {
    this.#settings = settings;
  }

  async run({ events }: Trace): Promise<Replayed> {
    const beganAtMs = nowAtMs();
    const visits: Promise<void>[] = [];
    let edits = Promise.resolve();
    for (const event of events) {
      const aheadMs = beganAtMs + event.atMs - nowAtMs();
      if (aheadMs > 1) await delay(aheadMs);
      this.seen.lateMsMax = Math.max(this.seen.lateMsMax, -aheadMs);
      if (event.kind === "visit") visits.push(this.#visit(event));
      // Run edits in sequence, so that versions equal those of the origin.
      else edits = edits.then(() => this.#edit(event));
    }
    await Promise.all([...visits, edits]);
    return this.seen;
  }

  async #visit({ colo, page, target }: Visit): Promise<void> {
    const answer = await ask(`${this.#settings.coloUrls[colo]}${target}`);
    this.seen.tookMs.push(answer.tookMs);
    if (answer.status !== 200) return void (this.seen.failedCount += 1);
    const { body, startedAtMs } = answer;
    const said = JSON.parse(body.slice(0, body.indexOf("\n"))) as { page: number; version: number };
    if (said.page !== page) return void (this.seen.foreignCount += 1);
    const first = this.#purges.get(page)?.find(({ version, acceptedAtMs }) => {
      return version > said.version && acceptedAtMs <= startedAtMs;
    });
    if (first === undefined) return;
    const lagMs = startedAtMs - first.acceptedAtMs;
    if (lagMs > this.#settings.maxLagSeconds * 1_000) this.seen.staleCount += 1;
  }

  async #edit(edit: Edit): Promise<void> {
    const { originUrl } = this.#settings;
    await fetch(`${originUrl}/edit`, { method: "POST", body: JSON.stringify(edit.pages) });
    if ((await this.#purge(edit)) !== 200) this.seen.purgesRefusedCount += 1;
    const acceptedAtMs = nowAtMs();
    for (const page of edit.pages) {
      const version = (this.#versions.get(page) ?? 1) + 1;
      this.#versions.set(page, version);
      this.#purges.set(page, [...(this.#purges.get(page) ?? []), { version, acceptedAtMs }]);
    }
  }

  /** @returns the status of the purge */
  async #purge({ by, colo }: Edit): Promise<number> {
    const { adminToken, siteHost, coloUrls } = this.#settings;
    const targets =
      by.kind === "tag"
        ? { tags: [by.tag] }
        : { urls: [`http://${siteHost}${by.page.path}${by.page.query}`] };
    const answer = await fetch(`${coloUrls[colo]}/_cache/purge`, {
      method: "POST",
      headers: { authorization: `Bearer ${adminToken}` },
      body: JSON.stringify(targets),
    });
    await answer.arrayBuffer();
    return answer.status;
  }
}

const warmUpCount = 300;

const calls = {
  /** Compiles code and opens connections before the measurement. */
  warmUp: async ({ coloUrls }: { coloUrls: readonly string[] }): Promise<void> => {
    for (let number = 0; number < warmUpCount; number += 1) {
      const path = `${warmUpPath}${Math.floor(number / 2)}`;
      await Promise.all(coloUrls.map((url) => ask(url + path)));
    }
  },
  replay: (settings: ReplaySettings): Promise<Replayed> =>
    new Replay(settings).run(traceOf(settings.trace)),
};
export type ReplayCalls = typeof calls;

answerCalls(calls);
