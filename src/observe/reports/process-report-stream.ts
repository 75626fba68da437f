// The reports of a server without a store, in the memory of its process. They end with the process.
import type { RemoteAnswer } from "../../remote/remote-client.ts";
import type { Report, StandingReport } from "./report-entry.ts";
import { pageCount, type ReportState, type ReportStream, standingMax } from "./report-store.ts";
import { totalsIn } from "./totals.ts";

interface ProcessReportStreamSettings {
  readonly nowAtMs: () => number;
  /** Default: 128. */
  readonly pageCount?: number;
  /** Default: 4,096. */
  readonly standingMax?: number;
}

const answered = <T>(value: T): RemoteAnswer<T> => ({ kind: "answered", value });

export class ProcessReportStream implements ReportStream {
  readonly storeName = "This process";
  readonly words = {};
  readonly #settings: Required<ProcessReportStreamSettings>;
  readonly #entries: StandingReport[] = [];
  #totals = totalsIn(null);

  constructor(settings: ProcessReportStreamSettings) {
    this.#settings = { pageCount, standingMax, ...settings };
  }

  async add(report: Report): Promise<RemoteAnswer<number>> {
    if (this.#entries.length > this.#settings.standingMax) return answered(-1);
    const { n } = report;
    this.#entries.push({ id: n, n, atMs: this.#settings.nowAtMs(), report });
    return answered(this.#entries.length);
  }

  async standing(): Promise<RemoteAnswer<ReportState>> {
    const count = this.#settings.pageCount;
    const page = this.#entries.slice(0, count);
    return answered({ totals: this.#totals, page, isFull: page.length === count });
  }

  async fold(
    version: string,
    page: readonly StandingReport[],
    text: string,
  ): Promise<RemoteAnswer<boolean>> {
    const isOther = this.#totals.kind !== "held" || this.#totals.version !== version;
    if (isOther || page.length === 0 || page[0] !== this.#entries[0]) return answered(false);
    this.#totals = totalsIn(text);
    this.#entries.splice(0, page.length);
    return answered(true);
  }
}
