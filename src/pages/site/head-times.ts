// Measures the origin's time to the head of a response, by route, to detect stalled requests.

const timesMax = 15;
const stallMsMin = 1_000;
/** Limits the effect of the median, which a client can raise with requests for slow URLs. */
const stallMsMax = 2_000;

/** The last times of each route, as measured by this isolate. */
export class HeadTimes {
  readonly #byRoute = new Map<string, number[]>();

  /**
   * Adds the time between a request and its response's head. Instants are in epoch milliseconds.
   */
  add(route: string, response: { requestedAtMs: number; respondedAtMs: number }): void {
    const times = this.#byRoute.get(route) ?? [];
    times.push(response.respondedAtMs - response.requestedAtMs);
    if (times.length > timesMax) times.shift();
    this.#byRoute.set(route, times);
  }

  /** Returns twice the route's median, but at least one second and at most two. */
  stallsAfterMs(route: string): number {
    const times = this.#byRoute.get(route)?.toSorted((a, b) => a - b) ?? [];
    const medianMs = times[Math.floor(times.length / 2)] ?? 0;
    return Math.min(stallMsMax, Math.max(stallMsMin, 2 * medianMs));
  }
}
