// The honest clients, in a separate process. They send requests at predetermined times, even while
// earlier requests wait, and check every response. About every three seconds, the site purges a
// page.
import { createPurger } from "../../src/purger/create-purger.ts";
import { Draws } from "../../testing/draws.ts";
import { ask, nowAtMs } from "../load/ask.ts";
import { answerCalls } from "../load/part.ts";
import { type Asking, someNumber } from "./attack.ts";
import { zipfRanks } from "../load/zipf.ts";
import { atInstants, instantsMs } from "../load/pace.ts";
import {
  accountPath,
  faultOf,
  maxLagSeconds,
  pageCount,
  pageEtag,
  pagePath,
  pageTag,
  type Wanted,
} from "./site.ts";

interface HonestLoad {
  readonly url: string;
  readonly secret: string;
  readonly perSecond: number;
  readonly seconds: number;
  readonly seed: number;
  /** Requests in addition to those for pages. */
  readonly also: readonly Asking[];
  /** The duration of a response counts only if its request was due after this time, and before `toSeconds`. */
  readonly fromSeconds: number;
  readonly toSeconds: number;
}

export interface HonestFigures {
  /** The duration of each correct response, from the time at which the request was due. */
  readonly tookMs: readonly number[];
  /** The durations of the correct responses that came from a tier. */
  readonly hitTookMs: readonly number[];
  /** The number of each kind of fault. */
  readonly faults: ReadonlyMap<string, number>;
  readonly lateMsMax: number;
  /**
   * The share of hits among the correct responses to `also` in the last third of the time; 1 if
   * there are none.
   */
  readonly alsoHitShare: number;
}

const alsoShare = 0.05;
const zipfExponent = 0.95;
const accountShare = 0.03;
const conditionalShare = 0.15;
const waitTimeoutMs = 20_000;
const purgesPerSecond = 1 / 3;
const fillsAtOnce = 20;

interface Request {
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  /** Absent if any response with status 200 is correct, and in the last third with `type`. */
  readonly wanted?: Omit<Wanted, "notBeforeMs">;
  readonly type?: string | undefined;
}

class Visitors {
  readonly #load: HonestLoad;
  readonly #draws: Draws;
  readonly #ranks = zipfRanks(pageCount, zipfExponent);
  readonly #purges = new Map<string, { sentAtMs: number; acceptedAtMs: number }[]>();
  readonly #figures = {
    tookMs: [] as number[],
    hitTookMs: [] as number[],
    faults: new Map<string, number>(),
    lateMsMax: 0,
  };
  #startedAtMs = 0;
  readonly #also = { askedCount: 0, hitCount: 0 };

  constructor(load: HonestLoad) {
    this.#load = load;
    this.#draws = new Draws(load.seed);
  }

  async run(): Promise<HonestFigures> {
    const { perSecond, seconds } = this.#load;
    const underWay: Promise<void>[] = [];
    const visits = instantsMs(this.#draws, { perSecond, seconds });
    const purges = instantsMs(this.#draws, { perSecond: purgesPerSecond, seconds });
    const [visiting, purging] = [this.#draws.fork(), this.#draws.fork()];
    this.#startedAtMs = nowAtMs();
    const lateAtMs = this.#startedAtMs + (seconds * 1_000 * 2) / 3;
    const [lateMsMax] = await Promise.all([
      atInstants(visits, (dueAtMs) => {
        underWay.push(this.#visit(dueAtMs, this.#drawn(visiting), lateAtMs));
      }),
      atInstants(purges, () => {
        underWay.push(this.#purge(this.#ranks(purging)));
      }),
    ]);
    await Promise.all(underWay);
    const { askedCount, hitCount } = this.#also;
    const alsoHitShare = askedCount === 0 ? 1 : hitCount / askedCount;
    return { ...this.#figures, lateMsMax, alsoHitShare };
  }

  #drawn(draws: Draws): Request {
    const { also } = this.#load;
    if (also.length > 0 && draws.isLucky(alsoShare)) {
      const { path, headers = {}, type } = also[someNumber(draws, also.length)]!;
      return { path, headers, type };
    }
    if (draws.isLucky(accountShare)) {
      const cookie = `session=${draws.between(0, 1).toString(36).slice(2)}-of-a-client`;
      const wanted = { page: 0, path: accountPath, cookie, mayBe304: false };
      return { path: accountPath, headers: { cookie }, wanted };
    }
    const page = this.#ranks(draws);
    const path = pagePath(page);
    const mayBe304 = draws.isLucky(conditionalShare);
    const headers: Record<string, string> = mayBe304 ? { "if-none-match": pageEtag(page) } : {};
    return { path, headers, wanted: { page, path, cookie: "", mayBe304 } };
  }

  async #visit(
    dueAtMs: number,
    { path, headers, wanted, type = "" }: Request,
    lateAtMs: number,
  ): Promise<void> {
    const answer = await ask(this.#load.url + path, headers, { waitTimeoutMs });
    const { startedAtMs, cacheStatus } = answer;
    const tookMs = nowAtMs() - Math.min(dueAtMs, startedAtMs);
    const fault = wanted
      ? faultOf(answer, { ...wanted, notBeforeMs: this.#purgedAtMs(path, startedAtMs) })
      : answer.status !== 200
        ? `status ${answer.status}`
        : dueAtMs < lateAtMs || answer.contentType.startsWith(type)
          ? undefined
          : `the type ${answer.contentType}`;
    if (fault !== undefined) return this.#note(fault);
    const isHit = cacheStatus.includes("; hit");
    if (this.#isCounted(dueAtMs)) {
      this.#figures.tookMs.push(tookMs);
      if (isHit) this.#figures.hitTookMs.push(tookMs);
    }
    if (wanted !== undefined || dueAtMs < lateAtMs) return;
    this.#also.askedCount += 1;
    if (isHit) this.#also.hitCount += 1;
  }

  #isCounted(dueAtMs: number): boolean {
    const { fromSeconds, toSeconds } = this.#load;
    const seconds = (dueAtMs - this.#startedAtMs) / 1_000;
    return seconds >= fromSeconds && seconds < toSeconds;
  }

  /**
   * Returns the time of the newest purge that must have taken effect at `atMs`; 0 if there is none.
   */
  #purgedAtMs(path: string, atMs: number): number {
    const seen = (this.#purges.get(path) ?? []).filter(
      ({ acceptedAtMs }) => acceptedAtMs + maxLagSeconds * 1_000 <= atMs,
    );
    return Math.max(0, ...seen.map(({ sentAtMs }) => sentAtMs));
  }

  async #purge(page: number): Promise<void> {
    const { url, secret } = this.#load;
    const purger = createPurger({ url: `${url}/_cache/purge`, secret, retry: { triesMax: 1 } });
    const sentAtMs = nowAtMs();
    try {
      await purger.purge({ tags: [pageTag(page)] });
    } catch {
      return this.#note("a purge that was not accepted");
    }
    const purge = { sentAtMs, acceptedAtMs: nowAtMs() };
    const path = pagePath(page);
    this.#purges.set(path, [...(this.#purges.get(path) ?? []), purge]);
  }

  #note(fault: string): void {
    const { faults } = this.#figures;
    faults.set(fault, (faults.get(fault) ?? 0) + 1);
  }
}

const calls = {
  /** Requests every page once, so that the measurement begins with full tiers. */
  fill: async ({ url }: { url: string }): Promise<void> => {
    const pages = Array.from({ length: pageCount }, (_, page) => page);
    for (let from = 0; from < pageCount; from += fillsAtOnce) {
      const some = pages.slice(from, from + fillsAtOnce);
      await Promise.all(some.map((page) => ask(url + pagePath(page), {}, { waitTimeoutMs })));
    }
  },
  run: (load: HonestLoad): Promise<HonestFigures> => new Visitors(load).run(),
};
export type HonestCalls = typeof calls;

answerCalls(calls);
