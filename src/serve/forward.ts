// Asks the origin, and tells an answer from a failure.
import { failureToldBy } from "../http/storable.ts";
import { letGo } from "../let-go.ts";
import { passedFields } from "./forwarded-fields.ts";
import type { OriginAsked } from "./origin-health.ts";
import type { Asked, Passed } from "./plan.ts";
import type { OriginRequest, Ports } from "./ports.ts";
import { pathAndQuery } from "./target.ts";

/** `error-status`: it answered with a status that RFC 5861 §4 counts as an error. */
export type OriginFailure = "unreachable" | "timeout" | "error-status";

export type OriginAnswer =
  | { kind: "answered"; response: Response; requestedAtMs: number; respondedAtMs: number }
  | { kind: "failed"; failure: "unreachable" | "timeout" };

/**
 * Forwards a request that was looked up: exactly what was keyed.
 *
 * @param validators fields of a conditional request; empty for an unconditional one
 */
export function forwardAsked(
  asked: Asked,
  validators: readonly (readonly [name: string, value: string])[],
  ports: Ports,
): Promise<OriginAnswer> {
  const { conditions } = asked;
  // RFC 9110 §13.2.2: these go before a range, and are evaluated here, against the whole.
  const isConditional = conditions.has("if-none-match") || conditions.has("if-modified-since");
  const part = (isConditional ? [] : ["range", "if-range"]).flatMap((name): [string, string][] => {
    const value = conditions.get(name);
    return value === null ? [] : [[name, value]];
  });
  const request = {
    method: asked.method,
    target: asked.target,
    pathAndQuery: pathAndQuery(asked.target),
    headers: asked.forwarded.toHeaders([...validators, ...part]),
    body: null,
    isUpgrade: false,
  };
  const { key, route, target, method, hasUnknownCookie } = asked;
  const isForAll = method === "GET" && !hasUnknownCookie && part.length === 0;
  const page = isForAll ? key.text : undefined;
  return ask({ origin: route.origin, page, target }, request, ports);
}

/** Forwards a request that is passed by, with its own body and conditions. */
export function forwardPassed(passed: Passed, ports: Ports): Promise<OriginAnswer> {
  const { request, target } = passed;
  const headers = passedFields(passed.fields);
  if (passed.rule === "upgrade") {
    headers.set("upgrade", request.headers.get("upgrade") ?? "");
    headers.set("connection", "upgrade");
  }
  const { method, body } = request;
  const isUpgrade = passed.rule === "upgrade";
  return ask(
    { origin: passed.route.origin, page: undefined, target },
    { method, target, pathAndQuery: pathAndQuery(target), headers, body, isUpgrade },
    ports,
  );
}

type Sent = Omit<OriginRequest, "signal"> & { readonly isUpgrade: boolean };

/** The time-out is for the first byte; what it comes to is remembered of the origin. */
async function ask(
  asking: OriginAsked,
  { isUpgrade, ...request }: Sent,
  ports: Ports,
): Promise<OriginAnswer> {
  const { originHealth } = ports;
  const abort = new AbortController();
  const timer = setTimeout(() => abort.abort(), ports.config.originTimeout.firstByteMs);
  const requestedAtMs = ports.nowAtMs();
  request.headers.set("via", ports.loops.viaWithOurs(request.headers.get("via")));
  try {
    const sent = { ...request, signal: abort.signal };
    const response = await sentWithRetry(asking.origin, sent, ports);
    const respondedAtMs = ports.nowAtMs();
    const failure = failureToldBy(response.status);
    if (failure !== undefined) {
      letGo(response);
      originHealth.failed(asking, respondedAtMs, failure);
      return { kind: "failed", failure };
    }
    if (isFinal(response.status) || (isUpgrade && response.status === 101)) {
      originHealth.answered(asking, { isError: isOriginError(response.status) }, respondedAtMs);
      return { kind: "answered", response, requestedAtMs, respondedAtMs };
    }
    letGo(response);
    originHealth.failed(asking, respondedAtMs);
    return { kind: "failed", failure: "unreachable" };
  } catch {
    const failure = abort.signal.aborted ? "timeout" : "unreachable";
    // Where a body is sent, it may be its client who failed.
    if (request.body === null) originHealth.failed(asking, ports.nowAtMs(), failure);
    return { kind: "failed", failure };
  } finally {
    clearTimeout(timer);
  }
}

/** A connection may break between two requests; what is safe is sent once more (RFC 9110 §9.2.2). */
async function sentWithRetry(origin: string, request: OriginRequest, ports: Ports) {
  const { method, body, signal } = request;
  const isRepeatable = (method === "GET" || method === "HEAD") && body === null;
  const maySendAgain = () =>
    isRepeatable && !signal.aborted && ports.originHealth.takeRetry(origin);
  try {
    const response = await ports.fetchOrigin(origin, request);
    const isReached = failureToldBy(response.status) !== "unreachable";
    if (isReached || !maySendAgain()) return response;
    letGo(response);
  } catch (cause) {
    if (!maySendAgain()) throw cause;
  }
  ports.metrics.originRetried();
  return ports.fetchOrigin(origin, request);
}

/** RFC 9110 §15: no other number is a final status, nor can be passed on. */
function isFinal(status: number): boolean {
  return status >= 200 && status <= 599;
}

/** RFC 5861 §4 names these four. */
export function isOriginError(status: number): boolean {
  return status === 500 || status === 502 || status === 503 || status === 504;
}
