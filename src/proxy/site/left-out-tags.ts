// Counts tags that no purge can name, because they are too long or a route's function failed. Logs each
// kind once.
import type { Log } from "../../observe/log-line.ts";
import type { Metrics } from "../../observe/metrics.ts";
import { tagBytesMax } from "../../purge/journal/purge-target.ts";

export interface LeftOutTagsSettings {
  readonly metrics: Pick<Metrics, "add">;
  readonly log: Log;
}

/** Counts tags that are too long and logs the first, and the first failure of each route. */
export class LeftOutTags {
  readonly #settings: LeftOutTagsSettings;
  #isSaid = false;
  readonly #saidFailed = new Set<string>();

  constructor(settings: LeftOutTagsSettings) {
    this.#settings = settings;
  }

  /**
   * @param bytes the size of each such tag of one response
   * @param route the route's name; empty if none matched
   */
  add(bytes: readonly number[], route: string): void {
    const { metrics, log } = this.#settings;
    for (const _ of bytes) metrics.add("tagsLeftOut");
    if (this.#isSaid || bytes[0] === undefined) return;
    this.#isSaid = true;
    const where = route === "" ? "outside of all routes" : `on the route ${JSON.stringify(route)}`;
    const message =
      `A response ${where} has a tag of ${bytes[0]} bytes, and no purge can name it: a tag has up to ` +
      `${tagBytesMax} bytes. Shorten it. More of them are counted as tagsLeftOut in /_cache/stats.`;
    log({ event: "tag-too-long", level: "warn", message, route, bytes: bytes[0] });
  }

  /** Logs a route's first failure. Metrics count it with the other refusals to store. */
  addFailed(route: string): void {
    if (this.#saidFailed.has(route)) return;
    this.#saidFailed.add(route);
    const message =
      `The tags of the route ${JSON.stringify(route)} failed: its function threw, or returned something ` +
      "else than a list of texts. Pages without their tags are answered and not stored. Mend the " +
      "function. More of them are counted as tags-failed in /_cache/stats.";
    this.#settings.log({ event: "tags-failed", level: "warn", message, route });
  }
}
