// The measurements of `npm run measure`.
import { setTimeout as delay } from "node:timers/promises";
import { atInstants, instantsMs } from "../../../bench/load/pace.ts";
import { zipfRanks } from "../../../bench/load/zipf.ts";
import { Draws } from "../../../testing/draws.ts";
import { sections, seedArticles } from "../stories/seed-articles.ts";
import { editorPassword, type NewsSite } from "./news-site.ts";

export type Tier = "memory" | "edge" | "shared" | "the application";

const articles = seedArticles();
const paths = [
  "/",
  "/most-read",
  ...articles.map(({ slug }) => `/news/${slug}`),
  ...sections.map((id) => `/sections/${id}`),
];

interface Answer {
  readonly tier: Tier;
  readonly tookMs: number;
}

async function read(url: string): Promise<Answer> {
  const beganAtMs = performance.now();
  const answer = await fetch(url);
  await answer.arrayBuffer();
  const tookMs = performance.now() - beganAtMs;
  if (answer.status !== 200) throw new Error(`The response of ${url} has status ${answer.status}.`);
  const said = answer.headers.get("cache-status") ?? "";
  const tier = /; hit;.*detail=(memory|edge|shared)/.exec(said)?.[1] as Tier | undefined;
  return { tier: tier ?? "the application", tookMs };
}

/** Measures the latency of each tier and of the application, with one request at a time. */
export async function tiers(site: NewsSite): Promise<{ tier: Tier; tookMs: number[] }[]> {
  const [first, second] = site.urls;
  const pages = articles.map(({ slug }) => `/news/${slug}`);
  const passOf = async (url: string, tier: Tier) => {
    // Open the connection and start the isolate first, because their time belongs to no tier.
    await read(`${url}/site.css`);
    const answers: Answer[] = [];
    for (const page of pages) answers.push(await read(url + page));
    const of = answers.filter((answer) => answer.tier === tier);
    if (of.length < pages.length * 0.9)
      throw new Error(`Only ${of.length} pages came from ${tier}.`);
    return { tier, tookMs: of.map(({ tookMs }) => tookMs) };
  };
  const application = await passOf(first, "the application");
  const memory = await passOf(first, "memory");
  // Wait for the writes to Redis, which follow the responses.
  await delay(1_000);
  const shared = await passOf(second, "shared");
  await delay(1_000);
  const edge = await passOf(await site.restartSecond(), "edge");
  return [memory, edge, shared, application];
}

export interface Reads {
  readonly readCount: number;
  readonly byTier: ReadonlyMap<Tier, number>;
  readonly queryCount: number;
  readonly commandCount: number;
}

/**
 * Counts reads by tier, database queries and Redis commands, while readers use both colos and an
 * editor updates an article every ten seconds.
 */
export async function reads(
  site: NewsSite,
  pace: { readonly seconds: number; readonly perSecond: number },
): Promise<Reads> {
  const draws = new Draws(1);
  const rankOf = zipfRanks(paths.length, 1);
  const byTier = new Map<Tier, number>();
  const underWay: Promise<void>[] = [];
  const queriesBefore = await queriesOf(site);
  site.rest.resetCounts();
  let updates = 0;
  const editing = setInterval(() => {
    updates += 1;
    underWay.push(update(site, updates).then(() => undefined));
  }, 10_000);
  const ask = async () => {
    const { tier } = await read(draws.oneOf(site.urls) + (paths[rankOf(draws)] ?? "/"));
    byTier.set(tier, (byTier.get(tier) ?? 0) + 1);
  };
  const instants = instantsMs(draws, pace);
  await atInstants(instants, () => void underWay.push(ask()));
  clearInterval(editing);
  await Promise.all(underWay);
  const queryCount = (await queriesOf(site)) - queriesBefore;
  return {
    readCount: instants.length,
    byTier,
    queryCount,
    commandCount: site.rest.counts().commandCount,
  };
}

export interface Crowd {
  readonly askedCount: number;
  readonly queryCount: number;
}

/**
 * Counts the database queries for 200 concurrent readers of an uncached article, in both colos. The
 * page of another article is requested first, so data that articles share is cached.
 */
export async function crowd(site: NewsSite): Promise<Crowd> {
  await Promise.all(site.urls.map((url) => read(`${url}/news/${articles[0]?.slug}`)));
  const askedCount = 200;
  const before = await queriesOf(site);
  const page = `/news/${articles[1]?.slug}`;
  const asked = Array.from({ length: askedCount }, (_, at) =>
    read(site.urls[at % 2 === 0 ? 0 : 1] + page),
  );
  await Promise.all(asked);
  return { askedCount, queryCount: (await queriesOf(site)) - before };
}

/**
 * Measures the time from each update by the editor until both colos show it. Both colos have stored
 * the older page before.
 */
export async function publications(site: NewsSite, count: number): Promise<number[]> {
  const page = `/news/${articles[0]?.slug}`;
  const tookMs: number[] = [];
  for (let nth = 1; nth <= count; nth += 1) {
    await Promise.all(site.urls.map((url) => read(url + page)));
    const beganAtMs = performance.now();
    const title = await update(site, nth);
    for (const url of site.urls) {
      while (!(await (await fetch(url + page)).text()).includes(title)) await delay(20);
    }
    tookMs.push(performance.now() - beganAtMs);
  }
  return tookMs;
}

/** @returns the new title */
async function update(site: NewsSite, nth: number): Promise<string> {
  const [article] = articles;
  if (article === undefined) throw new Error("There are no articles.");
  const title = `The breakwater, told for the ${nth + 1}th time`;
  const answer = await fetch(`${site.urls[0]}/editor/articles`, {
    method: "POST",
    headers: {
      authorization: `Basic ${btoa(`editor:${editorPassword}`)}`,
      "content-type": "application/json",
    },
    body: JSON.stringify({ ...article, title }),
  });
  const said = await answer.text();
  if (answer.status !== 200)
    throw new Error(`The update of an article failed with ${answer.status}: ${said}`);
  return title;
}

async function queriesOf({ urls }: NewsSite): Promise<number> {
  const counts = urls.map(async (url) => {
    return ((await (await fetch(`${url}/api/queries`)).json()) as { soFar: number }).soFar;
  });
  return (await Promise.all(counts)).reduce((sum, count) => sum + count, 0);
}
