// The reports and hot keys of a site in a Durable Object of their own, so that they never delay purges.
import { fieldsOf, type Report, reportsIn } from "../../observe/reports/report-entry.ts";
import type { StandingReport } from "../../observe/reports/report-entry.ts";
import {
  type HotKeyLists,
  pageCount,
  type ReportsInCode,
  type ReportState,
  type ReportStream,
} from "../../observe/reports/report-store.ts";
import { totalsIn } from "../../observe/reports/totals.ts";
import type { ObjectPlacement } from "../../protocol/object-placement.ts";
import type { RemoteAnswer } from "../../remote/remote-client.ts";
import type { RemoteHealth } from "../../remote/store-health.ts";
import { ObjectClient } from "./object-client.ts";
import { placedObjects } from "./object-namespace.ts";

/** A class of Durable Objects, named by its binding in wrangler.toml. */
export interface DurableObjectReports extends ObjectPlacement {
  /** Default: `JOURNAL`. */
  readonly binding?: string;
}

/**
 * Stores the reports of isolates, for metrics and hot keys, in one more object of the class
 * `TidemarkJournal`. `durableObjects()` contains it.
 *
 * @example stores: { journal: durableObjectJournal(), reports: durableObjectReports() }
 */
export function durableObjectReports({
  binding = "JOURNAL",
  ...place
}: DurableObjectReports = {}): ReportsInCode {
  return {
    bound(env) {
      const objects = placedObjects(env, { binding, className: "TidemarkJournal", ...place });
      if ("why" in objects)
        return {
          what: "Metrics and hot keys are off, or in Redis if the Worker has it.",
          ...objects,
        };
      return ({ namespace, ...settings }) => {
        // A namespace has no space, so no journal has this name.
        const id = objects.idFromName(`${namespace} metrics`);
        const client = new ObjectClient({
          ...settings,
          of: "metrics",
          stub: () => objects.get(id),
        });
        return { stream: new ObjectReportStream(client), hotKeys: new ObjectHotKeys(client) };
      };
    },
  };
}

export class ObjectReportStream implements ReportStream {
  readonly storeName = "the Durable Object";
  readonly health: RemoteHealth;
  readonly #remote: ObjectClient["remote"];

  constructor({ remote }: ObjectClient) {
    this.#remote = remote;
    this.health = remote.health;
  }

  add(report: Report): Promise<RemoteAnswer<number>> {
    const fields = fieldsOf(report);
    return this.#remote.insist("metrics", (call) => call("report", { fields }));
  }

  async standing(): Promise<RemoteAnswer<ReportState>> {
    const ask = { count: pageCount };
    const answer = await this.#remote.attempt("metrics", (call) => call("reports", ask));
    if (answer.kind === "unavailable") return answer;
    const page = reportsIn(answer.value.page);
    const totals = totalsIn(answer.value.totals);
    return { kind: "answered", value: { totals, page, isFull: page.length >= pageCount } };
  }

  async fold(
    version: string,
    page: readonly StandingReport[],
    text: string,
  ): Promise<RemoteAnswer<boolean>> {
    const [firstId, lastId] = [page[0]?.id, page.at(-1)?.id];
    if (firstId === undefined || lastId === undefined) return { kind: "answered", value: false };
    const ask = { version, firstId, lastId, text };
    return this.#remote.insist("metrics", (call) => call("fold", ask));
  }
}

class ObjectHotKeys implements HotKeyLists {
  readonly #client: ObjectClient;

  constructor(client: ObjectClient) {
    this.#client = client;
  }

  async add(list: string): Promise<boolean> {
    const { remote } = this.#client;
    const answer = await remote.write("hot keys", (call) => call("addHotKeys", { list }));
    return answer.kind === "answered";
  }

  async recent(): Promise<readonly string[]> {
    const answer = await this.#client.remote.attempt("hot keys", (call) => call("hotKeys", {}));
    return answer.kind === "answered" ? answer.value : [];
  }
}
