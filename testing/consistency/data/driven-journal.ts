// The journal of a run, as its driver reads and writes it: in Redis, or in a Durable Object.
import { setTimeout as delay } from "node:timers/promises";
import type { UpstashRestServer } from "../../../local/upstash-rest-server.ts";
import { acceptedAtMs } from "../../../src/purge/journal/entry.ts";
import { type Journal, pageCount } from "../../../src/purge/journal/journal.ts";
import { ObjectClient } from "../../../src/stores/durable-object/object-client.ts";
import { ObjectJournal } from "../../../src/stores/durable-object/object-journal.ts";
import { RedisJournal } from "../../../src/stores/redis/journal/redis-journal.ts";
import type { ObjectHost } from "../object-worker.ts";
import { journalPath } from "../unsteady-objects.ts";
import type { JournalEvent } from "../checker/operations.ts";
import { upstashStore } from "../../fakes/upstash-store.ts";

export type DrivenJournal = Pick<Journal, "append" | "after">;

const common = { nowAtMs: Date.now, randomText: () => crypto.randomUUID() };

export function journalInRedis({ url, token }: UpstashRestServer): DrivenJournal {
  const redis = upstashStore.client({ url, token, nowAtMs: Date.now });
  return new RedisJournal({ ...common, redis, namespace: "tidemark" });
}

/** Returns a client of the object that sends its calls to the process of the objects. */
export function journalInObject(host: ObjectHost): DrivenJournal {
  const stub = {
    fetch: (url: string, init: { method: string; body: string | ArrayBuffer }) =>
      fetch(`${host.url}${journalPath}${new URL(url).pathname.slice(1)}`, init),
  };
  const client = new ObjectClient({ nowAtMs: Date.now, stub: () => stub });
  return new ObjectJournal({ ...common, client });
}

const pauseAfterFailureMs = 200;

/** Records the entries of a journal, because no front sees the calls to the objects. */
export class JournalReader {
  readonly #journal: DrivenJournal;
  readonly #onEntry: (entry: Extract<JournalEvent, { kind: "appended" }>) => void;
  #lastPosition = "0";
  #reading: Promise<void> = Promise.resolve();

  /** @param onEntry receives each entry, with its time by the driver's clock */
  constructor(
    journal: DrivenJournal,
    onEntry: (entry: Extract<JournalEvent, { kind: "appended" }>) => void,
  ) {
    this.#journal = journal;
    this.#onEntry = onEntry;
  }

  /** Reads all entries up to now, at most once each. */
  readOn(): Promise<void> {
    return (this.#reading = this.#reading.then(() => this.#readPages()));
  }

  async #readPages(): Promise<void> {
    for (let isLast = false; !isLast;) {
      const read = await this.#journal.after(this.#lastPosition, pageCount);
      if ("kind" in read) {
        await delay(pauseAfterFailureMs);
        continue;
      }
      for (const { position, n, id, by } of read) {
        this.#lastPosition = position;
        const atMs = acceptedAtMs(position) - performance.timeOrigin;
        const isMark = by === "tidemark";
        this.#onEntry({ kind: "appended", atMs, isolate: "", position, n, id, isMark });
      }
      isLast = read.length < pageCount;
    }
  }
}
