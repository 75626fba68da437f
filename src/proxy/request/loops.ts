// Knows a request that has come back to where it went forward from: Via names this deployment
// (RFC 9110 §7.6.3). Once, it may be an origin that asks its own site for a part of a page; what is
// stored must not answer it, since it may be the very thing that is to be replaced. Twice is a loop.
import { isWithinMs } from "../../base/elapsed.ts";
import type { Log } from "../../observe/log-line.ts";

const noticeEveryMs = 60_000;

export interface LoopsSettings {
  /** The same in all isolates of a deployment, and in no other's; a token. */
  readonly pseudonym: string;
  readonly nowAtMs: () => number;
  readonly log: Log;
}

/** Of one deployment, as one isolate notices them. */
export class Loops {
  readonly #given: LoopsSettings;
  #noticedAtMs = -Infinity;

  constructor(given: LoopsSettings) {
    this.#given = given;
  }

  /** @param via as the client sent it; `null` for none */
  viaWithOurs(via: string | null): string {
    const ours = `1.1 ${this.#given.pseudonym}`;
    return via === null ? ours : `${via}, ${ours}`;
  }

  /** Has this request gone forward from here before? */
  hasComeBack(via: string): boolean {
    return this.#timesIn(via) > 0;
  }

  /**
   * Has it more than once? The operator is told, once a minute.
   *
   * @param origin that it would be sent to, by its name in the config
   */
  isOne(via: string | null, origin: string): boolean {
    if (!this.wouldBeOne(via)) return false;
    this.#notice(origin);
    return true;
  }

  /** What `isOne` says, and nobody is told. */
  wouldBeOne(via: string | null): boolean {
    return via !== null && this.#timesIn(via) > 1;
  }

  #timesIn(via: string): number {
    const { pseudonym } = this.#given;
    // Most requests that bear Via bear only names of others.
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
