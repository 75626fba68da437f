// The leases of the records in one Durable Object. They are in memory, because they last seconds, and
// clients choose their keys. A restart of the object frees them all.
import type { RecordCalls } from "./framed-call.ts";

/** The oldest lease is dropped first. An object answers fewer calls within the time of a lease. */
const leasesMax = 20_000;

export class LeaseTable {
  readonly #leases = new Map<string, { readonly value: string; readonly untilAtMs: number }>();

  /** Takes the lease if it is free. Returns its value. */
  take({ key, token, ms }: RecordCalls["lease"][0], atMs: number): string {
    const held = this.#held(key, atMs);
    if (held === undefined) this.#hold(key, token, atMs + ms);
    return held ?? token;
  }

  /** Replaces the value of a lease. A call that is sent again changes nothing more. */
  replace({ key, expected, value, ms }: RecordCalls["replace"][0], atMs: number): boolean {
    const held = this.#held(key, atMs);
    if (held !== expected) return held !== undefined && held === value;
    if (value === "") this.#leases.delete(key);
    else this.#hold(key, value, atMs + ms);
    return true;
  }

  #held(key: string, atMs: number): string | undefined {
    const lease = this.#leases.get(key);
    return lease && lease.untilAtMs > atMs ? lease.value : undefined;
  }

  #hold(key: string, value: string, untilAtMs: number): void {
    this.#leases.delete(key);
    this.#leases.set(key, { value, untilAtMs });
    const [oldest] = this.#leases.keys();
    if (this.#leases.size > leasesMax && oldest !== undefined) this.#leases.delete(oldest);
  }
}
