// Folds the stream's reports into the totals, page by page: at each read of the totals, and in the
// background.
import { hintOf, whyOf, type RemoteCause, type TroubleWords } from "../../../remote/trouble.ts";
import type { Log } from "../../../observe/log-line.ts";
import type { ReportStream, ReportState } from "../../../observe/reports/report-store.ts";
import type { ReportHistory, Unavailable } from "../../../observe/reports/reports.ts";
import {
  totalsText,
  windowFamilies,
  type Totals,
  type ColoState,
  type Window,
} from "../../../observe/reports/totals.ts";
import { isWithinMs } from "../../../base/elapsed.ts";
import { families, otherRoutes } from "../../../protocol/families.ts";
import { addPrefix, isOfPrefix } from "./prefix-counts.ts";
import { addTo, partsOf, seriesMax, seriesOf, type Sums } from "../../../observe/sums.ts";
import type { StandingReport } from "../../../observe/reports/report-entry.ts";

interface FoldingSettings {
  readonly stream: ReportStream;
  readonly nowAtMs: () => number;
  readonly randomText: () => string;
  readonly log: Log;
  /** `undefined`: the totals have no history. */
  readonly history?: ReportHistory | undefined;
}

/** The maximum number of pages per read. A full stream has 32, but others may fold a page first. */
const pagesOfReaderMax = 72;

/**
 * The maximum number of pages to fold in the background. A Worker may send about fifty requests to
 * Redis, and a page needs two.
 */
const pagesBehindMax = 8;

const busy: Unavailable = {
  kind: "unavailable",
  why: "Other isolates add up reports at the same time, so the totals keep changing.",
  hint: "Try again.",
};

export class ReportFold {
  readonly #settings: FoldingSettings;
  readonly #notes = new Set<string>();

  constructor(settings: FoldingSettings) {
    this.#settings = settings;
  }

  /**
   * Returns the totals of all reports in the store. Totals never decrease while the store keeps its
   * data. In Redis, costs three commands, and four more per full page. Never rejects.
   */
  async read(): Promise<Totals | Unavailable> {
    for (let page = 0; page < pagesOfReaderMax; page += 1) {
      const standing = await this.#added();
      if ("kind" in standing) return standing;
      const { odd: _, ...totals } = standing.sum;
      if (!standing.isFull) return totals;
      const folded = await this.#fold(standing);
      if (typeof folded !== "boolean") return folded;
    }
    return busy;
  }

  /**
   * Folds up to `pagesBehindMax` pages. Stops early at the end of the stream, or if another isolate
   * folds at the same time. Never rejects.
   */
  async empty(): Promise<void> {
    for (let page = 0; page < pagesBehindMax; page += 1) {
      const standing = await this.#added();
      if ("kind" in standing || standing.page.length === 0) return;
      if ((await this.#fold(standing)) !== true || !standing.isFull) return;
    }
  }

  async #added() {
    const { stream, nowAtMs, history } = this.#settings;
    const answer = await stream.standing();
    if (answer.kind === "unavailable") return unavailableFor(answer.cause, stream.health?.words);
    const { totals, page, isFull } = answer.value;
    if (totals.kind === "newer") return this.#newer();
    if (totals.isBroken) {
      this.#sayOnce(`The totals in ${stream.storeName} cannot be read. Counting starts over.`);
    }
    const startedAtMs = page[0]?.atMs ?? nowAtMs();
    const nothing: Totals = { startedAtMs, sums: new Map(), colos: new Map(), windows: [] };
    const held = totals.totals ?? nothing;
    const sum = {
      ...added(held, page),
      ...(history && { history: history.added(held.history, page) }),
    };
    this.#sayOdd(sum.odd);
    return { version: totals.version, page, isFull, sum };
  }

  async #fold({ version, page, sum }: { version: string; page: ReportState["page"]; sum: Totals }) {
    const { stream, randomText } = this.#settings;
    const answer = await stream.fold(version, page, totalsText(sum, randomText()));
    return answer.kind === "answered"
      ? answer.value
      : unavailableFor(answer.cause, stream.health?.words);
  }

  #newer(): Unavailable {
    const { storeName } = this.#settings.stream;
    const why = `The totals in ${storeName} were written by a newer version of Tidemark.`;
    const hint = "Deploy that version, or set `namespace` to another name.";
    this.#sayOnce(`${why} ${hint}`);
    return { kind: "unavailable", why, hint };
  }

  #sayOdd({ foreign, isCrowded }: ReportAnomalies): void {
    if (foreign > 0) {
      this.#sayOnce(
        `The stream in ${this.#settings.stream.storeName} has entries that are not reports of this version. ` +
          "Tidemark counts these reports as lost.",
      );
    }
    if (isCrowded) {
      this.#sayOnce(
        `There are more than ${seriesMax.toLocaleString("en")} series. Tidemark counts further routes together, ` +
          'as "other routes". Give the site fewer routes, or start counting over: docs/monitoring.md.',
      );
    }
  }

  /** Logs a message once per isolate. Otherwise each read would log a persistent problem again. */
  #sayOnce(message: string): void {
    if (this.#notes.has(message)) return;
    this.#notes.add(message);
    this.#settings.log({ event: "report-lost", level: "warn", message });
  }
}

function unavailableFor(cause: RemoteCause, words: TroubleWords = {}): Unavailable {
  const kind = "unavailable";
  if (cause === "breaker-open" || cause === "writes-refused") {
    const why = "The store failed a moment ago. Tidemark tries again soon.";
    return { kind, why, hint: "Try again." };
  }
  return {
    kind,
    why: `${whyOf(cause, words)}.`,
    hint: `${capital(hintOf(cause, words) ?? "try again")}.`,
  };
}

const capital = (text: string): string => text.charAt(0).toUpperCase() + text.slice(1);

/** Additional series: those under the common route, and the few hundred series without a route. */
const seriesBesideMax = 1_024;

/** The maximum number of series in one window, which has only counters. */
const windowSeriesMax = 2_048;

export const windowMs = 300_000;
const windowsMax = 3;

/** The maximum number of colos. Cloudflare has about 330. */
const colosMax = 1_024;
const coloForgottenAfterMs = 86_400_000;

const ofWindows: ReadonlySet<string> = new Set(windowFamilies);

/** The problems that were found while adding reports. */
interface ReportAnomalies {
  /** The number of entries that are not reports of this version. Each counts as a lost report. */
  readonly foreign: number;
  /** Whether there are more series than the totals can hold. */
  readonly isCrowded: boolean;
}

/**
 * Returns the totals including these reports.
 *
 * @param entries in the order of the stream
 */
export function added(
  totals: Totals,
  entries: readonly StandingReport[],
): Totals & { readonly odd: ReportAnomalies } {
  const sums = new Map(totals.sums);
  const colos = new Map(totals.colos);
  const windows = new Map(totals.windows.map(({ fromAtMs, sums: of }) => [fromAtMs, new Map(of)]));
  let { startedAtMs } = totals;
  let foreign = 0;
  let isCrowded = false;
  for (const { report, atMs } of entries) {
    const fromAtMs = Math.floor(atMs / windowMs) * windowMs;
    const window = windows.get(fromAtMs) ?? new Map<string, number>();
    windows.set(fromAtMs, window);
    if (report === undefined) {
      foreign += 1;
      addTo(sums, seriesOf("reportsLost", []));
      continue;
    }
    const { colo, coversMs, gauges } = report;
    startedAtMs = Math.min(startedAtMs, atMs - coversMs);
    for (const [series, count] of [[seriesOf("reports", [colo]), 1] as const, ...report.sums]) {
      if (isOfPrefix(series)) {
        addPrefix(window, series, count);
        continue;
      }
      if (addBounded(sums, series, { count, max: seriesMax })) isCrowded = true;
    }
    for (const [series, count] of report.sums) {
      if (!ofWindows.has(series.split("|", 1)[0] ?? "")) continue;
      addBounded(window, series, { count, max: windowSeriesMax });
    }
    setNewest(colos, colo, { atMs, ...gauges });
  }
  const upToAtMs = (entries.at(-1)?.atMs ?? Infinity) + windowMs;
  const newest = newestFirst(windows, upToAtMs);
  return { startedAtMs, sums, colos, windows: newest, odd: { foreign, isCrowded } };
}

/** Adds to a series. Returns whether there was no room for the series under its own name. */
function addBounded(
  sums: Sums,
  series: string,
  { count, max }: { count: number; max: number },
): boolean {
  const hasRoom = sums.size < max || sums.has(series);
  const name = hasRoom ? series : elsewhere(series);
  const isTaken = name !== undefined && (sums.has(name) || sums.size < max + seriesBesideMax);
  if (isTaken) addTo(sums, name, count);
  return !hasRoom;
}

/**
 * Returns the series under the common route. A series without a route stays the same. Returns
 * `undefined` for an unknown family, because its labels are unknown.
 */
function elsewhere(series: string): string | undefined {
  const parts = partsOf(series);
  if (parts === undefined) return undefined;
  const { family, rest } = parts;
  const labels: readonly string[] = families[family].labels;
  return [family, ...rest.map((part, at) => (labels[at] === "route" ? otherRoutes : part))].join(
    "|",
  );
}

/**
 * Replaces a colo's state. Removes colos without a report for a day, and the oldest if too many.
 */
function setNewest(colos: Map<string, ColoState>, colo: string, state: ColoState): void {
  colos.delete(colo);
  colos.set(colo, state);
  for (const [name, { atMs }] of colos) {
    const isTooMany = colos.size > colosMax;
    // If a report has a later time than this report, the clock has since been set back.
    if (isTooMany || !isWithinMs(coloForgottenAfterMs, atMs, state.atMs)) colos.delete(name);
  }
}

/**
 * Returns the windows, newest first.
 *
 * @param upToAtMs the latest valid start. A later window shows that the clock has since been set
 *   back
 */
function newestFirst(windows: ReadonlyMap<number, Sums>, upToAtMs: number): Window[] {
  const all = Array.from(windows, ([fromAtMs, sums]) => ({ fromAtMs, sums })).filter(
    ({ fromAtMs }) => fromAtMs <= upToAtMs,
  );
  return all.sort((a, b) => b.fromAtMs - a.fromAtMs).slice(0, windowsMax);
}
