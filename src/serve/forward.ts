// Asks the origin, and tells an answer from a failure.
import { passedFields } from "./forwarded-fields.ts";
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
  return ask(
    asked.route.origin,
    {
      method: asked.method,
      pathAndQuery: pathAndQuery(asked.target),
      headers: asked.forwarded.toHeaders([...validators, ...part]),
      body: null,
      isUpgrade: false,
    },
    ports,
  );
}

/** Forwards a request that is passed by, with its own body and conditions. */
export function forwardPassed(passed: Passed, ports: Ports): Promise<OriginAnswer> {
  const { request, target } = passed;
  const headers = passedFields(passed.fields);
  if (passed.rule === "upgrade") {
    headers.set("upgrade", request.headers.get("upgrade") ?? "");
    headers.set("connection", "upgrade");
  }
  return ask(
    passed.route.origin,
    {
      method: request.method,
      pathAndQuery: pathAndQuery(target),
      headers,
      body: request.body,
      isUpgrade: passed.rule === "upgrade",
    },
    ports,
  );
}

/** The time-out is for the origin's first byte; a body may take as long as its client does. */
async function ask(
  origin: string,
  { isUpgrade, ...request }: Omit<OriginRequest, "signal"> & { isUpgrade: boolean },
  ports: Ports,
): Promise<OriginAnswer> {
  const abort = new AbortController();
  const timer = setTimeout(() => abort.abort(), ports.config.originTimeoutMs);
  const requestedAtMs = ports.nowAtMs();
  try {
    const response = await ports.fetchOrigin(origin, { ...request, signal: abort.signal });
    if (isFinal(response.status) || (isUpgrade && response.status === 101)) {
      return { kind: "answered", response, requestedAtMs, respondedAtMs: ports.nowAtMs() };
    }
    await response.body?.cancel();
    return { kind: "failed", failure: "unreachable" };
  } catch {
    return { kind: "failed", failure: abort.signal.aborted ? "timeout" : "unreachable" };
  } finally {
    clearTimeout(timer);
  }
}

/** RFC 9110 §15: no other number is a final status, nor can be passed on. */
function isFinal(status: number): boolean {
  return status >= 200 && status <= 599;
}

/** RFC 5861 §4 names these four. */
export function isOriginError(status: number): boolean {
  return status === 500 || status === 502 || status === 503 || status === 504;
}
