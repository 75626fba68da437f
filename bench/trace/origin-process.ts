// The origin of the trace, in a separate process. Its pages have versions, validators and tags.
import { setTimeout as delay } from "node:timers/promises";
import type { IncomingMessage, ServerResponse } from "node:http";
import { startScriptedOrigin } from "../../testing/fakes/scripted-origin.ts";
import { answerCalls } from "../load/part.ts";
import { pageText } from "../load/page-text.ts";
import { originMs, warmUpPath, type Page, pageAt, type TraceSettings, traceOf } from "./trace.ts";

export interface OriginCounts {
  readonly requests: number;
  /** The bytes of bodies. */
  readonly bytes: number;
}

const warmUpFields = { "cache-control": "max-age=1", "content-type": "text/html" };

let pages: readonly Page[] = [];
let versions: number[] = [];
let counts = { requests: 0, bytes: 0 };

const calls = {
  start: async (settings: TraceSettings): Promise<string> => {
    ({ pages } = traceOf({ ...settings, requestCount: 0 }));
    return (await startScriptedOrigin((request, response) => void answer(request, response))).url;
  },
  /** Resets the counts, and undoes all edits. */
  reset: (): void => {
    versions = pages.map(() => 1);
    counts = { requests: 0, bytes: 0 };
  },
  counts: (): OriginCounts => counts,
};
export type OriginCalls = typeof calls;

async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
  const url = request.url ?? "";
  if (url === "/edit") return edit(request, response);
  if (url.startsWith(warmUpPath)) return void response.writeHead(200, warmUpFields).end(url);
  const number = Number(/^\/pages\/(\d+)/.exec(url)?.[1]);
  const page = pageAt(pages, number);
  const version = versions[number] ?? 1;
  const etag = `"v${version}"`;
  const fields = {
    "content-type": "text/html",
    "cache-control": `max-age=${page.lifetimeSeconds}`,
    "surrogate-key": page.tag,
    etag,
  };
  counts.requests += 1;
  await delay(originMs);
  if (request.headers["if-none-match"] === etag) {
    return void response.writeHead(304, fields).end();
  }
  counts.bytes += page.bodyBytes;
  const said = `${JSON.stringify({ page: number, version })}\n`;
  const text = pageText(number, page.bodyBytes - said.length);
  response.writeHead(200, fields).end(said + text);
}

/** Edits pages. Later responses never have an older version. */
async function edit(request: IncomingMessage, response: ServerResponse): Promise<void> {
  const numbers = JSON.parse(Buffer.concat(await request.toArray()).toString()) as number[];
  for (const number of numbers) versions[number] = (versions[number] ?? 1) + 1;
  response.end();
}

answerCalls(calls);
