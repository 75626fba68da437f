// Detects requests that return to the deployment that forwarded them, by the deployment's pseudonym
// in Via (RFC 9110 §7.6.3). A request that returns once may be from an origin that fetches a part
// of a page from its own site. Such a request bypasses the cache, because the origin may be
// building the response that will replace the stored response. A request that returns twice is a
// loop.
import { isWithinMs } from "../base/elapsed.ts";
import type { Log } from "../observe/log-line.ts";

const noticeEveryMs = 60_000;

export interface LoopsSettings {
  /** Returns a token that is unique to the deployment and the same in all of its isolates. */
  readonly pseudonym: () => string;
  readonly nowAtMs: () => number;
  readonly log: Log;
}

export class Loops {
  readonly #given: LoopsSettings;
  #noticedAtMs = -Infinity;

  constructor(given: LoopsSettings) {
    this.#given = given;
  }

  /** Returns `Via` with the deployment's pseudonym appended. A missing field is `null`. */
  viaWithOurs(via: string | null): string {
    const ours = `1.1 ${this.#given.pseudonym()}`;
    return via === null ? ours : `${via}, ${ours}`;
  }

  /** Returns whether this deployment has forwarded the request before. */
  hasReturned(via: string): boolean {
    return this.#timesIn(via) > 0;
  }

  /** Returns whether the request is a loop. */
  isOne(via: string | null): boolean {
    return via !== null && this.#timesIn(via) > 1;
  }

  #timesIn(via: string): number {
    const pseudonym = this.#given.pseudonym();
    // Fast path: most Via fields do not contain the pseudonym.
    if (!via.includes(pseudonym)) return 0;
    return via.split(",").filter((member) => member.trim().split(/\s+/)[1] === pseudonym).length;
  }

  /**
   * Logs a loop, at most one per minute.
   *
   * @param origin the configured name of the origin that would receive the request
   */
  notice(origin: string): void {
    const { nowAtMs, log } = this.#given;
    const atMs = nowAtMs();
    if (isWithinMs(noticeEveryMs, this.#noticedAtMs, atMs)) return;
    this.#noticedAtMs = atMs;
    const setting = origin === "default" ? "ORIGIN_URL or the binding ORIGIN" : `origins.${origin}`;
    const message =
      `Requests for the origin "${origin}" come back to this Worker, so they get 508. ` +
      `If ${setting} is this Worker's own address, set it to the server behind this Worker. ` +
      "Otherwise a server behind this Worker forwards Via in its own requests to this site: let it drop Via.";
    log({ event: "loop", level: "error", message, origin });
  }
}
