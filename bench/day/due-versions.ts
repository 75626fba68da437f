// The versions that the promise requires: a request that begins later than N after a purge was
// accepted gets at least the version that the page had when the purge was sent.
import type { PlayedPage } from "../scale/played-site.ts";

interface Due {
  readonly version: number;
  readonly atMs: number;
}

export class DueVersions {
  readonly #boundMs: number;
  readonly #pending = new Map<PlayedPage, Due[]>();
  readonly #least = new Map<PlayedPage, number>();

  /** @param boundMs N */
  constructor(boundMs: number) {
    this.#boundMs = boundMs;
  }

  accepted(page: PlayedPage, version: number, atMs: number): void {
    const pending = this.#pending.get(page) ?? [];
    pending.push({ version, atMs: atMs + this.#boundMs });
    this.#pending.set(page, pending);
  }

  /** Returns the lowest version with which a request that begins now may be answered. */
  leastAt(page: PlayedPage, beganAtMs: number): number {
    let least = this.#least.get(page) ?? 0;
    const pending = this.#pending.get(page) ?? [];
    const later = pending.filter((due) => due.atMs >= beganAtMs);
    for (const { version, atMs } of pending) if (atMs < beganAtMs) least = Math.max(least, version);
    if (later.length === 0) this.#pending.delete(page);
    else this.#pending.set(page, later);
    this.#least.set(page, least);
    return least;
  }
}
