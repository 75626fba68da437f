// Requests pages of an origin, within bounds of time and size. The client identifies itself, and requests no other
// host.
import { createHash } from "node:crypto";
import { type NetworkFailure, networkFailure } from "../asking/network-failure.ts";
import { userAgent } from "../asking/user-agent.ts";
import { interruption } from "../command-error.ts";
import type { World } from "../world.ts";

/** The result of one request. */
export type OriginReply = Answer | AskFailure;

/** A response of the origin. Redirects are not followed. */
export interface Answer {
  readonly kind: "answer";
  readonly status: number;
  readonly headers: Headers;
  /** The text of the body up to the limit; empty if the type is not a text. */
  readonly text: string;
  /** The digest of the body up to the limit, for comparing bodies. */
  readonly digest: string;
  readonly bodyBytes: number;
  /** The time until the response fields arrived. */
  readonly tookMs: number;
}

/** A request without a response. */
export interface AskFailure extends NetworkFailure {
  readonly kind: "failure";
}

/** Deviations from the plain request. */
export interface AskOptions {
  readonly method?: "GET" | "HEAD";
  readonly headers?: Readonly<Record<string, string>>;
}

const answerMsMax = 15_000;
const bodyBytesMax = 1_048_576;
/** The client stops after this many timeouts, so that init does not take hours. */
const lateCountMax = 5;

const plainHeaders = {
  "user-agent": userAgent,
  accept: "text/html,application/xhtml+xml,application/json;q=0.9,*/*;q=0.8",
  "accept-language": "en",
};

type ClientWorld = Pick<World, "fetch" | "interrupted" | "nowAtMs">;

/** The client of one origin. */
export class OriginClient {
  readonly origin: string;
  readonly #world: ClientWorld;
  #askedCount = 0;
  #lateCount = 0;

  constructor(origin: string, world: ClientWorld) {
    this.origin = origin;
    this.#world = world;
  }

  /** The number of requests sent. */
  get askedCount(): number {
    return this.#askedCount;
  }

  /** @param path with its query. @throws CommandError only on interruption */
  async ask(path: string, { method = "GET", headers = {} }: AskOptions = {}): Promise<OriginReply> {
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
        throw interruption("The examination was interrupted, and nothing was written.");
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
  why: `It was skipped, because ${lateCountMax} earlier requests got no answer within ${answerMsMax / 1_000} s`,
};

/** Reads the body up to the limit, and cancels the rest. */
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
