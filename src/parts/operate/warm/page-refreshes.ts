// Fetches pages again after the purges that name them in `refresh`. A shared list keeps the pages that exceed the
// budget of a call for the cron trigger.
import * as v from "valibot";
import type { PartHost } from "../../../admin/part-contents.ts";
import { BoundedMap } from "../../../base/bounded-map.ts";
import { isWithinMs } from "../../../base/elapsed.ts";
import { jsonIn } from "../../../base/json-text.ts";
import type { Reason } from "../../../base/operator-error.ts";
import { dataIn, finite } from "../../../base/schemas.ts";
import { pauseUnheld } from "../../../base/timeouts.ts";
import type { PagePurges } from "../../../compose/data-beside-pages.ts";
import { type HotKeyLists, listsMax } from "../../../observe/reports/report-store.ts";
import type { Context } from "../../../pages/site/exchange.ts";
import type { Background } from "../../../platform/platform.ts";
import type { WarmAnswer } from "../../../protocol/answers.ts";
import { quoted, refreshMax } from "../../../protocol/purge-order.ts";
import { acceptedAtMs, byInvalidation, isBeginning } from "../../../purge/journal/entry.ts";
import { RedisLists } from "../reports/redis-lists.ts";
import { readTarget, sentUrl } from "../../../routing/target.ts";
import { SubrequestBudget, warmInTurns } from "./subrequest-budget.ts";
import { reportOfPage } from "./warm-report.ts";

/** The number of pages that an isolate accepts in a minute. Pages whose making purges would else never end. */
const pagesAMinuteMax = 200;
const minuteMs = 60_000;

/** The longest wait in the background, which the runtime ends 30 s after the answer. */
const waitMsMax = 5_000;

/** The time after which waiting pages are dropped. */
const keptMs = 600_000;

/** Purges that this isolate knows. */
const knownMax = 1_024;

const urlCharsMax = 2_048;

const waiting = v.object({
  /** The position of the purge. */
  purge: v.string(),
  /** The end of the wait for the routes' `settleSeconds`. */
  dueAtMs: finite(),
  refresh: v.pipe(
    v.array(
      v.pipe(
        v.string(),
        v.check((url) => URL.canParse(url)),
      ),
    ),
    v.maxLength(refreshMax),
  ),
});

/** The pages of a purge that are not fetched yet. A newer list of the same purge replaces an older one. */
type PageList = v.InferOutput<typeof waiting>;

export class PageRefreshes {
  readonly #host: PartHost;
  readonly #lists: HotKeyLists;
  readonly #known = new BoundedMap<true>({ sizeMax: knownMax });
  #minute = { sinceAtMs: -Infinity, pages: 0 };

  constructor(host: PartHost) {
    const { cache, site } = host;
    const { redis, hotKeys } = cache;
    const { namespace } = site.config;
    this.#host = host;
    this.#lists = hotKeys ?? (redis ? new RedisLists({ redis, namespace }) : processLists());
  }

  readonly begin: PagePurges["refresh"] = (urls, { position, origin, afterAnswer }) => {
    // A repeated purge has the position of its first attempt.
    if (this.#known.has(position)) return { refreshing: 0, notes: [] };
    this.#known.set(position, true);
    const { site, contextFor } = this.#host;
    const [first] = site.siteHosts;
    const base = origin ?? (first && `https://${first}`);
    const read = urls.map((url) => this.#pageOf(url, base));
    const pages = [...new Set(read.filter((page) => typeof page === "string"))];
    const wrong = read.filter((page) => typeof page !== "string");
    const notes = wrong.map(({ why, hint }) => `Not refreshed: ${why} ${hint}`);
    if (pages.length === 0) return { refreshing: 0, notes };
    const atMs = site.nowAtMs();
    if (!this.#accepts(pages.length, atMs)) {
      pages.forEach(() => this.#count("failed"));
      notes.push(`Not refreshed: a server takes ${pagesAMinuteMax} pages a minute.`);
      return { refreshing: 0, notes };
    }
    const list = { purge: position, dueAtMs: atMs + this.#settleMs(pages), refresh: pages };
    afterAnswer(async () => {
      const waitMs = list.dueAtMs - site.nowAtMs();
      if (waitMs > waitMsMax) return this.#keep(list);
      if (waitMs > 0) await pauseUnheld(waitMs);
      const context = contextFor(undefined, {
        waitUntil: (work) => afterAnswer(async () => void (await work)),
      });
      const left = await this.#fetch(list, { context, budget: this.#budget(), isAccepted: true });
      if (left.refresh.length > 0) await this.#keep(left);
    });
    return { refreshing: pages.length, notes };
  };

  /** Fetches waiting pages, those of the oldest purge first. */
  async runCron(background: Background): Promise<void> {
    const { cache, site, contextFor } = this.#host;
    const atMs = site.nowAtMs();
    await cache.view.renewIfDue({ atMs, afterAnswer: cache.behind(background) })?.();
    if (!this.#mayWait(atMs)) return;
    const lists = new Map<string, PageList>();
    for (const text of await this.#lists.recent(atMs)) {
      const list = dataIn(waiting, jsonIn(text));
      if (list !== undefined && !lists.has(list.purge)) lists.set(list.purge, list);
    }
    const left = [...lists.values()].filter(({ refresh }) => refresh.length > 0).toReversed();
    if (left.length === 0) return;
    // Otherwise this isolate might find purged pages fresh.
    await cache.purging?.view.tail.catchUp();
    const context = contextFor(undefined, background);
    const budget = this.#budget();
    const fetchList = async (list: PageList): Promise<PageList> => {
      if (list.dueAtMs > atMs) return list;
      const isOld = list.dueAtMs + keptMs < atMs;
      return isOld
        ? this.#dropped(list, late)
        : this.#fetch(list, { context, budget, isAccepted: false });
    };
    for (const list of left) await this.#keep(await fetchList(list));
  }

  /** Returns whether the newest purge is so new that its pages may wait. Otherwise a run would read lists in vain. */
  #mayWait(atMs: number): boolean {
    const { cache, site } = this.#host;
    const tail = cache.purging?.view.tail;
    if (tail?.chain === undefined) return false;
    const last = tail.entries.findLast(
      (entry) => entry.by !== byInvalidation && !isBeginning(entry),
    );
    const { anywhere, routes } = site.config;
    const settleSeconds = [anywhere, ...routes].map((route) => route.purgeSettleSeconds);
    const settleMs = Math.max(...settleSeconds) * 1_000;
    return last !== undefined && acceptedAtMs(last.position) > atMs - settleMs - keptMs - minuteMs;
  }

  /**
   * Fetches pages of a list. Returns the list with the pages that it did not begin.
   *
   * @param how.isAccepted `false` for a list from a store, where only SITE_HOST may choose the host of a request
   */
  async #fetch(
    list: PageList,
    how: {
      readonly context: Context;
      readonly budget: SubrequestBudget | undefined;
      readonly isAccepted: boolean;
    },
  ): Promise<PageList> {
    const requests = list.refresh.map((url) => {
      const ownHost = how.isAccepted ? new URL(url).host : "";
      return { url, headers: new Headers(), ownHost };
    });
    const results = await warmInTurns(requests, how);
    results.forEach((result) => this.#count(reportOfPage("", result).result));
    return { ...list, refresh: list.refresh.slice(results.length) };
  }

  /** Keeps the rest of a list for the next run of the cron trigger. An empty rest ends the list. */
  async #keep(list: PageList): Promise<void> {
    const isHostless = this.#host.site.siteHosts.length === 0;
    if (!isHostless && (await this.#lists.add(JSON.stringify(list)))) return;
    if (list.refresh.length > 0) this.#dropped(list, isHostless ? hostless : unstored);
  }

  /** Counts and logs pages that are given up. Returns the list without them. */
  #dropped(list: PageList, why: string): PageList {
    const { purge, refresh } = list;
    refresh.forEach(() => this.#count("failed"));
    const message = `After the purge at ${purge}, ${refresh.length} pages were not refreshed: ${why}.`;
    this.#host.site.log({ event: "refresh-dropped", level: "warn", message });
    return { ...list, refresh: [] };
  }

  #count(result: WarmAnswer["result"]): void {
    this.#host.site.metrics.add("warmed", ["refresh", result]);
  }

  /** Returns the time that replicas of the origins need. */
  #settleMs(pages: readonly string[]): number {
    const { site } = this.#host;
    const routes = pages.map((url) => site.readUrl({ url, method: "GET" }).route);
    return Math.max(...routes.map(({ purgeSettleSeconds }) => purgeSettleSeconds)) * 1_000;
  }

  /** A server has no budget of subrequests. */
  #budget(): SubrequestBudget | undefined {
    const { platform, site } = this.#host;
    return platform.isServer === true ? undefined : new SubrequestBudget(site.tiers);
  }

  #accepts(pageCount: number, atMs: number): boolean {
    if (!isWithinMs(minuteMs, this.#minute.sinceAtMs, atMs))
      this.#minute = { sinceAtMs: atMs, pages: 0 };
    if (this.#minute.pages + pageCount > pagesAMinuteMax) return false;
    this.#minute.pages += pageCount;
    return true;
  }

  /** Returns the URL of a page with the host that its key has, or why it has none. */
  #pageOf(text: string, base: string | undefined): string | Reason {
    const { site, purges } = this.#host;
    if (text.length > urlCharsMax) return { why: `A URL is over ${urlCharsMax} characters.`, hint };
    const isPath = text.startsWith("/");
    if (isPath && base === undefined) {
      return { why: `${quoted(text)} is a path, and SITE_HOST is not set.`, hint };
    }
    const url = isPath ? `${base}${text}` : text;
    const reading = purges.naming.url(url);
    if (reading.kind === "fault") return reading;
    return sentUrl(readTarget(new URL(url).href, site.siteHosts));
  }
}

const hostless = "SITE_HOST is not set, so the cron trigger knows no host of the site";
const unstored = "their store failed";
const late = "the runs of the cron trigger had no time for them";

const hint = "Write https://www.example.com/news/, or a path such as /news/.";

/** Lists in the memory of a process, which has no other isolates. */
function processLists(): HotKeyLists {
  const lists: string[] = [];
  return {
    async add(list) {
      lists.unshift(list);
      lists.length = Math.min(lists.length, listsMax);
      return true;
    },
    recent: async () => lists,
  };
}
