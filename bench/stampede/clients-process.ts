// The clients of the stampedes, in a separate process. Each client sends a request, reads the whole
// response, checks that it is the response to this request, pauses, and repeats.
import { setTimeout as delay } from "node:timers/promises";
import { Draws } from "../../testing/draws.ts";
import { ask, nowAtMs } from "../load/ask.ts";
import { answerCalls } from "../load/part.ts";

export interface Client {
  /** The URL of the client's colo. */
  readonly url: string;
  /**
   * The paths from which the client draws. A unique number replaces "%", so that the request is a
   * miss.
   */
  readonly paths: readonly string[];
  readonly cookie?: string;
  /** `once` for only one request; otherwise the range of the pauses between requests. */
  readonly pace: "once" | { readonly thinkMsMin: number; readonly thinkMsMax: number };
}

interface Load {
  readonly clients: readonly Client[];
  /** The duration of the requests. Clients with `once` ignore it. */
  readonly durationMs: number;
  readonly seed: number;
}

export interface Sample {
  readonly startedAtMs: number;
  readonly tookMs: number;
  readonly path: string;
  readonly isMiss: boolean;
  /** `foreign` means a page with another path, or with the cookie of another client. */
  readonly outcome: "right" | "failed" | "foreign";
  /**
   * The status and `Cache-Status` of a failed response. The status is 0 if the connection broke.
   */
  readonly failure?: string;
}

let lastNumber = 0;

const calls = {
  run: async ({ clients, durationMs, seed }: Load): Promise<Sample[]> => {
    const draws = new Draws(seed);
    const endAtMs = nowAtMs() + durationMs;
    const all = clients.map((client) => live(client, endAtMs, draws.fork()));
    return (await Promise.all(all)).flat();
  },
};
export type ClientCalls = typeof calls;

async function live(client: Client, endAtMs: number, draws: Draws): Promise<Sample[]> {
  if (client.pace === "once") return [await visit(client, draws)];
  const { thinkMsMin, thinkMsMax } = client.pace;
  const samples: Sample[] = [];
  // Spread the first requests over the first pause.
  await delay(draws.between(0, thinkMsMax));
  while (nowAtMs() < endAtMs) {
    samples.push(await visit(client, draws));
    await delay(draws.between(thinkMsMin, thinkMsMax));
  }
  return samples;
}

async function visit({ url, paths, cookie }: Client, draws: Draws): Promise<Sample> {
  const drawn = draws.oneOf(paths);
  const path = drawn.includes("%") ? drawn.replace("%", String((lastNumber += 1))) : drawn;
  const headers: Record<string, string> = cookie === undefined ? {} : { cookie };
  const { startedAtMs, tookMs, status, cacheStatus, body } = await ask(url + path, headers);
  const isMiss = path !== drawn;
  const outcome = outcomeOf(status, body, { path, cookie });
  const failure = outcome === "failed" ? { failure: `${status} ${cacheStatus}` } : {};
  return { startedAtMs, tookMs, path, isMiss, outcome, ...failure };
}

function outcomeOf(
  status: number,
  body: string,
  wanted: { path: string; cookie: string | undefined },
): Sample["outcome"] {
  if (status !== 200) return "failed";
  const said = JSON.parse(body.slice(0, body.indexOf("\n"))) as { path: string; cookie: string };
  const isOwn = said.path === wanted.path && said.cookie === (wanted.cookie ?? "");
  return isOwn ? "right" : "foreign";
}

answerCalls(calls);
