// A clock that only a test advances.

export class FakeClock {
  /** Epoch milliseconds; a whole second, so that dates in fields are exact. */
  atMs = Date.UTC(2030, 0, 1, 12);

  readonly nowAtMs = (): number => this.atMs;

  advance(seconds: number): void {
    this.atMs += seconds * 1_000;
  }

  /** Returns the value of a `Date` field, relative to the current time. */
  date(inSeconds = 0): string {
    return new Date(this.atMs + inSeconds * 1_000).toUTCString();
  }
}
