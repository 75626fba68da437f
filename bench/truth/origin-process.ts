// The origin of the truth bench, in a separate process. It records the colo, the route and the
// duration of each request.
import type { IncomingMessage, ServerResponse } from "node:http";
import { setTimeout as delay } from "node:timers/promises";
import { startScriptedOrigin } from "../../testing/fakes/scripted-origin.ts";
import { Draws } from "../../testing/draws.ts";
import { nowAtMs } from "../load/ask.ts";
import { pageText } from "../load/page-text.ts";
import { answerCalls } from "../load/part.ts";
import { bodyBytesOf, type Kind, kindOf, tagOf } from "./site-plan.ts";

export interface OriginRow {
  readonly colo: number;
  /** The name of the route; empty for paths outside the site. */
  readonly route: string;
  readonly status: number;
  /**
   * Whether the request is an anonymous request, which Tidemark sends instead of several clients'
   * requests.
   */
  readonly isAnonymous: boolean;
  /** The time of arrival, in epoch milliseconds. */
  readonly atMs: number;
  /** The time until the head of the response was sent. */
  readonly tookMs: number;
}

const draws = new Draws(7);
const flakyEveryMs = 8_000;
const flakyForMs = 2_000;

let rows: OriginRow[] = [];

const calls = {
  /** @returns a URL for each colo, by which the origin identifies the colo */
  start: (coloCount: number): Promise<string[]> => {
    // Read the texts now, because the first use would delay a request.
    pageText(0, 1);
    return Promise.all(
      Array.from({ length: coloCount }, async (_, colo) => {
        const origin = await startScriptedOrigin((request, response) => {
          // Discard the recorded heads of requests.
          origin.seen.length = 0;
          void answer(request, response, colo);
        });
        return origin.url;
      }),
    );
  },
  /** Returns the requests since the last call. */
  take: (): OriginRow[] => {
    const taken = rows;
    rows = [];
    return taken;
  },
};
export type OriginCalls = typeof calls;

async function answer(
  request: IncomingMessage,
  response: ServerResponse,
  colo: number,
): Promise<void> {
  const atMs = nowAtMs();
  const asked = kindOf(request.url ?? "");
  const route = asked?.kind.name ?? "";
  await delay(tookMsOf(asked?.kind));
  const status = statusFor(request, asked?.kind);
  const isAnonymous = request.headers["user-agent"] === "Tidemark";
  rows.push({ colo, route, status, isAnonymous, atMs, tookMs: nowAtMs() - atMs });
  if (asked === undefined) return void response.writeHead(status).end("none");
  const { kind, page } = asked;
  const fields = { ...kind.fields, etag: etagOf(request), "surrogate-key": tagOf(page) };
  if (status === 304) return void response.writeHead(304, fields).end();
  const body = status === 200 ? pageText(page, bodyBytesOf(page)) : `status ${status}`;
  const length = kind.isChunked === true ? {} : { "content-length": body.length };
  response.writeHead(status, { ...fields, ...length }).end(body);
}

/** Returns a random delay. Most delays are short, and rare delays are ten times as long. */
const tookMsOf = (kind: Kind | undefined): number =>
  25 - 35 * Math.log(1 - draws.between(0, 1)) + (kind?.moreMs ?? 0);

function statusFor(request: IncomingMessage, kind: Kind | undefined): number {
  if (kind === undefined) return 404;
  if (kind.isFlaky === true && nowAtMs() % flakyEveryMs < flakyForMs) return 503;
  if (kind.status !== undefined) return kind.status;
  const isConditional = request.method === "GET" || request.method === "HEAD";
  return isConditional && request.headers["if-none-match"] === etagOf(request) ? 304 : 200;
}

const etagOf = ({ url, headers }: IncomingMessage): string =>
  `"${url ?? ""} ${headers["accept-language"] ?? ""}"`;

answerCalls(calls);
