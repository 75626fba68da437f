// Reports tags that purges cannot use: tags that are too long, and the tags of a route whose
// function failed.
import type { Log } from "../../observe/log-line.ts";
import type { Metrics } from "../../observe/metrics.ts";
import { tagBytesMax } from "../../protocol/purge-order.ts";

export interface LeftOutTagsSettings {
  readonly metrics: Pick<Metrics, "add">;
  readonly log: Log;
}

/**
 * Counts tags that are too long, and logs the first such tag. Also logs the first failure of each
 * route's function.
 */
export class LeftOutTags {
  readonly #settings: LeftOutTagsSettings;
  #isSaid = false;
  readonly #saidFailed = new Set<string>();

  constructor(settings: LeftOutTagsSettings) {
    this.#settings = settings;
  }

  /**
   * @param bytes the sizes of one response's tags that are too long
   * @param route the route's name; empty if none matched
   */
  add(bytes: readonly number[], route: string): void {
    const { metrics, log } = this.#settings;
    for (const _ of bytes) metrics.add("tagsLeftOut");
    if (this.#isSaid || bytes[0] === undefined) return;
    this.#isSaid = true;
    const where = route === "" ? "outside of all routes" : `on the route ${JSON.stringify(route)}`;
    const message =
      `A response ${where} has a tag of ${bytes[0]} bytes, and no purge can name it: a tag may have up to ` +
      `${tagBytesMax} bytes. Shorten it. Further such tags are only counted, as tagsLeftOut in /_cache/stats.`;
    log({ event: "tag-too-long", level: "warn", message, route, bytes: bytes[0] });
  }

  /** Logs a route's first failure. Metrics count failures with the other refusals to store. */
  addFailed(route: string): void {
    if (this.#saidFailed.has(route)) return;
    this.#saidFailed.add(route);
    const message =
      `The tags function of the route ${JSON.stringify(route)} threw, or did not return an array of strings. ` +
      "Tidemark sends such pages, but does not store them. Fix the function. Further failures are " +
      "only counted, as tags-failed in /_cache/stats.";
    this.#settings.log({ event: "tags-failed", level: "warn", message, route });
  }
}
