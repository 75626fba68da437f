// A Worker with its journal in a Durable Object, for histories of a real site, and with its records in
// objects unless the journal moves. Its calls are delayed, lost and repeated at random, and the storage
// of the records fails at times. One process of its own runs the objects.
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { DurableObjectJournal } from "../../src/cloudflare.ts";
import { acceptedAtMs } from "../../src/purge/journal/entry.ts";
import type { JournalEvent } from "./checker/operations.ts";
import { bundled, root } from "../../local/bundling.ts";
import { type Colo, type ColoSettings, startColo } from "../../local/colo.ts";

/** The body of a call to the object. Delays, loses and repeats calls at random. */
const troubledCall = `
  if (happens(0.1)) await pause(300 * Math.random());
  if (happens(0.03)) return lost();
  const reply = await send();
  if (happens(0.03)) return send();
  if (happens(0.1)) await pause(300 * Math.random());
  return happens(0.03) ? lost() : reply;
`;

/** Returns the body of a call that takes the time of a round trip. */
export const distantCall = (roundTripMs: number): string => `
  await pause(${roundTripMs / 2});
  const reply = await send();
  await pause(${roundTripMs / 2});
  return reply;
`;

const textOf = (config: string, journal: DurableObjectJournal, call: string) => `
  import { durableObjectJournal, durableObjectRecords, TidemarkRecords as Records } from "./src/cloudflare.ts";
  import { defineConfig } from "./src/tidemark.ts";
  import { createWorker } from "./src/worker.ts";
  export { TidemarkJournal } from "./src/cloudflare.ts";

  const worker = createWorker(defineConfig(${config}), {
    journal: durableObjectJournal(${JSON.stringify(journal)}),
    tiers: ${journal.move === undefined ? "[durableObjectRecords({ objects: 2 })]" : "[]"},
  });
  const happens = (share) => Math.random() < share;
  const pause = (ms) => new Promise((resolve) => setTimeout(resolve, ms));
  const lost = () => Promise.reject(new Error("Network connection lost."));
  const unsteady = (objects) => ({
    idFromName: (name) => objects.idFromName(name),
    get: (id) => ({
      async fetch(url, init) {
        const send = () => objects.get(id).fetch(url, init);
        ${call}
      },
    }),
  });
  const troubled = ({ JOURNAL, RECORDS, ...env }) => ({
    ...env,
    JOURNAL: unsteady(JOURNAL),
    RECORDS: unsteady(RECORDS),
  });
  // For some seconds of each minute, the storage is full.
  export class TidemarkRecords extends Records {
    constructor({ storage }) {
      const isFull = () => Date.now() % 60_000 < 5_000;
      const exec = (query, ...bindings) => {
        if (isFull() && query.startsWith("INSERT")) throw new Error("database or disk is full: SQLITE_FULL");
        return storage.sql.exec(query, ...bindings);
      };
      super({ storage: { sql: { exec }, transactionSync: (work) => storage.transactionSync(work) } });
    }
  }
  export default {
    fetch: (request, env, context) => worker.fetch(request, troubled(env), context),
    scheduled: (event, env, context) => worker.scheduled(event, troubled(env), context),
  };
`;

/** @returns one ES module */
export function bundleOverObject(
  config: string,
  journal: DurableObjectJournal = {},
  call = troubledCall,
): Promise<string> {
  const stdin = {
    contents: textOf(config, journal, call),
    resolveDir: root,
    sourcefile: "worker.js",
  };
  return bundled({ stdin: { ...stdin, loader: "js" }, minify: false });
}

/** The process that runs the object, and the settings by which colos reach it. */
export class ObjectHost {
  readonly shared: NonNullable<ColoSettings["shared"]>;
  readonly #worker: string;
  #colo: Colo | undefined;

  private constructor(worker: string, folder: string) {
    this.#worker = worker;
    const objects = { JOURNAL: "TidemarkJournal", RECORDS: "TidemarkRecords" };
    this.shared = { folder, host: "object-host", objects };
  }

  static async start(worker: string): Promise<ObjectHost> {
    const host = new ObjectHost(worker, await mkdtemp(join(tmpdir(), "tidemark-object-")));
    await host.startAgain();
    return host;
  }

  /** Ends the process. Its storage stays. */
  async kill(): Promise<void> {
    await this.#colo?.stop();
  }

  async startAgain(): Promise<void> {
    const { host: name } = this.shared;
    this.#colo = await startColo({
      name,
      worker: this.#worker,
      port: 0,
      env: {},
      shared: this.shared,
    });
  }

  async stop(): Promise<void> {
    await this.kill();
    await rm(this.shared.folder, { recursive: true, force: true });
  }
}

interface Receipts {
  readonly entries: readonly {
    readonly position: string;
    readonly id: string;
    readonly by: string;
  }[];
  readonly next: string | null;
}

/** Reads the whole journal from a colo, because no front sees the calls to the object. */
export async function journalOf({ url }: { url: string }, token: string): Promise<JournalEvent[]> {
  const events: JournalEvent[] = [];
  for (let after: string | null = "0"; after !== null;) {
    const path = `${url}/_cache/journal?after=${after}&count=128`;
    const response = await fetch(path, { headers: { authorization: `Bearer ${token}` } });
    if (!response.ok) continue;
    const { entries, next } = (await response.json()) as Receipts;
    for (const { position, id, by } of entries) {
      const atMs = acceptedAtMs(position) - performance.timeOrigin;
      const isMark = by === "tidemark";
      events.push({ kind: "appended", atMs, isolate: "", position, n: "", id, isMark });
    }
    after = next;
  }
  return events;
}
