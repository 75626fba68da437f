// Starts the demo news site on a port: an ordinary HTTP origin that knows of no cache.
import { createServer, ServerResponse, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { getRequestListener } from "@hono/node-server";
import { createDemoApp } from "./demo-app.ts";
import { createNewsroom, type Newsroom } from "./newsroom.ts";
import { createReaders } from "./readers.ts";
import { createRequestCounter, type RequestCount } from "./request-count.ts";
import { openDatabase } from "./schema.ts";

export interface DemoOrigin {
  /** Without a slash at its end, such as "http://127.0.0.1:40123". */
  url: string;
  requests(): RequestCount;
  resetRequests(): void;
  newsroom: Newsroom;
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
}: {
  port?: number;
  host?: string;
  databasePath?: string;
  queryMs?: number;
  nowAtMs?: () => number;
  siteUrl?: string;
} = {}): Promise<DemoOrigin> {
  const database = openDatabase(databasePath);
  const newsroom = createNewsroom({ database, queryMs, nowAtMs });
  const readers = createReaders({ database, queryMs, nowAtMs });
  const app = createDemoApp({ newsroom, readers, nowAtMs, siteUrl });
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
  await listen(server, { port, host }).catch((error: unknown) => {
    database.close();
    throw error;
  });
  return {
    url: `http://${host}:${(server.address() as AddressInfo).port}`,
    requests: counter.read,
    resetRequests: counter.reset,
    newsroom,
    async stop() {
      if (!server.listening) return;
      const closed = new Promise((resolve) => server.close(resolve));
      server.closeAllConnections();
      await closed;
      // A query begun before the stop still reads when its wait is over.
      await Promise.allSettled(underWay);
      database.close();
    },
  };
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
