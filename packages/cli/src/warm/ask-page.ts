// Requests one page like a visitor, and interprets Tidemark's answer (RFC 9211).
import { retryAfterSeconds } from "../../../../src/http-rules.ts";
import type { WarmResult } from "../../../../src/protocol/answers.ts";
import { cacheMembers, isOurs } from "../asking/cache-status.ts";
import { networkFailure } from "../asking/network-failure.ts";
import { userAgent } from "../asking/user-agent.ts";
import type { World } from "../world.ts";
import type { Page } from "./page-list.ts";

/** The result of a page. */
export interface Outcome {
  readonly result: WarmResult;
  /** The response's status; absent without a response. */
  readonly status?: number | undefined;
  /** The reason if the page was not stored, was not looked up, or failed. */
  readonly why?: string | undefined;
}

export interface PageAnswer {
  /** `trouble`: the site or its origin failed, but a retry may succeed. */
  readonly kind: "answered" | "trouble";
  readonly outcome: Outcome;
  readonly isTidemark: boolean;
  /** `undefined` without a valid Retry-After. */
  readonly retryAfterMs: number | undefined;
}

const answerMsMax = 120_000;
/** The time limit for a body that fills no tier, because that body may be an endless stream. */
const restMsMax = 1_000;
const troubleStatuses: ReadonlySet<number> = new Set([429, 502, 503, 504]);
/** The Accept-Encoding of browsers, so that their variant is warmed, and the command's own User-Agent. */
const browserFields = { "accept-encoding": "gzip, deflate, br, zstd", "user-agent": userAgent };

/** Requests a page. Never rejects. */
export async function askPage(
  origin: string,
  { path, headers }: Page,
  world: Pick<World, "fetch" | "nowAtMs" | "interrupted">,
): Promise<PageAnswer | "interrupted"> {
  const { interrupted } = world;
  const signal = AbortSignal.any([interrupted, AbortSignal.timeout(answerMsMax)]);
  try {
    const response = await world.fetch(origin + path, {
      headers: { ...browserFields, ...headers },
      // Do not follow redirects, because they are stored like other responses.
      redirect: "manual",
      signal,
    });
    const answer = read(response, world.nowAtMs());
    const isFilling = answer.outcome.result === "warmed";
    await readBody(response, isFilling ? answerMsMax : restMsMax);
    return answer;
  } catch (cause) {
    if (interrupted.aborted) return "interrupted";
    const { why } = networkFailure(cause, answerMsMax);
    const outcome = { result: "failed", why } as const;
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

const staleWhy = "the origin failed, and a stale response answered";

function read(response: Response, nowAtMs: number): PageAnswer {
  const { status, headers } = response;
  const why = status >= 400 ? `status ${status}` : "the response has no Cache-Status of Tidemark";
  const outcome = outcomeOf(response) ?? { result: "failed", status, why };
  const isTrouble = troubleStatuses.has(status) || outcome.why === staleWhy;
  const seconds = retryAfterSeconds(headers.get("retry-after"), nowAtMs);
  return {
    kind: isTrouble ? "trouble" : "answered",
    outcome,
    isTidemark: isOurs(headers),
    retryAfterMs: seconds === undefined ? undefined : seconds * 1_000,
  };
}

/** Returns `undefined` if the response is not from Tidemark. */
function outcomeOf({ status, headers }: Response): Outcome | undefined {
  const { ours } = cacheMembers(headers);
  if (ours === undefined) return undefined;
  const { isHit, detail, parameters } = ours;
  if (detail.endsWith("stale-if-error")) return { result: "failed", status, why: staleWhy };
  if (status >= 400) return { result: "failed", status, why: `status ${status}` };
  if (isHit) {
    const ttlSeconds = Number(parameters.get("ttl") ?? 0);
    // Tidemark refreshes a stale response in the background, so the page is warmed.
    return { result: ttlSeconds < 0 ? "warmed" : "already", status };
  }
  if (parameters.get("stored") === true || parameters.get("collapsed") === true) {
    return { result: "warmed", status };
  }
  const forward = parameters.get("fwd");
  const isPassedBy = forward === "bypass" || forward === "method";
  const reason = detail || (typeof forward === "string" ? forward : undefined);
  return { result: isPassedBy ? "passed-by" : "not-stored", status, why: reason };
}
