// Remembers for health which routes have answered requests with a credential that they may not share.
// It keeps entries of the configured lists alone, and no name that a client chose.
import { isWithinMs } from "../../base/elapsed.ts";
import type { CredentialFields } from "../../config/credential-fields.ts";

/** What a finding is made of. Instants in epoch milliseconds. */
export interface CredentialRefusal {
  /** The route's name; empty where none matched. */
  readonly route: string;
  /** Such as `x-api-key` or `*-token`, sorted. */
  readonly entries: readonly string[];
  readonly sinceAtMs: number;
}

/** A refusal counts for so long. */
const keptMs = 15 * 60_000;

interface Kept {
  readonly entries: Set<string>;
  readonly sinceAtMs: number;
  lastAtMs: number;
}

/** The refusals of one isolate. */
export class CredentialRefusals {
  readonly #byRoute = new Map<string, Kept>();

  /** @param names of the fields, in lower case */
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

  /** The refusals of the last 15 minutes, by route. */
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
