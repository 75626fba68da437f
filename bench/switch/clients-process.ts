// The clients of the switch bench, in a separate process. They send requests at predetermined times
// to all colos, for pages of all routes, and record each response.
import { Draws } from "../../testing/draws.ts";
import { ask } from "../load/ask.ts";
import { atInstants, instantsMs } from "../load/pace.ts";
import { answerCalls } from "../load/part.ts";
import type { Answer } from "./judged.ts";

export interface ClientLoad {
  readonly coloUrls: readonly string[];
  readonly routes: readonly string[];
  readonly pagesPerRoute: number;
  readonly perSecond: number;
  readonly seed: number;
}

export interface ClientFigures {
  readonly answers: readonly Answer[];
  readonly tookMs: readonly number[];
  /** The longest delay between the due time of a request and its start. */
  readonly lateMsMax: number;
}

const waitTimeoutMs = 10_000;

const course = { isOver: false };

/** Starts requests until `end` is called, regardless of requests in progress. */
async function run(load: ClientLoad): Promise<ClientFigures> {
  const draws = new Draws(load.seed);
  const answers: Answer[] = [];
  const tookMs: number[] = [];
  const visit = async (): Promise<void> => {
    const colo = Math.floor(draws.between(0, load.coloUrls.length));
    const route = draws.oneOf(load.routes);
    const path = `/${route}/${Math.floor(draws.between(0, load.pagesPerRoute))}`;
    const seen = await ask(`${load.coloUrls[colo]}${path}`, {}, { waitTimeoutMs });
    const isWhole = seen.status === 200 && seen.body.startsWith(`{"path":"${path}"`);
    const kind = isWhole ? kindOf(seen.cacheStatus) : "failed";
    answers.push({ colo, route, startedAtMs: seen.startedAtMs, kind });
    tookMs.push(seen.tookMs);
  };
  const visits: Promise<void>[] = [];
  let lateMsMax = 0;
  while (!course.isOver) {
    const instants = instantsMs(draws, { perSecond: load.perSecond, seconds: 1 });
    lateMsMax = Math.max(lateMsMax, await atInstants(instants, () => void visits.push(visit())));
  }
  await Promise.all(visits);
  return { answers, tookMs, lateMsMax };
}

/**
 * Requests every page once in every colo, so that later requests are hits unless the switch is on.
 */
async function fill({ coloUrls, routes, pagesPerRoute }: ClientLoad): Promise<void> {
  for (const url of coloUrls) {
    for (const route of routes) {
      const pages = Array.from({ length: pagesPerRoute }, (_, page) => page);
      await Promise.all(pages.map((page) => ask(`${url}/${route}/${page}`, {}, { waitTimeoutMs })));
    }
  }
}

function kindOf(cacheStatus: string): Answer["kind"] {
  if (/; fwd=bypass;.*; detail=switch$/.test(cacheStatus)) return "bypassed";
  return cacheStatus.includes("; hit") ? "hit" : "forwarded";
}

const calls = {
  fill,
  run,
  end: (): void => {
    course.isOver = true;
  },
};
export type ClientCalls = typeof calls;

answerCalls(calls);
