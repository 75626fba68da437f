// A clock that stands still until a test moves it.

export class FakeClock {
  /** Epoch milliseconds; a whole second, so that dates in fields lose nothing. */
  atMs = Date.UTC(2030, 0, 1, 12);

  readonly nowAtMs = (): number => this.atMs;

  advance(seconds: number): void {
    this.atMs += seconds * 1_000;
  }

  /** The instant as a `Date` field would say it, some seconds from now or ago. */
  date(inSeconds = 0): string {
    return new Date(this.atMs + inSeconds * 1_000).toUTCString();
  }
}
