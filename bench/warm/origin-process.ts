// The origin of the warming bench, in a separate process. It handles a fixed number of requests at
// once, and queues all others. It serves a sitemap in several files, and counts the requests for
// each page.
import { setTimeout as delay } from "node:timers/promises";
import type { IncomingMessage, ServerResponse } from "node:http";
import { gzipSync } from "node:zlib";
import { Draws } from "../../testing/draws.ts";
import { type ScriptedOrigin, startScriptedOrigin } from "../../testing/fakes/scripted-origin.ts";
import { answerCalls } from "../load/part.ts";

export interface OriginManner {
  /** The number of requests handled at once. */
  readonly servers: number;
  /** The shortest and the longest time to handle a request. */
  readonly serviceMs: readonly [least: number, most: number];
  readonly coloCount: number;
  readonly seed: number;
}

const perSitemap = 5_000;
const body = "x".repeat(2_048);
const pageFields = { "cache-control": "max-age=3600", "content-type": "text/html" };

let draws = new Draws(1);
let manner: OriginManner = { servers: 1, serviceMs: [1, 1], coloCount: 0, seed: 1 };
let origins: ScriptedOrigin[] = [];
let site = { url: "", pageCount: 0 };
let underWay = 0;
const waiting: (() => void)[] = [];
const askedByPath = new Map<string, number>();

/** Resolves when the origin may handle the request. */
async function turn(): Promise<void> {
  if (underWay < manner.servers) {
    underWay += 1;
    return;
  }
  const { promise, resolve } = Promise.withResolvers<void>();
  waiting.push(resolve);
  await promise;
}

function turnOver(): void {
  const next = waiting.shift();
  if (next === undefined) underWay -= 1;
  else next();
}

async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
  for (const { seen } of origins) seen.length = 0;
  const { url: path = "" } = request;
  const map = sitemapAt(path);
  if (map !== undefined)
    return void response.writeHead(200, { "content-type": map.type }).end(map.body);
  if (path.startsWith("/page/")) askedByPath.set(path, (askedByPath.get(path) ?? 0) + 1);
  await turn();
  await delay(draws.between(...manner.serviceMs));
  turnOver();
  response.writeHead(200, pageFields).end(`${path}\n${body}`);
}

function sitemapAt(
  path: string,
): { readonly type: string; readonly body: string | Buffer } | undefined {
  const { url, pageCount } = site;
  if (path === "/sitemap.xml") {
    const parts = Array.from({ length: Math.ceil(pageCount / perSitemap) }, (_, at) => at);
    const entries = parts.map((at) => `<sitemap><loc>${url}/sitemap-${at}.xml.gz</loc></sitemap>`);
    return {
      type: "application/xml",
      body: `${declared("sitemapindex")}${entries.join("\n")}</sitemapindex>`,
    };
  }
  const part = /^\/sitemap-(\d+)\.xml\.gz$/.exec(path)?.[1];
  if (part === undefined) return undefined;
  const first = Number(part) * perSitemap;
  const count = Math.min(perSitemap, pageCount - first);
  const pages = Array.from(
    { length: count },
    (_, at) => `<url><loc>${url}/page/${first + at}</loc></url>`,
  );
  const xml = `${declared("urlset")}${pages.join("\n")}</urlset>`;
  return { type: "application/gzip", body: gzipSync(xml) };
}

const declared = (root: string): string =>
  `<?xml version="1.0" encoding="UTF-8"?>\n<${root} xmlns="http://www.sitemaps.org/schemas/sitemap/0.9">\n`;

const calls = {
  /** @returns a URL for each colo, and a URL for the origin's own visitors */
  start: async (given: OriginManner): Promise<string[]> => {
    manner = given;
    draws = new Draws(given.seed);
    const starting = Array.from({ length: given.coloCount + 1 }, () =>
      startScriptedOrigin((request, response) => void answer(request, response)),
    );
    origins = await Promise.all(starting);
    return origins.map(({ url }) => url);
  },
  setSite: (given: { url: string; pageCount: number }): void => {
    site = given;
  },
  /** Returns the number of requested pages, and of repeated requests. */
  asked: (): { pages: number; again: number } => {
    const times = [...askedByPath.values()];
    return { pages: times.length, again: times.reduce((sum, count) => sum + count - 1, 0) };
  },
};
export type OriginCalls = typeof calls;

answerCalls(calls);
