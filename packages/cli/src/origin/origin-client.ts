// Requests pages of one origin. The client identifies itself, and requests no other host.
import { type Answer, type AskFailure, type AskOptions, fetchPage } from "../asking/fetch-page.ts";
import type { World } from "../world.ts";

const answerMsMax = 15_000;
/** One language, so that pages in several languages are compared in the same one. */
const language = { "accept-language": "en" };

/** The client stops after this many timeouts, so that init does not take hours. */
const lateCountMax = 5;

/** The client of one origin. */
export class OriginClient {
  readonly origin: string;
  readonly #world: World;
  #lateCount = 0;

  constructor(origin: string, world: World) {
    this.origin = origin;
    this.#world = world;
  }

  /** @param path with its query. Rejects only if the user interrupts */
  async ask(path: string, { headers }: AskOptions = {}): Promise<Answer | AskFailure> {
    if (this.#lateCount >= lateCountMax) return notAsked;
    const answer = await fetchPage(
      new URL(path, this.origin).href,
      { headers: { ...language, ...headers }, answerMsMax },
      this.#world,
    );
    if (answer.kind === "failed" && answer.code === "too-late") this.#lateCount += 1;
    return answer.kind === "answered" && answer.isBadlyEncoded ? badlyEncoded : answer;
  }
}

const badlyEncoded: AskFailure = {
  kind: "failed",
  code: "unreachable",
  why: "The body does not have the encoding that its Content-Encoding names",
};

const notAsked: AskFailure = {
  kind: "failed",
  code: "too-late",
  why: `It was skipped, because ${lateCountMax} earlier requests got no answer within ${answerMsMax / 1_000} s`,
};
