// Starts the demo news site on a port: an ordinary HTTP origin that purges what its editor changes.
import { createServer, ServerResponse, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import type { DatabaseSync } from "node:sqlite";
import { getRequestListener } from "@hono/node-server";
import { createDemoApp } from "./demo-app.ts";
import { createAccounts } from "./accounts.ts";
import { createEditorial } from "./editorial.ts";
import { editorSessionSeconds } from "./editor-session.ts";
import { createNewsroom, type Newsroom } from "./newsroom.ts";
import { createPurgeDesk, type PurgeAddress } from "./purge-desk.ts";
import { createReaders } from "./readers.ts";
import { createRequestCounter, type RequestCount } from "./request-count.ts";
import { openDatabase } from "./schema.ts";

export interface DemoOrigin {
  /** Without a slash at its end, such as "http://127.0.0.1:40123". */
  url: string;
  requests(): RequestCount;
  resetRequests(): void;
  newsroom: Newsroom;
  /**
   * For an address that is known only once the origin runs; not after `given.purge`.
   *
   * @throws PurgeError for an address or a secret that cannot work
   */
  sendPurges(purge: PurgeAddress, colos: readonly string[]): void;
  /** Ends every connection, then closes the database; twice is as good as once. */
  stop(): Promise<void>;
}

/**
 * @param given.port         0 takes any free port
 * @param given.databasePath a file that outlives the origin, or ":memory:"
 * @param given.queryMs      what each reading query takes on purpose, so that a hit is felt
 * @param given.nowAtMs      the origin's clock: dates, sessions, corrections
 * @param given.siteUrl      where readers see the site when that is not here, without a slash at
 *                           its end; links in the RSS feed lead there
 * @param given.purge        where the editor's changes are purged; absent, purges are kept
 * @param given.colos        base URLs at which the site is seen; the editor's desk watches them
 * @throws when the port is taken or the database cannot be opened
 * @example
 * const origin = await startDemoOrigin({ queryMs: 0 });
 * await fetch(`${origin.url}/feed`);
 * origin.requests().byRoute; // { "GET /feed": 1 }
 * await origin.stop();
 */
export async function startDemoOrigin({
  port = 0,
  host = "127.0.0.1",
  databasePath = ":memory:",
  queryMs = 150,
  nowAtMs = Date.now,
  siteUrl,
  purge,
  colos = [],
}: {
  port?: number;
  host?: string;
  databasePath?: string;
  queryMs?: number;
  nowAtMs?: () => number;
  siteUrl?: string;
  purge?: PurgeAddress;
  colos?: readonly string[];
} = {}): Promise<DemoOrigin> {
  const database = openDatabase(databasePath);
  const parts = createParts({ database, queryMs, nowAtMs });
  const { desk } = parts.editorsRoom;
  const app = createDemoApp({ ...parts, nowAtMs, siteUrl });
  const counter = createRequestCounter();
  const underWay = new Set<Promise<Response>>();
  const listener = getRequestListener(
    (request, { outgoing }) => {
      counter.count(request);
      const bindings = outgoing instanceof ServerResponse ? { outgoing } : {};
      const answer = Promise.resolve(app.fetch(request, bindings)).then(counter.countBody);
      underWay.add(answer);
      return answer.finally(() => underWay.delete(answer));
    },
    // The process may run other servers, which keep Node's own Request and Response.
    { overrideGlobalObjects: false },
  );
  const server = createServer((incoming, outgoing) => void listener(incoming, outgoing));
  const stop = async (): Promise<void> => {
    await desk.stop();
    const closed = new Promise((resolve) => server.close(resolve));
    server.closeAllConnections();
    await closed;
    // A query begun before the stop still reads when its wait is over.
    await Promise.allSettled(underWay);
    database.close();
  };
  let stopping: Promise<void> | undefined;
  try {
    await listen(server, { port, host });
    if (purge !== undefined) desk.connect(purge, colos);
  } catch (error) {
    await stop();
    throw error;
  }
  return {
    url: `http://${host}:${(server.address() as AddressInfo).port}`,
    requests: counter.read,
    resetRequests: counter.reset,
    newsroom: parts.newsroom,
    sendPurges: (to, seenAt) => desk.connect(to, seenAt),
    stop: () => (stopping ??= stop()),
  };
}

function createParts(given: { database: DatabaseSync; queryMs: number; nowAtMs: () => number }) {
  const { database, nowAtMs } = given;
  const newsroom = createNewsroom(given);
  const desk = createPurgeDesk(database, nowAtMs);
  const lifetimeSeconds = editorSessionSeconds;
  const editors = createAccounts({ database, of: "editors", lifetimeSeconds, nowAtMs });
  const editorial = createEditorial({ database, newsroom, desk });
  return { newsroom, readers: createReaders(given), editorsRoom: { editors, editorial, desk } };
}

function listen(server: Server, at: { port: number; host: string }): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once("error", reject);
    server.listen(at, () => {
      server.off("error", reject);
      resolve();
    });
  });
}
