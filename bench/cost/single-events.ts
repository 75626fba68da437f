// Measures the Redis commands of single operations, in two colos without traffic.
import { setTimeout as delay } from "node:timers/promises";
import type { Colo } from "../../local/colo.ts";
import { startEmbeddedValkey } from "../../local/embedded-valkey.ts";
import type { Running } from "../../local/running.ts";
import { startUpstashRestServer } from "../../local/upstash-rest-server.ts";
import { type Script, startScriptedOrigin } from "../../testing/fakes/scripted-origin.ts";
import { bundleWith } from "../../testing/worker/bundle-with.ts";
import { adminToken, storesSettled } from "../../testing/worker/world.ts";
import { ask, type Seen } from "../load/ask.ts";
import { startColos } from "../load/colos.ts";
import type { RuntimeLog } from "../load/runtime-log.ts";
import * as expected from "./expected-commands.ts";
import { Ledger } from "./ledger.ts";

/**
 * The smallest allowed N for this A. A purge is read back after half of N, so a small N saves time.
 */
const lag = { maxLagSeconds: 3, clockAllowanceSeconds: 1 };
const lifetimeSeconds = 2;

const config = {
  purge: lag,
  routes: [
    { name: "edge-first", match: "/edge/*", tiers: ["edge", "shared"], earlyRefresh: 0 },
    { name: "leased", match: "/leased/*", collapse: "global", earlyRefresh: 0 },
    { name: "rest", match: "*", earlyRefresh: 0 },
  ],
};

interface Step {
  readonly what: string;
  readonly path: string;
  readonly colo?: 0 | 1;
  readonly headers?: Readonly<Record<string, string>>;
  /** Whether the step first waits until stored responses are stale. */
  readonly isLater?: true;
  /** Parts of `Cache-Status` that prove that the right operation was measured. */
  readonly says: string;
  readonly commands: number;
}

const { aLookUp, aFill, aFreshening, aLease } = expected;
const second = { colo: 1 } as const;

const steps: readonly Step[] = [
  { what: "a miss", path: "/plain", says: "fwd=uri-miss", commands: aLookUp + aFill },
  { what: "a hit in memory", path: "/plain", says: "hit; detail=memory", commands: 0 },
  {
    what: "a hit in the shared tier",
    path: "/plain",
    ...second,
    says: "hit; detail=shared",
    commands: aLookUp,
  },
  {
    what: "a 304 of the origin for a response stored in this colo",
    path: "/plain",
    isLater: true,
    says: "fwd=stale; fwd-status=304",
    commands: aLookUp + aFreshening,
  },
  { what: "", path: "/edge/page", says: "fwd=uri-miss", commands: aLookUp + aFill },
  { what: "a hit at the edge", path: "/edge/page", says: "hit; detail=edge", commands: 0 },
  {
    what: "a miss of a page with `Vary`",
    path: "/vary",
    says: "fwd=uri-miss",
    commands: aLookUp + 2 * aFill,
  },
  { what: "a hit in memory, with `Vary`", path: "/vary", says: "hit; detail=memory", commands: 0 },
  {
    what: "a hit in the shared tier, with `Vary`",
    path: "/vary",
    ...second,
    says: "hit; detail=shared",
    commands: 2 * aLookUp,
  },
  {
    what: "the first request for an error response",
    path: "/gone",
    says: "fwd=uri-miss",
    commands: aLookUp,
  },
  {
    what: "the second request for this error response, which Redis then stores",
    path: "/gone",
    says: "hit; detail=memory",
    commands: aLookUp + aFill,
  },
  {
    what: 'a miss with `collapse: "global"`',
    path: "/leased/page",
    says: "fwd=uri-miss",
    commands: aLookUp + aLease + aFill,
  },
  {
    what: "a bypassed page",
    path: "/plain",
    headers: { authorization: "Basic eDp4" },
    says: "fwd=bypass",
    commands: 0,
  },
  {
    what: "the first request for a `private` page",
    path: "/private",
    says: "fwd=uri-miss",
    commands: aLookUp,
  },
];

export interface Single {
  readonly what: string;
  readonly expected: number;
  readonly measured: number;
}

export async function singleEvents(running: Running, log: RuntimeLog): Promise<Single[]> {
  const ledger = new Ledger();
  const colos = await startQuietSite(running, ledger, log);
  const singles: Single[] = [];
  for (const step of steps) {
    if (step.isLater === true) await delay(lifetimeSeconds * 1_000 + 50);
    const measured = await commandsOf(ledger, colos, () => asked(step, colos));
    if (step.what !== "") singles.push({ what: step.what, expected: step.commands, measured });
  }
  const purging = await commandsOf(ledger, colos, () => purged(colos[0]));
  const { aPurge, aPurgeReadBack } = expected;
  singles.push({ what: "a purge", expected: aPurge + aPurgeReadBack(1, 1), measured: purging });
  return singles;
}

async function startQuietSite(
  running: Running,
  ledger: Ledger,
  log: RuntimeLog,
): Promise<readonly Colo[]> {
  const origin = await running.add(startScriptedOrigin(answer));
  const { url: redisUrl } = await running.add(startEmbeddedValkey());
  const rest = await running.add(
    startUpstashRestServer({ redisUrl, token: "token", onAnswered: ledger.note }),
  );
  return startColos(running, {
    name: "single",
    worker: await bundleWith(JSON.stringify(config)),
    originUrls: [origin.url, origin.url],
    env: {
      UPSTASH_REDIS_REST_URL: rest.url,
      UPSTASH_REDIS_REST_TOKEN: rest.token,
      ADMIN_TOKEN: adminToken,
      SITE_HOST: "site.test",
    },
    log,
  });
}

const answer: Script = ({ url, headers }, response) => {
  const etag = '"1"';
  const fields = {
    "cache-control": url === "/private" ? "private" : `max-age=${lifetimeSeconds}`,
    etag,
    ...(url === "/vary" && { vary: "accept-language" }),
  };
  if (headers["if-none-match"] === etag) response.writeHead(304, fields).end();
  else response.writeHead(url === "/gone" ? 404 : 200, fields).end(`page ${url}`);
};

async function asked(
  { path, colo = 0, headers, says }: Step,
  colos: readonly Colo[],
): Promise<void> {
  const seen: Seen = await ask(`${colos[colo]?.url}${path}`, headers);
  const parts = seen.cacheStatus.split("; ").slice(1);
  const said = says.split("; ").every((part) => parts.includes(part));
  if (!said)
    throw new Error(`${path}: Cache-Status must have ${says}, but is ${seen.cacheStatus}.`);
}

async function purged(colo: Colo | undefined): Promise<void> {
  const { status } = await fetch(`${colo?.url}/_cache/purge`, {
    method: "POST",
    headers: { authorization: `Bearer ${adminToken}` },
    body: JSON.stringify({ tags: ["news"] }),
  });
  if (status !== 200) throw new Error(`The response to the purge has status ${status}.`);
  await delay((lag.maxLagSeconds / 2) * 1_000);
}

const quietMs = 200;

/** Returns all commands during an operation except reads of the journal, which depend on time. */
async function commandsOf(
  ledger: Ledger,
  colos: readonly Colo[],
  act: () => Promise<void>,
): Promise<number> {
  ledger.take();
  await act();
  await Promise.all(colos.map(storesSettled));
  do await delay(quietMs);
  while (ledger.quietMs < quietMs);
  const { entries } = ledger.take();
  const clocked = ["journal read", "journal read at the primary", "journal mark"];
  return Object.entries(entries)
    .filter(([use]) => !clocked.includes(use))
    .reduce((sum, [, { commands }]) => sum + commands, 0);
}
