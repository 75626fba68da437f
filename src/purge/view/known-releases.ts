// The releases that the journal's entries have told. The newest entry names the current release, even if
// it is an older build, because a rollback is a release.
import { comparePositions, type ReleaseEntry } from "../journal/entry.ts";

/** The most releases that a view remembers, the newest. */
const countMax = 64;

export class KnownReleases {
  /** Oldest first. Stays after the journal has dropped an entry. */
  readonly #newest: ReleaseEntry[] = [];

  /** The current release; `undefined` if no entry has told one. */
  get current(): ReleaseEntry | undefined {
    return this.#newest.at(-1);
  }

  /** Notes releases, in any order. */
  learn(releases: readonly ReleaseEntry[]): void {
    for (const { id, position } of releases) {
      if (this.#newest.some((one) => one.position === position)) continue;
      const before = this.#newest.findLastIndex(
        (one) => comparePositions(one.position, position) < 0,
      );
      this.#newest.splice(before + 1, 0, { id, position });
      if (this.#newest.length > countMax) this.#newest.shift();
    }
  }

  /** Returns how often the release has changed since a position. A release told again is no change. */
  countSince(since: string): number {
    return this.#newest.filter(
      ({ id, position }, at) =>
        comparePositions(position, since) > 0 && id !== this.#newest[at - 1]?.id,
    ).length;
  }
}
