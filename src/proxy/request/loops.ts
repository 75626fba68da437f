// Detects requests that come back to the deployment that forwarded them, by our pseudonym in Via
// (RFC 9110 §7.6.3). Once may be an origin that fetches part of a page from its own site. Such a request
// bypasses the cache, because the stored response may be the one being replaced. Twice is a loop.
import { isWithinMs } from "../../base/elapsed.ts";
import type { Log } from "../../observe/log-line.ts";

const noticeEveryMs = 60_000;

export interface LoopsSettings {
  /** A token that is unique to the deployment and the same in all its isolates. */
  readonly pseudonym: string;
  readonly nowAtMs: () => number;
  readonly log: Log;
}

export class Loops {
  readonly #given: LoopsSettings;
  #noticedAtMs = -Infinity;

  constructor(given: LoopsSettings) {
    this.#given = given;
  }

  /** Appends our pseudonym to `Via`; `null` for none. */
  viaWithOurs(via: string | null): string {
    const ours = `1.1 ${this.#given.pseudonym}`;
    return via === null ? ours : `${via}, ${ours}`;
  }

  /** Returns whether this deployment has forwarded the request before. */
  hasReturned(via: string): boolean {
    return this.#timesIn(via) > 0;
  }

  /**
   * Returns whether the request is a loop. Logs one a minute.
   *
   * @param origin the next origin's name in the config
   */
  isOne(via: string | null, origin: string): boolean {
    if (!this.wouldBeOne(via)) return false;
    this.#notice(origin);
    return true;
  }

  /** Returns the result of `isOne` without a log line. */
  wouldBeOne(via: string | null): boolean {
    return via !== null && this.#timesIn(via) > 1;
  }

  #timesIn(via: string): number {
    const { pseudonym } = this.#given;
    // Most Via fields have only names of others.
    if (!via.includes(pseudonym)) return 0;
    return via.split(",").filter((member) => member.trim().split(/\s+/)[1] === pseudonym).length;
  }

  #notice(origin: string): void {
    const { nowAtMs, log } = this.#given;
    const atMs = nowAtMs();
    if (isWithinMs(noticeEveryMs, this.#noticedAtMs, atMs)) return;
    this.#noticedAtMs = atMs;
    const setting = origin === "default" ? "ORIGIN_URL or the binding ORIGIN" : `origins.${origin}`;
    const message =
      `Requests for the origin "${origin}" come back to this Worker, so they are answered with 508. ` +
      `If ${setting} is this Worker's own address, set it to the server behind this Worker. ` +
      "Else a server behind this Worker passes Via on in requests of its own to this site: let it leave Via out.";
    log({ event: "loop", level: "error", message, origin });
  }
}
