// Tests that an isolate's counts of Redis commands agree with the commands that a REST server in
// front of Redis receives, in total and by purpose.
// Needs parts: global-collapse, hot-keys.
import { globalCollapse } from "../../../src/parts/global-collapse/global-collapse.ts";
import { hotKeys } from "../../../src/parts/hot-keys/hot-keys.ts";
import { afterAll, beforeAll, expect, it } from "vitest";
import { type Use, useOf, writtenBy } from "../../../bench/cost/command-use.ts";
import { type EmbeddedValkey, startEmbeddedValkey } from "../../../local/embedded-valkey.ts";
import {
  type CallAnswer,
  startUpstashRestServer,
  type UpstashRestServer,
} from "../../../local/upstash-rest-server.ts";
import { FakeClock } from "../../../testing/fakes/fake-clock.ts";
import { cc, page } from "../../../testing/fakes/origin-in-process.ts";
import { openSite, type Site } from "../../../testing/site/harness.ts";

const token = "token-of-the-front";
const adminToken = "admin-of-this-site";
const received: CallAnswer[] = [];
let server: EmbeddedValkey;
let rest: UpstashRestServer;

beforeAll(async () => {
  server = await startEmbeddedValkey();
  const onAnswered = (call: CallAnswer) => void received.push(call);
  rest = await startUpstashRestServer({ redisUrl: server.url, token, onAnswered });
});
afterAll(async () => {
  await rest.stop();
  await server.stop();
});

function open(): Site {
  const clock = new FakeClock();
  clock.atMs = Date.now();
  // The cron trigger fires 2 minutes from now. It must not fire in a fifth minute, in which it
  // sends a report and so resets the counts.
  if ((Math.round(clock.atMs / 60_000) + 2) % 5 === 0) clock.advance(60);
  return openSite({
    clock,
    random: 0,
    env: {
      UPSTASH_REDIS_REST_URL: rest.url,
      UPSTASH_REDIS_REST_TOKEN: token,
      ADMIN_TOKEN: adminToken,
      SITE_HOST: "www.example.com",
    },
    config: {
      parts: [hotKeys(10)],
      // A purge is read back after half of this time.
      purge: { maxLagSeconds: 1, clockAllowanceSeconds: 0.1 },
      routes: [
        { name: "crowds", match: "/crowds/*", use: [globalCollapse()] },
        { name: "all", match: "*" },
      ],
    },
    origin: (request) => {
      const headers = cc("max-age=120", { etag: '"1"' });
      if (request.headers.has("if-none-match")) return new Response(null, { status: 304, headers });
      const vary = request.url.includes("varied") ? { vary: "accept-language" } : {};
      return page("page", { ...headers, ...vary });
    },
  });
}

const bearing = { authorization: `Bearer ${adminToken}` };

/** Sends an operator's request, without waiting for background work. */
async function send(site: Site, path: string, body: object): Promise<void> {
  const init = { method: "POST", headers: bearing, body: JSON.stringify(body) };
  expect((await site.ask(`/_cache/${path}`, init)).status).toBe(200);
}

/** Uses Redis for each purpose except probes and requests that only operators send. */
async function useEverything(site: Site): Promise<void> {
  for (const path of ["/a", "/b", "/c", "/d"]) await site.get(path);
  await site.get("/varied", { headers: { "accept-language": "de" } });
  await site.get("/crowds/a");
  for (let minute = 0; minute < 2; minute += 1) {
    for (let nth = 0; nth < 3; nth += 1) await site.get("/a");
    site.clock.advance(60);
  }
  await site.get("/a");
  await site.fireCron();
  site.clock.advance(61);
  await site.get("/a");
  await site.get("/a", { method: "DELETE" });
  await send(site, "purge", { tags: ["news"] });
  await send(site, "switch", { bypass: ["crowds"] });
  await site.settleEntries();
}

/** Returns the number of received commands by use. The form of a command shows its use. */
function receivedByUse(): Record<Use, number> {
  const digests = new Map<string, string>();
  const byUse: Partial<Record<Use, number>> = {};
  for (const { commands } of received) {
    const use = useOf(commands, digests);
    const written = writtenBy(commands);
    if (written !== undefined) digests.set(written.key, written.bodyDigest);
    byUse[use] = (byUse[use] ?? 0) + commands.length;
  }
  return byUse as Record<Use, number>;
}

/** Returns the isolate's counts by purpose since the last call. */
function countedByPurpose(site: Site): Record<string, number> {
  const counted = Object.entries(site.counted()).flatMap(([series, count]) => {
    const [family, purpose = ""] = series.split("|");
    return family === "redisCommands" ? [[purpose, count] as const] : [];
  });
  return Object.fromEntries(counted);
}

it("counts all commands that Redis receives, by purpose", async () => {
  const site = open();
  await useEverything(site);
  const counted = countedByPurpose(site);
  // Only the check of the free memory sends INFO here.
  const { "database information": looks, ballast, ...byUse } = receivedByUse();
  expect(counted).toEqual({ ...byUse, room: looks + ballast });
  expect(counted["fill"]).not.toBe(counted["freshening"]);
  expect(Object.keys(counted).length).toBeGreaterThanOrEqual(12);
  // A dry run lists keys, and then reads the head of each record.
  received.length = 0;
  await send(site, "purge", { tags: ["news"], dryRun: true });
  expect(countedByPurpose(site)).toEqual({ listing: receivedByUse()["listing"] });
  expect(Object.keys(receivedByUse())).toEqual(["listing"]);
  received.length = 0;
  expect((await site.ask("/_cache/metrics", { headers: bearing })).status).toBe(200);
  const { metrics, "database information": info, ...others } = receivedByUse();
  expect({ info, others }).toEqual({ info: 1, others: {} });
  expect(countedByPurpose(site)).toEqual({ metrics: metrics + info });
  // The stats contain all commands, including the two with which the stats read the journal.
  const { text } = await site.get("/_cache/stats", { headers: bearing });
  const { redisCommands } = JSON.parse(text) as { redisCommands: Record<string, number> };
  expect(redisCommands).toMatchObject({ fill: counted["fill"], switch: counted["switch"] });
  const sum = Object.values(redisCommands).reduce((all, count) => all + count, 0);
  expect(sum).toBe(rest.counts().commandCount);
});
