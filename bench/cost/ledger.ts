// Records all requests to Redis by purpose.
import type { CallAnswer } from "../../local/upstash-rest-server.ts";
import { type Use, useOf, uses, writtenBy } from "./command-use.ts";

interface Entry {
  readonly requests: number;
  readonly commands: number;
  /** The bytes of request bodies, from the Workers to Redis. */
  readonly bytesUp: number;
  readonly bytesDown: number;
}

export type Entries = Readonly<Record<Use, Entry>>;

export class Ledger {
  #entries = empty();
  #lastAtMs = 0;
  readonly #digests = new Map<string, string>();

  readonly note = ({ commands, requestBytes, responseBytes }: CallAnswer): void => {
    const use = useOf(commands, this.#digests);
    const { requests, commands: count, bytesUp, bytesDown } = this.#entries[use];
    this.#entries[use] = {
      requests: requests + 1,
      commands: count + commands.length,
      bytesUp: bytesUp + requestBytes,
      bytesDown: bytesDown + responseBytes,
    };
    this.#lastAtMs = performance.now();
    const written = writtenBy(commands);
    if (use === "fill" && written !== undefined) this.#digests.set(written.key, written.bodyDigest);
  };

  /** The time since the last request to Redis. */
  get quietMs(): number {
    return performance.now() - this.#lastAtMs;
  }

  /** Returns the entries since the last call. */
  take(): Entries {
    const taken = this.#entries;
    this.#entries = empty();
    return taken;
  }
}

function empty(): Record<Use, Entry> {
  const nothing: Entry = { requests: 0, commands: 0, bytesUp: 0, bytesDown: 0 };
  return Object.fromEntries(uses.map((use) => [use, nothing])) as Record<Use, Entry>;
}

/** Returns the commands of reports and of scrapes: only scrapes send `INFO` in a run. */
export function metricsOf(entries: Entries): Entry {
  return sumOf({
    metrics: entries.metrics,
    "database information": entries["database information"],
  });
}

export function sumOf(entries: Partial<Entries>): Entry {
  const all = Object.values(entries);
  const sum = (of: keyof Entry) => all.reduce((total, entry) => total + entry[of], 0);
  return {
    requests: sum("requests"),
    commands: sum("commands"),
    bytesUp: sum("bytesUp"),
    bytesDown: sum("bytesDown"),
  };
}
