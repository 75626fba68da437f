// Asks for one page as a visitor would, and reads the answer to its end.
import { retryAfterSeconds } from "../../../../src/http-rules.ts";
import { isOurs } from "../asking/cache-status.ts";
import { networkFailure } from "../asking/network-failure.ts";
import { userAgent } from "../asking/user-agent.ts";
import type { World } from "../world.ts";
import { type Outcome, outcomeOf } from "./told-status.ts";

export type Asked =
  | {
      readonly kind: "answered";
      readonly outcome: Outcome;
      readonly beganAtMs: number;
      /** Until the head of the answer. */
      readonly durationMs: number;
      readonly isTidemark: boolean;
    }
  /** The site or its origin is in trouble; another try may do. */
  | {
      readonly kind: "trouble";
      readonly outcome: Outcome;
      /** `undefined` where nobody says. */
      readonly retryAfterMs: number | undefined;
      readonly isTidemark: boolean;
    }
  | { readonly kind: "interrupted" };

const answerMsMax = 120_000;
/** The rest of an answer that fills no tier; it may be a stream without an end. */
const restMsMax = 1_000;
const troubleStatuses: ReadonlySet<number> = new Set([429, 502, 503, 504]);
/** As browsers send it, so that the variant is theirs. */
const browserFields = { "accept-encoding": "gzip, deflate, br, zstd", "user-agent": userAgent };

/** Never rejects. */
export async function askPage(
  url: string,
  headers: Readonly<Record<string, string>>,
  world: Pick<World, "fetch" | "nowAtMs" | "interrupted">,
): Promise<Asked> {
  const beganAtMs = world.nowAtMs();
  const { interrupted } = world;
  const signal = AbortSignal.any([interrupted, AbortSignal.timeout(answerMsMax)]);
  try {
    const response = await world.fetch(url, {
      headers: { ...browserFields, ...headers },
      // A redirect is an answer, which is stored like others.
      redirect: "manual",
      signal,
    });
    const durationMs = world.nowAtMs() - beganAtMs;
    const asked = read(response, { beganAtMs, durationMs }, world.nowAtMs());
    const isFilling = asked.outcome.result === "warmed";
    await readBody(response, isFilling ? answerMsMax : restMsMax);
    return asked;
  } catch (cause) {
    if (interrupted.aborted) return { kind: "interrupted" };
    const { why } = networkFailure(cause, answerMsMax);
    const outcome = { result: "failed", why, isFromOrigin: true } as const;
    return { kind: "trouble", outcome, retryAfterMs: undefined, isTidemark: false };
  }
}

/** To its end, or for so long: reading it whole keeps the connection for the next page. */
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
): Exclude<Asked, { kind: "interrupted" }> {
  const { status, headers } = response;
  const told = outcomeOf(response);
  const isTidemark = isOurs(headers);
  const why = status >= 400 ? `status ${status}` : "the answer has no Cache-Status of Tidemark";
  const outcome = told ?? { result: "failed", status, why, isFromOrigin: true };
  const isOriginDown = outcome.why?.startsWith("the origin failed") === true;
  if (!troubleStatuses.has(status) && !isOriginDown) {
    return { kind: "answered", outcome, ...taken, isTidemark };
  }
  const seconds = retryAfterSeconds(headers.get("retry-after"), nowAtMs);
  const retryAfterMs = seconds === undefined ? undefined : seconds * 1_000;
  return { kind: "trouble", outcome, retryAfterMs, isTidemark };
}
