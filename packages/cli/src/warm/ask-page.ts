// Requests one page like a visitor, and reads its body.
import { retryAfterSeconds } from "../../../../src/http-rules.ts";
import { isOurs } from "../asking/cache-status.ts";
import { networkFailure } from "../asking/network-failure.ts";
import { userAgent } from "../asking/user-agent.ts";
import type { World } from "../world.ts";
import { type Outcome, outcomeOf } from "./told-status.ts";

export type WarmAnswer =
  | {
      readonly kind: "answered";
      readonly outcome: Outcome;
      readonly beganAtMs: number;
      /** The time until the response fields arrived. */
      readonly durationMs: number;
      readonly isTidemark: boolean;
    }
  /** The site or its origin failed, but a retry may succeed. */
  | {
      readonly kind: "trouble";
      readonly outcome: Outcome;
      /** `undefined` if there is no Retry-After. */
      readonly retryAfterMs: number | undefined;
      readonly isTidemark: boolean;
    }
  | { readonly kind: "interrupted" };

const answerMsMax = 120_000;
/** The time limit for a body that fills no tier, because that body may be an endless stream. */
const restMsMax = 1_000;
const troubleStatuses: ReadonlySet<number> = new Set([429, 502, 503, 504]);
/** The Accept-Encoding of browsers, so that their variant is warmed, and the command's own User-Agent. */
const browserFields = { "accept-encoding": "gzip, deflate, br, zstd", "user-agent": userAgent };

/** Requests a page. Never rejects. */
export async function askPage(
  url: string,
  headers: Readonly<Record<string, string>>,
  world: Pick<World, "fetch" | "nowAtMs" | "interrupted">,
): Promise<WarmAnswer> {
  const beganAtMs = world.nowAtMs();
  const { interrupted } = world;
  const signal = AbortSignal.any([interrupted, AbortSignal.timeout(answerMsMax)]);
  try {
    const response = await world.fetch(url, {
      headers: { ...browserFields, ...headers },
      // Do not follow redirects, because they are stored like other responses.
      redirect: "manual",
      signal,
    });
    const durationMs = world.nowAtMs() - beganAtMs;
    const answer = read(response, { beganAtMs, durationMs }, world.nowAtMs());
    const isFilling = answer.outcome.result === "warmed";
    await readBody(response, isFilling ? answerMsMax : restMsMax);
    return answer;
  } catch (cause) {
    if (interrupted.aborted) return { kind: "interrupted" };
    const { why } = networkFailure(cause, answerMsMax);
    const outcome = { result: "failed", why, isFromOrigin: true } as const;
    return { kind: "trouble", outcome, retryAfterMs: undefined, isTidemark: false };
  }
}

/**
 * Reads the body to its end or until the timeout. After a body is read to its end, the next page can use the
 * connection.
 */
async function readBody({ body }: Response, msMax: number): Promise<void> {
  if (body === null) return;
  const reader = body.getReader();
  const late = AbortSignal.timeout(msMax);
  late.addEventListener("abort", () => void reader.cancel().catch(() => undefined));
  while (!(await reader.read()).done);
}

function read(
  response: Response,
  taken: { readonly beganAtMs: number; readonly durationMs: number },
  nowAtMs: number,
): Exclude<WarmAnswer, { kind: "interrupted" }> {
  const { status, headers } = response;
  const answer = outcomeOf(response);
  const isTidemark = isOurs(headers);
  const why = status >= 400 ? `status ${status}` : "the response has no Cache-Status of Tidemark";
  const outcome = answer ?? { result: "failed", status, why, isFromOrigin: true };
  const isOriginDown = outcome.why?.startsWith("the origin failed") === true;
  if (!troubleStatuses.has(status) && !isOriginDown) {
    return { kind: "answered", outcome, ...taken, isTidemark };
  }
  const seconds = retryAfterSeconds(headers.get("retry-after"), nowAtMs);
  const retryAfterMs = seconds === undefined ? undefined : seconds * 1_000;
  return { kind: "trouble", outcome, retryAfterMs, isTidemark };
}
