// Records all requests to Redis by purpose, and the order of fills, freshenings and purges.
import type { CallAnswer } from "../../local/upstash-rest-server.ts";
import { type Use, useOf, uses, writtenBy } from "./command-use.ts";

/** The events of the shared tier, in order. */
export type StoreEvent =
  | { readonly kind: "fill" | "freshening"; readonly key: string; readonly tags: readonly string[] }
  | { readonly kind: "purge"; readonly tags: readonly string[]; readonly urlCount: number };

export interface Entry {
  readonly requests: number;
  readonly commands: number;
  /** The bytes of request bodies, from the Workers to Redis. */
  readonly bytesUp: number;
  readonly bytesDown: number;
}

export type Entries = Readonly<Record<Use, Entry>>;

export class Ledger {
  #entries = empty();
  #events: StoreEvent[] = [];
  #lastAtMs = 0;
  readonly #digests = new Map<string, string>();
  readonly #storedBytes = new Map<string, number>();

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
    if (use === "purge, written") this.#events.push(...commands.map(purgeIn));
    const written = writtenBy(commands);
    if (written === undefined || (use !== "fill" && use !== "freshening")) return;
    const { key, tags, bodyDigest } = written;
    this.#events.push({ kind: use, key, tags });
    this.#digests.set(key, bodyDigest);
    if (use === "fill") this.#storedBytes.set(key, requestBytes);
  };

  /** The sum of the sizes of the last fills of all keys: an upper bound of the stored bytes. */
  get storedBytes(): number {
    return [...this.#storedBytes.values()].reduce((sum, bytes) => sum + bytes, 0);
  }

  /** The time since the last request to Redis. */
  get quietMs(): number {
    return performance.now() - this.#lastAtMs;
  }

  /** Returns the entries and events since the last call. */
  take(): { entries: Entries; events: readonly StoreEvent[] } {
    const taken = { entries: this.#entries, events: this.#events };
    this.#entries = empty();
    this.#events = [];
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

/** Returns the user's tags and the URLs that the entries of a purge name. */
function purgeIn(command: CallAnswer["commands"][number]): StoreEvent {
  const texts = command.map(String);
  const targets = texts.flatMap((text, at) =>
    text === "tags" ? (JSON.parse(texts[at + 1] ?? "") as string[]) : [],
  );
  const named = (form: string) =>
    targets.filter((target) => target.startsWith(form)).map((target) => target.slice(form.length));
  return { kind: "purge", tags: named("tag:"), urlCount: named("url:").length };
}
