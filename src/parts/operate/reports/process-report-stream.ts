// The reports of a server without a store, in the memory of its process. They end with the process.
import type { RemoteAnswer } from "../../../remote/remote-client.ts";
import type { Report, StandingReport } from "../../../observe/reports/report-entry.ts";
import {
  pageCount,
  type ReportState,
  type ReportStream,
  standingMax,
} from "../../../observe/reports/report-store.ts";
import { totalsIn } from "../../../observe/reports/totals.ts";

const answered = <T>(value: T): RemoteAnswer<T> => ({ kind: "answered", value });

export class ProcessReportStream implements ReportStream {
  readonly storeName = "This process";
  readonly #nowAtMs: () => number;
  readonly #entries: StandingReport[] = [];
  #totals = totalsIn(null);

  constructor(nowAtMs: () => number) {
    this.#nowAtMs = nowAtMs;
  }

  async add(report: Report): Promise<RemoteAnswer<number>> {
    if (this.#entries.length > standingMax) return answered(-1);
    const { n } = report;
    this.#entries.push({ id: n, n, atMs: this.#nowAtMs(), report });
    return answered(this.#entries.length);
  }

  async standing(): Promise<RemoteAnswer<ReportState>> {
    const page = this.#entries.slice(0, pageCount);
    return answered({ totals: this.#totals, page, isFull: page.length === pageCount });
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
