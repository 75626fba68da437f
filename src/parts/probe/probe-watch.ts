// The probe in one isolate: watches probed purges, answers the operator's route, and makes findings
// of the last results.
import { isWithinMs } from "../../base/elapsed.ts";
import { Condition } from "../../observe/condition.ts";
import type { Context } from "../../pages/site/exchange.ts";
import { acceptedAtMs } from "../../purge/journal/entry.ts";
import type { Background } from "../../platform/platform.ts";
import { spanOf, type Finding } from "../../protocol/finding.ts";
import type { SeenByParts } from "../../admin/open-part.ts";
import {
  type ProbedHost,
  type ProbedPage,
  type ProbedPages,
  type PageRead,
  readPage,
  type ProbeWorker,
} from "./probed-pages.ts";
import { countedIn, recentWindows } from "../../observe/reports/totals.ts";
import { isoOf } from "../../base/iso-date.ts";
import { errorsOf, jsonAnswer } from "../../admin/json-answers.ts";
import type { OperatorAnswer } from "../../protocol/answers.ts";
import * as v from "valibot";
import { dataIn } from "../../base/schemas.ts";
import { jsonIn } from "../../base/json-text.ts";
import type { Subscribers } from "../../purge/journal/subscribers.ts";

interface WatchSettings extends ProbeWorker {
  readonly pages: ProbedPages;
  readonly lastProbes: LastProbes;
  readonly everyMs: number;
  /** The largest N of all routes. */
  readonly lagMsMax: number;
}

/** A purge that this isolate checks. */
interface WatchedPurge extends LastProbe {
  /** The URLs whose new version no read has seen yet; `undefined` before the first read. */
  pending: ReadonlySet<string> | undefined;
}

/** The pause between two reads of a page, while the purge may still take effect. */
const rereadMs = 1_000;
/** Within this time before the next purge, the pages are not read again. */
const lastRefreshMsMin = 5_000;

export class ProbeWatch {
  readonly #settings: WatchSettings;
  readonly #condition: Condition<"late">;
  #watched: WatchedPurge | undefined;
  /** The position of the last purge that was checked. */
  #doneAt = "";
  /** The pages to read again before the next purge. */
  #refreshing: readonly ProbedPage[] = [];
  /** Whether they have been read again at least once. */
  #isRefreshed = false;
  /** The scheme and host of the first request, so that all reads have the same keys. */
  #host: ProbedHost | undefined;
  #restedAtMs = -Infinity;
  #restMs = 0;
  /** The pause after the last look that found no new probe. */
  #idleMs = 0;
  #late = "";

  constructor(settings: WatchSettings) {
    this.#settings = settings;
    this.#condition = new Condition<"late">({
      tell: settings.site.log,
      about: () => ({ event: "purge-probe", level: "error", colo: settings.cache.metrics.colo }),
      troubleLine: () => `${this.#late} Run tidemark probe, and read the finding purge-late.`,
      wellLine: (lasted) => `Purged pages no longer answer, after ${lasted}.`,
    });
  }

  /** Since when purged pages have answered in this isolate; `undefined` if they do not. */
  get lateSinceAtMs(): number | undefined {
    const { trouble } = this.#condition;
    return trouble?.isOver === false ? trouble.sinceAtMs : undefined;
  }

  /** Runs at each request, and starts a check if one is due. */
  attend(request: Request, host: ProbedHost, background: Background): void {
    const { site, cache, contextFor, everyMs, lagMsMax } = this.#settings;
    const atMs = site.nowAtMs();
    if (host.host === "" || isWithinMs(this.#restMs, this.#restedAtMs, atMs)) return;
    const own = (this.#host ??= host);
    // The runtime may end the check with its request. The next check is then due after a while.
    this.#rest(this.#refreshing.length === 0 ? everyMs : lagMsMax, atMs);
    cache.behind(background)(async () => {
      const context = contextFor(request, background);
      const restMs = await (this.#refreshing.length === 0
        ? this.#checked(own, context)
        : this.#refreshed(context));
      this.#rest(Math.min(everyMs, restMs), site.nowAtMs());
    });
  }

  #rest(ms: number, atMs: number): void {
    this.#restMs = ms;
    this.#restedAtMs = atMs;
  }

  /** Returns the time until the next check. */
  async #checked(host: ProbedHost, context: Context): Promise<number> {
    const { pages, everyMs, lagMsMax } = this.#settings;
    this.#watched ??= await this.#next();
    const watched = this.#watched;
    if (watched === undefined) {
      this.#idleMs = Math.min(everyMs, this.#idleMs === 0 ? lagMsMax : 2 * this.#idleMs);
      return this.#idleMs;
    }
    this.#idleMs = 0;
    const pending = new Set<string>();
    for (const page of pages.at(host)) {
      if (watched.pending?.has(page.url) === false) continue;
      const read = await readPage(page, context);
      if (!this.#isSettled(read, page, watched)) pending.add(page.url);
    }
    watched.pending = pending;
    if (pending.size > 0) return rereadMs;
    this.#watched = undefined;
    this.#doneAt = watched.position;
    this.#refreshing = pages.at(host);
    this.#isRefreshed = false;
    return this.#untilNextMs / 2;
  }

  /**
   * Reads the pages again before the next purge. A view without the last purge may have stored them.
   * Once such a view gets the last purge, it replaces them, and a check would then find a new version
   * even if the view lacks the next purge.
   *
   * @returns the time until the next read
   */
  async #refreshed(context: Context): Promise<number> {
    const { site, everyMs, lagMsMax } = this.#settings;
    const kept: ProbedPage[] = [];
    for (const page of this.#untilNextMs > 0 ? this.#refreshing : []) {
      const { kind } = await readPage(page, context);
      // A page that is fetched each time would only cost the origin requests.
      if (kind === "stored" || !this.#isRefreshed) kept.push(page);
    }
    this.#isRefreshed = true;
    const untilNextMs = this.#untilNextMs;
    // A version from within A before the purge would count as new.
    const lastRefreshMs = Math.max(lastRefreshMsMin, site.config.purge.allowanceMs + rereadMs);
    const isSoon = untilNextMs <= lastRefreshMs || untilNextMs > everyMs;
    this.#refreshing = isSoon ? [] : kept;
    if (this.#refreshing.length > 0) return untilNextMs / 2;
    // Isolates look at different times, so that their first reads after a purge spread over N.
    return Math.max(0, untilNextMs) + site.random() * lagMsMax;
  }

  get #untilNextMs(): number {
    const { everyMs, site } = this.#settings;
    return acceptedAtMs(this.#doneAt) + everyMs - site.nowAtMs();
  }

  async #next(): Promise<WatchedPurge | undefined> {
    const read = await this.#settings.lastProbes.read();
    if (read === "unavailable" || read.last === undefined) return undefined;
    return read.last.position === this.#doneAt ? undefined : { ...read.last, pending: undefined };
  }

  /** Counts the result of a read. Returns whether the page needs no further read. */
  #isSettled(
    read: PageRead,
    { read: { route }, path }: ProbedPage,
    watched: WatchedPurge,
  ): boolean {
    const { metrics } = this.#settings.cache;
    const { colo } = metrics;
    const { allowanceMs } = this.#settings.site.config.purge;
    const lagMs = read.atMs - watched.acceptedAtMs;
    const isInTime = lagMs <= route.purgeMaxLagMs + allowanceMs;
    if (read.kind === "unknown") {
      metrics.add("purgeProbes", [colo, "unknown"]);
      return true;
    }
    // The allowance covers the difference of two clocks, as in the purge protocol.
    const isOld = read.kind === "stored" && read.versionAtMs < watched.acceptedAtMs - allowanceMs;
    if (isOld && isInTime) return false;
    metrics.add("purgeProbes", [colo, isOld ? "late" : "new"]);
    // A new version proves only that the lag is at most the time since the purge.
    if (isOld || isInTime) metrics.took("purgeLag", [colo], Math.max(0, lagMs));
    if (isOld) {
      const bound = spanOf(route.purgeMaxLagMs);
      const [shown] = path.split("?", 1);
      this.#late = `A purge is late: ${shown} answered with a version that was purged ${spanOf(lagMs)} before. N is ${bound}.`;
      this.#condition.failed("late", read.atMs);
    } else this.#condition.succeeded(read.atMs);
    return true;
  }
}

/**
 * Returns the finding on purged versions that answered in the last 15 minutes.
 *
 * @param lateSinceAtMs since when they have answered in this isolate; `undefined` if they do not
 */
export function purgeLate(
  seen: SeenByParts,
  lateSinceAtMs: number | undefined,
): readonly Finding[] {
  const windows = recentWindows(seen).map(({ fromAtMs, sums }) => ({
    fromAtMs,
    late: countedIn(sums, "purgeProbes").filter(({ labels }) => labels[1] === "late"),
  }));
  const counted = windows.filter(({ late }) => late.length > 0);
  const startsAtMs = counted.map(({ fromAtMs }) => fromAtMs);
  if (lateSinceAtMs !== undefined) startsAtMs.push(lateSinceAtMs);
  if (startsAtMs.length === 0) return [];
  const all = counted.flatMap(({ late }) => late);
  const colos = [...new Set(all.map(({ labels: [colo] }) => colo || "an unnamed one"))];
  return [
    {
      code: "purge-late",
      level: "critical",
      what: `Purged pages still answer after N${colos.length === 0 ? " in this isolate" : `, in the colos: ${colos.toSorted().join(", ")}`}.`,
      since: isoOf(Math.min(...startsAtMs)),
      cause:
        "A replica of the journal's database lags by more than A, the clocks of a colo differ by more than A, or Tidemark has a fault.",
      remedy:
        "Run tidemark probe. Raise purge.clockAllowanceSeconds: with read replicas, to 3 at least. If neither helps, report it.",
    },
  ];
}

export const refused = errorsOf("Nothing was probed.");

/** @returns 200 with the version of each page */
export async function probeRoute(
  request: Request,
  background: Background,
  { site, contextFor, pages }: ProbeWorker & { readonly pages: ProbedPages },
): Promise<Response> {
  const context = contextFor(request, background);
  const { allowanceMs } = site.config.purge;
  const reads: OperatorAnswer<"probe">["pages"][number][] = [];
  for (const page of pages.at(site.readUrl(request).target)) {
    const read = await readPage(page, context);
    const versionAtMs = read.kind === "stored" ? read.versionAtMs : null;
    const withinSeconds = page.read.route.purgeMaxLagMs / 1_000;
    reads.push({ page: page.path, result: read.kind, versionAtMs, withinSeconds });
  }
  const answer: OperatorAnswer<"probe"> = {
    colo: context.colo(),
    allowanceSeconds: allowanceMs / 1_000,
    purge: pages.order,
    pages: reads,
  };
  return jsonAnswer(answer);
}

/** No target of outward purges can have a name with a space. */
const name = "purge probe";

interface LastProbe {
  /** The position of the purge in the journal. */
  readonly position: string;
  readonly acceptedAtMs: number;
}

const form = v.object({ position: v.pipe(v.string(), v.regex(/^\d{1,16}-\d{1,16}$/)) });

/** The state beside those of the journal's subscribers, which is read on the primary. */
export class LastProbes {
  readonly #subscribers: Subscribers;

  constructor(subscribers: Subscribers) {
    this.#subscribers = subscribers;
  }

  /** Costs one command. Returns `unavailable` if the journal's store does not answer. */
  async read() {
    const read = await this.#subscribers.read([name]);
    if (read.kind === "unavailable") return read.kind;
    const [{ version, text } = { version: "", text: "" }] = read.states;
    const data = dataIn(form, jsonIn(text));
    const last = data && { ...data, acceptedAtMs: acceptedAtMs(data.position) };
    return { version, last };
  }

  /** Does nothing if another isolate has written since `version` was read. */
  async replace(version: string, position: string): Promise<void> {
    await this.#subscribers.replace(name, version, JSON.stringify({ position }));
  }
}
