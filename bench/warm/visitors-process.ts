// The origin's own visitors during the warming. They send requests at predetermined times, and
// record the duration of each response. Afterwards, this process also reads all pages in all colos.
import { Draws } from "../../testing/draws.ts";
import { ask } from "../load/ask.ts";
import { atInstants, instantsMs } from "../load/pace.ts";
import { answerCalls } from "../load/part.ts";

export interface VisitorLoad {
  readonly originUrl: string;
  readonly perSecond: number;
  readonly seed: number;
}

export interface Visit {
  readonly startedAtMs: number;
  readonly tookMs: number;
}

const course = { isOver: false };
const waitTimeoutMs = 10_000;

/**
 * Visits the origin until `end` is called. A failed visit counts as one that takes `waitTimeoutMs`.
 */
async function visit({ originUrl, perSecond, seed }: VisitorLoad): Promise<Visit[]> {
  const draws = new Draws(seed);
  const visits: Promise<Visit>[] = [];
  const begin = async (at: number): Promise<Visit> => {
    const { status, startedAtMs, tookMs } = await ask(
      `${originUrl}/own/${at}`,
      {},
      { waitTimeoutMs },
    );
    return { startedAtMs, tookMs: status === 200 ? tookMs : waitTimeoutMs };
  };
  while (!course.isOver) {
    const instants = instantsMs(draws, { perSecond, seconds: 1 });
    await atInstants(instants, () => void visits.push(begin(visits.length)));
  }
  return Promise.all(visits);
}

const readersAtOnce = 8;

/**
 * @returns for each colo the number of hits among all pages, and at most five of the other
 *   responses
 */
async function readAll(given: { coloUrls: readonly string[]; pageCount: number }) {
  const { coloUrls, pageCount } = given;
  const read = coloUrls.map(async (url) => {
    let [next, hits] = [0, 0];
    const others: string[] = [];
    const reader = async () => {
      for (let page = next++; page < pageCount; page = next++) {
        const { status, cacheStatus } = await ask(`${url}/page/${page}`, {}, { waitTimeoutMs });
        if (status === 200 && cacheStatus.startsWith("tidemark; hit")) hits += 1;
        else if (others.length < 5) others.push(`/page/${page}: ${status} ${cacheStatus}`);
      }
    };
    await Promise.all(Array.from({ length: readersAtOnce }, reader));
    return { hits, others };
  });
  return Promise.all(read);
}

const calls = {
  visit,
  readAll,
  end: (): void => {
    course.isOver = true;
  },
};
export type VisitorCalls = typeof calls;

answerCalls(calls);
