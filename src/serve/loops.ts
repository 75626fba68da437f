// Knows a request that has come back to where it went forward from: Via names this deployment
// (RFC 9110 §7.6.3), and an origin that is this Worker itself would be asked without end.

const noticeEveryMs = 60_000;

export class Loops {
  readonly #given: { pseudonym: string; nowAtMs: () => number; log: (line: string) => void };
  #noticedAtMs = -Infinity;

  /** @param given.pseudonym the same in all isolates of a deployment, and in no other's; a token */
  constructor(given: { pseudonym: string; nowAtMs: () => number; log: (line: string) => void }) {
    this.#given = given;
  }

  /** @param via as the client sent it; `null` for none */
  viaWithOurs(via: string | null): string {
    const ours = `1.1 ${this.#given.pseudonym}`;
    return via === null ? ours : `${via}, ${ours}`;
  }

  /**
   * Has this request gone forward from here before? The operator is told, once a minute.
   *
   * @param origin that it would be sent to, by its name in the config
   */
  isOne(via: string | null, origin: string): boolean {
    const { pseudonym } = this.#given;
    const isOurs = (member: string) => member.trim().split(/\s+/)[1] === pseudonym;
    if (via === null || !via.split(",").some(isOurs)) return false;
    this.#notice(origin);
    return true;
  }

  #notice(origin: string): void {
    const { nowAtMs, log } = this.#given;
    const atMs = nowAtMs();
    // A clock that was set back ends the pause.
    if (Math.abs(atMs - this.#noticedAtMs) < noticeEveryMs) return;
    this.#noticedAtMs = atMs;
    const setting = origin === "default" ? "ORIGIN_URL or the binding ORIGIN" : `origins.${origin}`;
    log(
      `The origin "${origin}" leads back to this Worker, so requests for it are answered with 508. ` +
        `Set ${setting} to the server behind this Worker, not to this Worker's own address.`,
    );
  }
}
