// Asks the origin, and tells an answer from a failure. What fails several clients is asked for by the
// isolate itself before the origin is taken for down.
import type { Config } from "../../config/config.ts";
import { failureToldBy } from "../../http/storable.ts";
import { letGo } from "../../let-go.ts";
import type { Metrics } from "../../observe/metrics.ts";
import { KeyedFields, passedFields } from "../request/forwarded-fields.ts";
import { ownUserAgent } from "../request/nobodys-name.ts";
import type { Loops } from "../request/loops.ts";
import type { Asked, Passed } from "../request/plan.ts";
import { pathAndQuery, type Target } from "../request/target.ts";
import type { OriginAsked, OriginHealth } from "./origin-health.ts";
import { uploadMs } from "./upload-time.ts";

/** Sends a request to an origin by its name in the config. Rejects if it cannot be reached. */
export type FetchOrigin = (origin: string, request: OriginRequest) => Promise<Response>;

/** A request as an origin gets it. */
export interface OriginRequest {
  readonly method: string;
  /** How the client names the site. */
  readonly target: Pick<Target, "scheme" | "host" | "ownHost">;
  readonly pathAndQuery: string;
  readonly headers: Headers;
  readonly body: ReadableStream<Uint8Array> | null;
  readonly signal: AbortSignal;
  /** Starts what an origin in this isolate leaves to be done behind its answer. */
  readonly afterAnswer: (work: () => Promise<void>) => void;
}

export interface ForwardPorts {
  readonly config: Config;
  readonly originHealth: OriginHealth;
  readonly loops: Loops;
  readonly metrics: Pick<Metrics, "originRetried">;
  readonly fetchOrigin: FetchOrigin;
  /** Epoch milliseconds. */
  readonly nowAtMs: () => number;
  readonly afterAnswer: (work: () => Promise<void>) => void;
}

/** What an origin came to. All instants in epoch milliseconds. */
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
  ports: ForwardPorts,
): Promise<OriginAnswer> {
  const { conditions } = asked;
  // RFC 9110 §13.2.2: these go before a range, and are evaluated here, against the whole.
  const isConditional = conditions.has("if-none-match") || conditions.has("if-modified-since");
  const part = (isConditional ? [] : ["range", "if-range"]).flatMap((name): [string, string][] => {
    const value = conditions.get(name);
    return value === null ? [] : [[name, value]];
  });
  const { key, route, target, method, hasUnknownCookie } = asked;
  const headers = asked.forwarded.toHeaders([...validators, ...part]);
  const isForAll = method === "GET" && !hasUnknownCookie && part.length === 0;
  const page = isForAll ? key.text : undefined;
  return ask({ origin: route.origin, page, target }, { method, headers, body: null }, ports);
}

/** Forwards a request that is passed by, with its own body and conditions. */
export function forwardPassed(passed: Passed, ports: ForwardPorts): Promise<OriginAnswer> {
  const { request, target } = passed;
  const headers = passedFields(passed.fields);
  const isUpgrade = passed.rule === "upgrade";
  if (isUpgrade) {
    headers.set("upgrade", request.headers.get("upgrade") ?? "");
    headers.set("connection", "upgrade");
  }
  const { method, body } = request;
  const withinMs = ports.config.originTimeout.firstByteMs + uploadMs(request);
  const asking = { origin: passed.route.origin, page: undefined, target, withinMs };
  return ask(asking, { method, headers, body, isUpgrade }, ports);
}

/** The runtime ends what goes on behind an answer after half a minute. */
const lookMsMax = 20_000;

/**
 * Asks an origin whether it answers, behind the answer, with nothing of any client: by the page that
 * answered last, or the one at hand, and by the front page. A client may make one of them fail.
 * Never rejects.
 */
export async function lookAtOrigin(
  { origin, target }: Pick<OriginAsked, "origin" | "target">,
  ports: ForwardPorts,
): Promise<{ isAnswered: boolean }> {
  const last = ports.originHealth.wellTarget(origin) ?? target;
  const paths = new Set([last.path, "/"]);
  const looks = Array.from(paths, (path) => lookAt({ ...last, path, query: "" }, origin, ports));
  return { isAnswered: (await Promise.all(looks)).includes("answered") };
}

async function lookAt(
  target: Target,
  origin: string,
  ports: ForwardPorts,
): Promise<OriginAnswer["kind"]> {
  const client = new Headers({ accept: "*/*", "user-agent": ownUserAgent });
  const given = {
    cookies: "",
    keyedCookies: "",
    keyHeaders: [],
    honoursDirectives: false,
    forward: undefined,
  };
  const headers = new KeyedFields({ client, target }, given).toHeaders([]);
  const withinMs = Math.min(lookMsMax, ports.config.originTimeout.firstByteMs);
  const asking = { origin, page: undefined, target, withinMs };
  const answer = await ask(asking, { method: "GET", headers, body: null }, ports);
  if (answer.kind === "answered") letGo(answer.response);
  return answer.kind;
}

type Sent = Pick<OriginRequest, "method" | "headers" | "body"> & { readonly isUpgrade?: boolean };

/** The time-out is for the first byte; what it comes to is remembered of the origin. */
async function ask(
  asking: OriginAsked & { readonly withinMs?: number },
  { isUpgrade = false, ...request }: Sent,
  ports: ForwardPorts,
): Promise<OriginAnswer> {
  const abort = new AbortController();
  const { firstByteMs } = ports.config.originTimeout;
  const timer = setTimeout(() => abort.abort(), asking.withinMs ?? firstByteMs);
  const requestedAtMs = ports.nowAtMs();
  request.headers.set("via", ports.loops.viaWithOurs(request.headers.get("via")));
  try {
    const { target } = asking;
    const { afterAnswer } = ports;
    const { signal } = abort;
    const sent = { ...request, target, pathAndQuery: pathAndQuery(target), signal, afterAnswer };
    const response = await sentWithRetry(asking.origin, sent, ports);
    const respondedAtMs = ports.nowAtMs();
    const { status } = response;
    const failure = failureToldBy(status);
    if (failure === undefined && (isFinal(status) || (isUpgrade && status === 101))) {
      ports.originHealth.answered(asking, { isError: isOriginError(status) }, respondedAtMs);
      return { kind: "answered", response, requestedAtMs, respondedAtMs };
    }
    letGo(response);
    return failed(asking, failure ?? "unreachable", ports);
  } catch {
    const failure = abort.signal.aborted ? "timeout" : "unreachable";
    // Where a body is sent, it may be its client who failed.
    if (request.body !== null) return { kind: "failed", failure };
    return failed(asking, failure, ports);
  } finally {
    clearTimeout(timer);
  }
}

function failed(
  asking: OriginAsked,
  failure: "unreachable" | "timeout",
  ports: ForwardPorts,
): OriginAnswer {
  const { originHealth, nowAtMs, afterAnswer } = ports;
  if (originHealth.failed(asking, nowAtMs(), failure)) {
    afterAnswer(async () => {
      const { isAnswered } = await lookAtOrigin(asking, ports);
      if (!isAnswered) originHealth.lookFailed(asking.origin, nowAtMs());
    });
  }
  return { kind: "failed", failure };
}

/** A connection may break between two requests; what is safe is sent once more (RFC 9110 §9.2.2). */
async function sentWithRetry(origin: string, request: OriginRequest, ports: ForwardPorts) {
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

/** Does the status count as an error of the server? RFC 5861 §4 names these four. */
export function isOriginError(status: number): boolean {
  return status === 500 || status === 502 || status === 503 || status === 504;
}
