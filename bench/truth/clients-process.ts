// The clients of the truth bench, in a separate process. They send requests to all colos at
// predetermined times, and purges, and record a row for each response.
import { Draws } from "../../testing/draws.ts";
import { ask, nowAtMs } from "../load/ask.ts";
import { atInstants, instantsMs } from "../load/pace.ts";
import { answerCalls } from "../load/part.ts";
import { zipfRanks } from "../load/zipf.ts";
import { bytesToCount, type Row, toldBy } from "./seen.ts";
import { type Kind, kinds, prefixOf, tagCount } from "./site-plan.ts";

export interface Load {
  readonly requestCount: number;
  readonly perSecond: number;
  readonly seed: number;
  readonly coloUrls: readonly string[];
  readonly adminToken: string;
  readonly purgeEveryMs: number;
}

/** The result of a purge. */
export interface PurgeRow {
  readonly colo: number;
  readonly status: number;
  readonly endedAtMs: number;
}

export interface Loaded {
  readonly rows: readonly Row[];
  readonly purges: readonly PurgeRow[];
  /** The longest delay between the due time of a request and its start. */
  readonly lateMsMax: number;
}

interface Wanted {
  readonly colo: number;
  readonly kind: Kind;
  readonly path: string;
  readonly method: string;
  readonly headers: Readonly<Record<string, string>>;
}

const warmUpCount = 150;
const waitTimeoutMs = 30_000;
const zipfExponent = 0.95;
const ranksOf = new Map(kinds.map(({ name, pages }) => [name, zipfRanks(pages, zipfExponent)]));

function drawn(draws: Draws, coloCount: number): Wanted {
  const kind = kindDrawn(draws);
  const page = ranksOf.get(kind.name)?.(draws) ?? 0;
  const tracking = draws.isLucky(0.1) ? `?utm_source=s${Math.floor(draws.between(0, 9))}` : "";
  const [method, headers] = mannerDrawn(draws, kind);
  const colo = Math.floor(draws.between(0, coloCount));
  return { colo, kind, path: `/${kind.name}/${page}${tracking}`, method, headers };
}

function kindDrawn(draws: Draws): Kind {
  let left = draws.between(
    0,
    kinds.reduce((sum, { share }) => sum + share, 0),
  );
  const found = kinds.find(({ share }) => (left -= share) < 0) ?? kinds[0];
  if (found === undefined) throw new Error("The site has no pages.");
  return found;
}

/**
 * Draws the method and header fields of a request: mostly GET, sometimes HEAD, a range, a
 * condition, or credentials.
 */
function mannerDrawn(draws: Draws, kind: Kind): [method: string, headers: Record<string, string>] {
  const headers = { "accept-language": draws.oneOf(["de", "en", "fr"]) };
  const luck = draws.between(0, 100);
  if (luck < 4) return ["HEAD", headers];
  if (luck < 8) return ["GET", { ...headers, range: "bytes=100-299" }];
  if (luck < 9) return ["GET", { ...headers, range: "bytes=9999999-" }];
  if (luck < 12) return ["GET", { ...headers, "if-none-match": "*" }];
  if (luck < 14) return ["GET", { ...headers, authorization: "Basic eDp4" }];
  if (luck < 15) return ["GET", { ...headers, cookie: "session=1" }];
  if (luck < 16) return ["GET", { ...headers, "cache-control": "only-if-cached" }];
  if (luck < 26 && kind.isPosted === true) return ["POST", headers];
  return ["GET", headers];
}

async function asked({ colo, kind, path, method, headers }: Wanted, url: string): Promise<Row> {
  const answer = await ask(`${url}${path}`, headers, { method, waitTimeoutMs });
  const { status, startedAtMs, tookMs, headTookMs, bodyBytes, statedBytes } = answer;
  const told = toldBy(answer);
  return {
    ...told,
    colo,
    route: kind.name,
    prefix: prefixOf(path),
    status,
    startedAtMs,
    endedAtMs: startedAtMs + tookMs,
    headTookMs,
    bytes: bytesToCount(told, { bodyBytes, statedBytes }),
  };
}

async function purged(load: Load, draws: Draws): Promise<PurgeRow> {
  const colo = Math.floor(draws.between(0, load.coloUrls.length));
  const body = JSON.stringify({ tags: [`t${Math.floor(draws.between(0, tagCount))}`] });
  const headers = { authorization: `Bearer ${load.adminToken}` };
  const sent = { method: "POST", body, waitTimeoutMs };
  const { status } = await ask(`${load.coloUrls[colo]}/_cache/purge`, headers, sent);
  return { colo, status, endedAtMs: nowAtMs() };
}

const calls = {
  /**
   * Sends single requests, so that code is compiled and connections are open. Their rows count like
   * all others.
   */
  warmUp: async ({ seed, coloUrls }: Load): Promise<Row[]> => {
    const draws = new Draws(seed + 1);
    const rows: Row[] = [];
    for (let number = 0; number < warmUpCount; number += 1) {
      const wanted = drawn(draws, coloUrls.length);
      rows.push(await asked(wanted, coloUrls[wanted.colo] ?? ""));
    }
    return rows;
  },
  load: async (load: Load): Promise<Loaded> => {
    const { requestCount, perSecond, coloUrls } = load;
    const draws = new Draws(load.seed);
    const [pacing, asking, purging] = [draws.fork(), draws.fork(), draws.fork()];
    // Draw times for a longer load than needed, because their number is random.
    const seconds = (requestCount / perSecond) * 1.2 + 5;
    const instants = instantsMs(pacing, { perSecond, seconds }).slice(0, requestCount);
    const asks: Promise<Row>[] = [];
    const purges: Promise<PurgeRow>[] = [];
    const timer = setInterval(() => purges.push(purged(load, purging)), load.purgeEveryMs);
    const lateMsMax = await atInstants(instants, () => {
      const wanted = drawn(asking, coloUrls.length);
      asks.push(asked(wanted, coloUrls[wanted.colo] ?? ""));
    });
    clearInterval(timer);
    return { rows: await Promise.all(asks), purges: await Promise.all(purges), lateMsMax };
  },
  /** Sends one request that causes no background work. Its row counts like those of the load. */
  one: async ({ colo, url }: { colo: number; url: string }): Promise<Row> => {
    const kind = kinds.find(({ isPosted }) => isPosted === true);
    if (kind === undefined) throw new Error("The site has no route with a bypass.");
    return asked({ colo, kind, path: `/${kind.name}/0`, method: "GET", headers: {} }, url);
  },
};
export type ClientsCalls = typeof calls;

answerCalls(calls);
