// Asks an origin for single pages, within bounds of time and size. It says who asks, and asks no other host.
import { createHash } from "node:crypto";
import { type NetworkFailure, networkFailure } from "../asking/network-failure.ts";
import { userAgent } from "../asking/user-agent.ts";
import { interruption } from "../command-error.ts";
import type { World } from "../world.ts";

/** What came of one request. */
export type Asked = Answer | AskFailure;

/** An answer of the origin; a redirect is not followed. */
export interface Answer {
  readonly kind: "answer";
  readonly status: number;
  readonly headers: Headers;
  /** Its text, cut at the bound; empty where the answer is no text. */
  readonly text: string;
  /** Of the body up to the bound, so that two bodies can be compared. */
  readonly digest: string;
  readonly bodyBytes: number;
  /** Until the fields had come. */
  readonly tookMs: number;
}

/** There was no answer. */
export interface AskFailure extends NetworkFailure {
  readonly kind: "failure";
}

/** How a request differs from the plain one. */
export interface AskOptions {
  readonly method?: "GET" | "HEAD";
  readonly headers?: Readonly<Record<string, string>>;
}

const answerMsMax = 15_000;
const bodyBytesMax = 1_048_576;
/** Then it is asked no more: a look shall not take hours. */
const lateCountMax = 5;

const plainHeaders = {
  "user-agent": userAgent,
  accept: "text/html,application/xhtml+xml,application/json;q=0.9,*/*;q=0.8",
  "accept-language": "en",
};

type Outside = Pick<World, "fetch" | "interrupted" | "nowAtMs">;

/** One origin. */
export class OriginClient {
  readonly origin: string;
  readonly #world: Outside;
  #askedCount = 0;
  #lateCount = 0;

  constructor(origin: string, world: Outside) {
    this.origin = origin;
    this.#world = world;
  }

  /** How many requests it has got. */
  get askedCount(): number {
    return this.#askedCount;
  }

  /** @param path with its query. @throws CommandError at Ctrl-C alone */
  async ask(path: string, { method = "GET", headers = {} }: AskOptions = {}): Promise<Asked> {
    const { fetch, nowAtMs, interrupted } = this.#world;
    if (this.#lateCount >= lateCountMax) return notAsked;
    const begunAtMs = nowAtMs();
    this.#askedCount += 1;
    try {
      const response = await fetch(new URL(path, this.origin), {
        method,
        headers: { ...plainHeaders, ...headers },
        redirect: "manual",
        signal: AbortSignal.any([interrupted, AbortSignal.timeout(answerMsMax)]),
      });
      const tookMs = nowAtMs() - begunAtMs;
      const body = await bodyOf(response);
      return {
        kind: "answer",
        status: response.status,
        headers: response.headers,
        text: isText(response.headers) ? new TextDecoder().decode(body) : "",
        digest: createHash("sha256").update(body).digest("base64url"),
        bodyBytes: body.length,
        tookMs,
      };
    } catch (cause) {
      if (interrupted.aborted) {
        throw interruption("The origin was not looked at to the end, and nothing was written.");
      }
      const failed: AskFailure = { kind: "failure", ...networkFailure(cause, answerMsMax) };
      if (failed.code === "too-late") this.#lateCount += 1;
      return failed;
    }
  }
}

const notAsked: AskFailure = {
  kind: "failure",
  code: "too-late",
  why: `It was not asked for: ${lateCountMax} requests before had no answer within ${answerMsMax / 1_000} s`,
};

/** Up to the bound; the rest is not fetched. */
async function bodyOf(response: Response): Promise<Uint8Array> {
  if (response.body === null) return new Uint8Array();
  const chunks: Uint8Array[] = [];
  const reader = response.body.getReader();
  for (let left = bodyBytesMax; left > 0;) {
    const { done, value } = await reader.read();
    if (done) break;
    chunks.push(value.subarray(0, left));
    left -= value.length;
  }
  await reader.cancel();
  return Buffer.concat(chunks);
}

function isText(headers: Headers): boolean {
  return /^text\/|json|xml|javascript/i.test(headers.get("content-type") ?? "");
}
