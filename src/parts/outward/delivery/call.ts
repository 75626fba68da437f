// Sends one request to a target, within a time limit, and reads whether the target confirms it.
import { cancelBody } from "../../../base/cancel-body.ts";
import { outsideNext } from "../../../base/outside-next.ts";
import { OutOfTime, within } from "../../../base/timeouts.ts";
import type { FailedOutcome, OutwardOutcome } from "../../../protocol/outward-states.ts";
import { retryAfterMs } from "../../../purger/back-off.ts";
import type { OutwardPorts } from "../port/outward-target.ts";
import type { Tokens } from "./token-bucket.ts";

/** A request to a target, before it is signed. */
export interface OutwardCall {
  readonly method: string;
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: string | undefined;
  /** The tokens that the request takes, by the name of the rate limit. */
  readonly tokens: Tokens;
}

/** Returns a POST of JSON. */
export function jsonCall(
  url: string,
  body: unknown,
  tokens: Tokens = { requests: 1 },
): OutwardCall {
  const headers = { "content-type": "application/json" };
  return { method: "POST", url, headers, body: JSON.stringify(body), tokens };
}

/** Adds the credential to a request. */
export type SignCall = (
  call: OutwardCall,
  given: { readonly atMs: number; readonly randomText: () => string },
) => Promise<OutwardCall>;

/**
 * Returns the outcome of an answer, in place of that by its status. Calls `text` only if the status does not
 * decide, because a body may never end.
 */
export type ReadAnswer = (
  status: number,
  text: () => Promise<string>,
) => Promise<"delivered" | FailedOutcome | undefined | void>;

/** How a target's requests are signed, and its answers read. */
interface CallReading {
  readonly sign: SignCall;
  readonly readAnswer?: ReadAnswer;
}

export interface CallFailure {
  readonly outcome: FailedOutcome;
  /** 0 without an answer. */
  readonly status: number;
  /** The pause that the target asks for. */
  readonly retryAfterMs: number;
}

/** The time limit of one request. */
const callMsMax = 8_000;

/** The answers that are read have some hundred characters. */
const answerCharsMax = 16_384;

/** Sends a request. Follows no redirect. Returns why it failed; `undefined` if it was confirmed. */
async function sendCall(
  call: OutwardCall,
  { sign, readAnswer }: CallReading,
  ports: OutwardPorts,
): Promise<CallFailure | undefined> {
  const aborted = new AbortController();
  const { signal } = aborted;
  const seen: { answer?: Response } = {};
  const failed = (outcome: FailedOutcome): CallFailure => {
    const { status = 0, headers } = seen.answer ?? {};
    const pauseMs = retryAfterMs(headers?.get("retry-after") ?? null, ports.nowAtMs());
    return { outcome, status, retryAfterMs: pauseMs };
  };
  try {
    const answering = (async () => {
      const given = { atMs: ports.nowAtMs(), randomText: ports.randomText };
      const { url, method, headers, body } = await sign(call, given);
      const init = { method, headers, redirect: "manual", signal } as const;
      const whole = body === undefined ? init : { ...init, body };
      const answer = await outsideNext(() => ports.fetch(url, whole));
      seen.answer = answer;
      const outcome = await readAnswer?.(answer.status, () => beginningOf(answer));
      return outcome ?? outcomeOf(answer.status);
    })();
    const outcome = await within(answering, callMsMax);
    return outcome === "delivered" ? undefined : failed(outcome);
  } catch (cause) {
    // Without its body, an answer may still prove a failure.
    const known = seen.answer && outcomeOf(seen.answer.status);
    if (known !== undefined && known !== "delivered") return failed(known);
    return failed(cause instanceof OutOfTime ? "timed-out" : "unavailable");
  } finally {
    cancelBody(seen.answer);
    aborted.abort();
  }
}

async function beginningOf({ body }: Response): Promise<string> {
  const decoder = new TextDecoder();
  let text = "";
  for await (const chunk of body ?? []) {
    text += decoder.decode(chunk, { stream: true });
    if (text.length > answerCharsMax) break;
  }
  return text;
}

/** The number of requests at the same time. */
const parallelCount = 4;

/** Sends requests, a few at a time. Stops after a failure, and returns it. */
export async function sendAll(
  calls: readonly OutwardCall[],
  how: CallReading,
  ports: OutwardPorts,
  onOutcome: (outcome: OutwardOutcome) => void,
): Promise<CallFailure | undefined> {
  for (let at = 0; at < calls.length; at += parallelCount) {
    const some = calls.slice(at, at + parallelCount);
    const sent = some.map((call) => sendCall(call, how, ports));
    const failures = await Promise.all(sent);
    for (const failure of failures) onOutcome(failure?.outcome ?? "delivered");
    const failure = failures.find((one) => one !== undefined);
    if (failure !== undefined) return failure;
  }
  return undefined;
}

function outcomeOf(status: number): "delivered" | FailedOutcome {
  if (status >= 200 && status < 300) return "delivered";
  if (status === 401 || status === 403) return "unauthorized";
  if (status === 429) return "rate-limited";
  if (status === 408 || status >= 500) return "unavailable";
  return "refused";
}
