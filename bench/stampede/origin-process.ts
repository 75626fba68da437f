// The origin of the stampedes, in a separate process. The origin responds after a set delay, can be
// down, and records its requests.
import { setTimeout as delay } from "node:timers/promises";
import type { IncomingMessage, ServerResponse } from "node:http";
import { type ScriptedOrigin, startScriptedOrigin } from "../../testing/fakes/scripted-origin.ts";
import { nowAtMs } from "../load/ask.ts";
import { answerCalls } from "../load/part.ts";

export interface OriginManner {
  readonly delayMs: number;
  readonly cacheControl: string;
  /** Whether the origin resets the connection of every request. */
  readonly isDown: boolean;
}

export interface OriginRequest {
  readonly atMs: number;
  readonly wasDown: boolean;
}

const padding = "x".repeat(10_240);
let manner: OriginManner = { delayMs: 0, cacheControl: "no-store", isDown: false };
let requests: OriginRequest[] = [];
let origin: ScriptedOrigin;

const calls = {
  start: async (): Promise<string> => {
    origin = await startScriptedOrigin((request, response) => void answer(request, response));
    return origin.url;
  },
  set: (changed: Partial<OriginManner>): void => {
    manner = { ...manner, ...changed };
  },
  /** Returns the requests since the last call. */
  take: (): OriginRequest[] => {
    const taken = requests;
    requests = [];
    origin.seen.length = 0;
    return taken;
  },
};
export type OriginCalls = typeof calls;

async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
  const { url: path = "", headers } = request;
  const { delayMs, cacheControl, isDown } = manner;
  requests.push({ atMs: nowAtMs(), wasDown: isDown });
  if (isDown) return void request.socket.resetAndDestroy();
  await delay(delayMs);
  const fields = { "cache-control": cacheControl, etag: '"1"', "content-type": "text/html" };
  if (headers["if-none-match"] === '"1"') return void response.writeHead(304, fields).end();
  const said = { path, cookie: headers.cookie ?? "" };
  response.writeHead(200, fields).end(`${JSON.stringify(said)}\n${padding}`);
}

answerCalls(calls);
