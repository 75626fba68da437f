// Folds the stream's reports into the totals, page by page: at each read of the totals, and in the
// background.
import { upstashWords } from "../redis/trouble.ts";
import { hintOf, whyOf, type RemoteCause } from "../remote/trouble.ts";
import type { ReportHistory } from "../dashboard/port/dashboard-part.ts";
import type { Log } from "../observe/log-line.ts";
import type { Reason } from "../base/operator-error.ts";
import { added, type ReportAnomalies, seriesMax } from "./add-reports.ts";
import type { ReportStream, ReportState } from "./report-stream.ts";
import { totalsText } from "./totals-text.ts";
import type { Totals } from "./totals.ts";

/** Why the totals are unavailable. */
export interface Unavailable extends Reason {
  readonly kind: "unavailable";
  /** `true` if a retry cannot succeed before the deployment changes. */
  readonly isLasting?: true;
}

export interface FoldingSettings {
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
   * Returns the totals of all reports in the database. Totals never decrease while the database
   * keeps its data. Costs three commands, and four more per full page. Never rejects.
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
    if (answer.kind === "unavailable") return unavailableFor(answer.cause);
    const { totals, page, isFull } = answer.value;
    if (totals.kind === "newer") return this.#newer();
    if (totals.isBroken) {
      this.#sayOnce("The totals in Redis cannot be read. Counting starts over.");
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

  async #fold({
    version,
    page,
    sum,
  }: Pick<ReportState, "page"> & { version: string; sum: Totals }) {
    const { stream, randomText } = this.#settings;
    const answer = await stream.fold(version, page, totalsText(sum, randomText()));
    return answer.kind === "answered" ? answer.value : unavailableFor(answer.cause);
  }

  #newer(): Unavailable {
    const why = "The totals in Redis were written by a newer version of Tidemark.";
    const hint = "Deploy that version, or set `namespace` to another name.";
    this.#sayOnce(`${why} ${hint}`);
    return { kind: "unavailable", why, hint };
  }

  #sayOdd({ foreign, isCrowded }: ReportAnomalies): void {
    if (foreign > 0) {
      this.#sayOnce(
        "The stream in Redis has entries that are not reports of this version. Tidemark counts these reports as lost.",
      );
    }
    if (isCrowded) {
      this.#sayOnce(
        `There are more than ${seriesMax.toLocaleString("en")} series. Tidemark counts further routes together, ` +
          'as "other routes". Give the site fewer routes, or start counting over: docs/configuration.md, "Metrics".',
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

function unavailableFor(cause: RemoteCause): Unavailable {
  const kind = "unavailable";
  if (cause === "shut-off" || cause === "writes-refused") {
    const why = "The database failed a moment ago. Tidemark tries again soon.";
    return { kind, why, hint: "Try again." };
  }
  return {
    kind,
    why: `${whyOf(cause, upstashWords)}.`,
    hint: `${capital(hintOf(cause, upstashWords) ?? "try again")}.`,
  };
}

const capital = (text: string): string => text.charAt(0).toUpperCase() + text.slice(1);
