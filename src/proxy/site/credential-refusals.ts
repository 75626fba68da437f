// Remembers the routes on which a credential prevented responses from being shared, for the health
// report. Stores only entries of the configured lists, because clients choose the field names.
import { isWithinMs } from "../../base/elapsed.ts";
import type { CredentialFields } from "../../config/credential-fields.ts";

/** The recent refusals of one route. Instants are in epoch milliseconds. */
export interface CredentialRefusal {
  /** The route's name; empty if none matched. */
  readonly route: string;
  /** The sorted entries, such as `x-api-key` or `*-token`. */
  readonly entries: readonly string[];
  /** The first of a series of refusals with gaps below 15 minutes. */
  readonly sinceAtMs: number;
}

/** The time for which a refusal is reported. */
const keptMs = 15 * 60_000;

interface RouteRefusals {
  readonly entries: Set<string>;
  readonly sinceAtMs: number;
  lastAtMs: number;
}

/** The refusals of one isolate. */
export class CredentialRefusals {
  readonly #byRoute = new Map<string, RouteRefusals>();

  /** @param names the fields' names, in lower case */
  note(
    route: { readonly name: string; readonly credentials: CredentialFields },
    names: readonly string[],
    atMs: number,
  ): void {
    const before = this.#byRoute.get(route.name);
    const isRecent = before !== undefined && isWithinMs(keptMs, before.lastAtMs, atMs);
    const kept = isRecent
      ? before
      : { entries: new Set<string>(), sinceAtMs: atMs, lastAtMs: atMs };
    for (const name of names) {
      const entry = route.credentials.entryFor(name);
      if (entry !== undefined) kept.entries.add(entry);
    }
    kept.lastAtMs = atMs;
    this.#byRoute.set(route.name, kept);
  }

  /** Returns the refusals of the last 15 minutes, by route. */
  recent(atMs: number): CredentialRefusal[] {
    return [...this.#byRoute]
      .filter(([, { lastAtMs }]) => isWithinMs(keptMs, lastAtMs, atMs))
      .map(([route, { entries, sinceAtMs }]) => ({
        route,
        entries: [...entries].toSorted(),
        sinceAtMs,
      }));
  }
}
