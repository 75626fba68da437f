// How long the origin takes until the head of a response, by route: when a request counts as stalled.

const timesMax = 15;
const stallMsMin = 1_000;
/** A client can make the median anything: by slow URLs of the route, which it asks for itself. */
const stallMsMax = 2_000;

/** The last times of each route, as this isolate has measured them. */
export class HeadTimes {
  readonly #byRoute = new Map<string, number[]>();

  /** @param response when it was asked for, and when its head came; epoch milliseconds */
  add(route: string, response: { requestedAtMs: number; respondedAtMs: number }): void {
    const times = this.#byRoute.get(route) ?? [];
    times.push(response.respondedAtMs - response.requestedAtMs);
    if (times.length > timesMax) times.shift();
    this.#byRoute.set(route, times);
  }

  /** @returns twice the route's median, between one second and two */
  stallsAfterMs(route: string): number {
    const times = this.#byRoute.get(route)?.toSorted((a, b) => a - b) ?? [];
    const medianMs = times[Math.floor(times.length / 2)] ?? 0;
    return Math.min(stallMsMax, Math.max(stallMsMin, 2 * medianMs));
  }
}
