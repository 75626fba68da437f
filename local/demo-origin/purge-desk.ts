// Where the newsroom's purges go: kept until there is an address for them, then sent and watched.
import type { DatabaseSync } from "node:sqlite";
import { createOutbox } from "../../src/purger/outbox.ts";
import type { PurgeOrder } from "../../src/purger/message.ts";
import { createPurger, type Purger } from "../../src/purger/purger.ts";
import { createColoWatch, type ColoShows, type ColoWatch } from "./colo-watch.ts";
import { createPurgeOutbox, type ChangedPage, type PurgeRecord } from "./purge-outbox.ts";

export interface PurgeAddress {
  /** Such as "http://127.0.0.1:8787/_cache/purge". */
  url: string;
  secret: string;
}

export interface PurgeDesk {
  /** Called inside the transaction that makes the change. */
  enqueue(order: PurgeOrder, page: ChangedPage): void;
  /** Newest first. */
  newest(limit: number): PurgeRecord[];
  /** Of a refused purge, once what it was refused for is mended. */
  sendAgain(id: string): void;
  /** The address purges go to; `undefined` while they are kept here. */
  sendsTo(): string | undefined;
  coloNames(): string[];
  /** What each colo shows now of the page at `path`; empty without colos. */
  look(path: string): Promise<ColoShows[]>;
  /**
   * Sends what waits and what comes; at most once.
   *
   * @param colos base URLs at which the site is seen, the first of them "colo-1"
   * @throws PurgeError for an address or a secret that cannot work
   */
  connect(purge: PurgeAddress, colos: readonly string[]): void;
  stop(): Promise<void>;
}

/** A page is watched this many times as long as a change may take to be visible. */
export const watchFactor = 3;

export function createPurgeDesk(database: DatabaseSync, nowAtMs: () => number): PurgeDesk {
  const outboxTable = createPurgeOutbox(database, nowAtMs);
  const { store } = outboxTable;
  let connected: { url: string; purger: Purger; watch: ColoWatch } | undefined;

  const watch = (id: string): void => {
    const record = outboxTable.record(id);
    if (record?.acceptedAtMs == null) return;
    const watchedMs = watchFactor * (record.visibleWithinSeconds ?? 0) * 1_000;
    connected?.watch.watch({
      page: record,
      untilAtMs: record.acceptedAtMs + watchedMs,
      onSeen: (colo, atMs) => outboxTable.noteSighting({ id, colo, atMs }),
    });
  };
  const outbox = createOutbox({
    store: {
      ...store,
      async delivered(id, acceptance) {
        await store.delivered(id, acceptance);
        watch(id);
      },
    },
    purger: {
      async send(message, options) {
        if (connected === undefined) throw new Error("The outbox runs before it is connected.");
        return connected.purger.send(message, options);
      },
    },
    nowAtMs,
    // The editor's page shows every state; a terminal beside it need not.
    report: () => {},
  });

  return {
    enqueue(order, page) {
      outboxTable.setPage(outbox.enqueue(order), page);
    },
    newest: (limit) => outboxTable.newest(limit),
    sendAgain(id) {
      outboxTable.sendAgain(id);
      outbox.wake();
    },
    sendsTo: () => connected?.url,
    coloNames: () => connected?.watch.colos.map(({ name }) => name) ?? [],
    look: async (path) => connected?.watch.look(path) ?? [],
    connect(purge, colos) {
      if (connected !== undefined) throw new Error("The newsroom's purges have an address.");
      const purger = createPurger({ ...purge, nowAtMs });
      connected = { url: purge.url, purger, watch: createColoWatch(colos, nowAtMs) };
      outbox.run();
    },
    async stop() {
      await outbox.stop();
      await connected?.watch.stop();
    },
  };
}
