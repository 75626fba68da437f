// The site of `bench lag`: colos over one store, and an origin whose page has a version.
import { createServer } from "node:http";
import { type Colo, startColo } from "../../local/colo.ts";
import { startEmbeddedValkey } from "../../local/embedded-valkey.ts";
import { Running } from "../../local/running.ts";
import { startUpstashRestServer } from "../../local/upstash-rest-server.ts";
import { ObjectHost } from "../../testing/consistency/object-worker.ts";
import { listening } from "../../testing/listening.ts";
import { adminToken } from "../../testing/worker/world.ts";
import { isolateField, type StoreUnderTest, workerOf } from "./worker.ts";

export interface LagSite {
  readonly colos: readonly Colo[];
  /** The version of the origin's page. */
  version: number;
  stop(): Promise<void>;
}

export async function startSite(
  store: StoreUnderTest,
  { coloCount, roundTripMs }: { readonly coloCount: number; readonly roundTripMs: number },
): Promise<LagSite> {
  const running = new Running();
  const site = { version: 0, colos: [] as Colo[], stop: () => running.stop() };
  const fields = { "cache-control": "max-age=3600", "cache-tag": "page" };
  const server = createServer((_, answer) => answer.writeHead(200, fields).end(`${site.version}`));
  const origin = await running.add(listening(server));
  const worker = await workerOf(store, roundTripMs);
  const isOverObjects = store.name === "Durable Objects";
  const host = isOverObjects ? await running.add(ObjectHost.start(worker)) : undefined;
  const env = {
    ORIGIN_URL: origin.url,
    ADMIN_TOKEN: adminToken,
    SITE_HOST: "site.test",
    ...(isOverObjects ? {} : await redisIn(running, roundTripMs)),
  };
  for (let nth = 1; nth <= coloCount; nth += 1) {
    const settings = { name: `colo-${nth}`, worker, port: 0, env, onLine: () => undefined };
    const shared = host && { shared: host.shared };
    site.colos.push(await running.add(startColo({ ...settings, ...shared })));
  }
  return site;
}

/** Starts a database, and returns its variables. */
async function redisIn(running: Running, rttMs: number): Promise<Record<string, string>> {
  const { url: redisUrl } = await running.add(startEmbeddedValkey());
  const rest = await running.add(startUpstashRestServer({ redisUrl, token: "token", rttMs }));
  return { UPSTASH_REDIS_REST_URL: rest.url, UPSTASH_REDIS_REST_TOKEN: rest.token };
}

/** Requests the page from an isolate of a colo. Returns its version. */
export async function versionAt({ url }: Colo, isolate: number): Promise<number> {
  const answer = await fetch(`${url}/page`, { headers: { [isolateField]: String(isolate) } });
  return Number(await answer.text());
}

/** @throws if the purge is refused */
export async function purge({ url }: Colo, tag: string): Promise<void> {
  const headers = { authorization: `Bearer ${adminToken}`, [isolateField]: "0" };
  const order = { method: "POST", body: JSON.stringify({ tags: [tag] }), headers };
  const answer = await fetch(`${url}/_cache/purge`, order);
  const text = await answer.text();
  if (answer.status !== 200) throw new Error(`A purge got status ${answer.status}: ${text}`);
}
