// Describes a request from its decision, for the log line of a sampled request and for the
// application's listener. A field has the name that OpenTelemetry defines, if any. All other names begin
// with `tidemark.`.
import { guarded } from "../base/guarded.ts";
import { traceIdOf } from "../rules/trace-context.ts";
import { errorName } from "../base/error-name.ts";
import type { Decision, TierLookup } from "./decision.ts";
import type { Log, LogLine, LogValue } from "./log-line.ts";

interface RequestLogSettings {
  /** The share of requests that get a line: 0 < share ≤ 1. */
  readonly sample: number;
  /** Whether lines include paths. Lines never include queries. */
  readonly paths: boolean;
  readonly log: Log;
  readonly nowAtMs: () => number;
  readonly random: () => number;
  /** The application's listener; `undefined` if it has none. */
  readonly onRequest?: OnRequest | undefined;
}

/** A request that was answered, after all its background work. */
export interface RequestEvent {
  /** The arrival, in epoch milliseconds. */
  readonly startedAtMs: number;
  /** The time until the head of the answer. */
  readonly tookMs: number;
  /** The fields of the request's log line: docs/logs.md#single-requests. */
  readonly attributes: Readonly<Record<string, string | number | boolean>>;
}

/** Receives each request. Its errors are logged once, and change no answer. */
export type OnRequest = (event: RequestEvent) => void;

/** The parts of a request that its line needs. */
type RequestHead = Pick<Request, "method" | "headers">;

/** Selects a random sample of an isolate's requests for the log, and all for a listener. */
export class RequestLog {
  readonly #settings: RequestLogSettings;
  readonly #toListener: ((event: RequestEvent) => void) | undefined;

  constructor(settings: RequestLogSettings) {
    this.#settings = settings;
    const { onRequest } = settings;
    this.#toListener = onRequest && guardedListener(onRequest, settings.log);
  }

  /** Decides whether to describe a request. Returns `undefined` if not. */
  drawn(request: RequestHead, path: string): SampledRequest | undefined {
    const { sample, random, log, paths, nowAtMs } = this.#settings;
    const toLog = sample > 0 && random() < sample ? log : undefined;
    const toListener = this.#toListener;
    if (toLog === undefined && toListener === undefined) return undefined;
    return new SampledRequest(request, path, { paths, nowAtMs, toLog, toListener });
  }
}

/** Returns the listener with its errors caught, and the first of them logged. */
function guardedListener(onRequest: OnRequest, log: Log): (event: RequestEvent) => void {
  let hasFailed = false;
  const failed = (cause: unknown) => {
    if (hasFailed) return;
    hasFailed = true;
    const message = `The function \`onRequest\` failed with ${errorName(cause)}: correct it.`;
    log({ event: "listener-failed", level: "error", message });
  };
  return (event) => guarded(() => onRequest(event), failed);
}

interface Recipients extends Pick<RequestLogSettings, "paths" | "nowAtMs"> {
  readonly toLog: Log | undefined;
  readonly toListener: ((event: RequestEvent) => void) | undefined;
}

/** A described request. Writes its line after the answer and all its background work. */
export class SampledRequest {
  readonly #settings: Recipients;
  readonly #request: RequestHead;
  readonly #path: string;
  readonly #arrivedAtMs: number;
  #answer: { readonly status: number; readonly tookMs: number } | undefined;
  #decision: Decision | undefined;

  constructor(request: RequestHead, path: string, settings: Recipients) {
    this.#settings = settings;
    this.#request = request;
    this.#path = path;
    this.#arrivedAtMs = settings.nowAtMs();
  }

  /** Records that the answer's head is being sent. */
  answered({ status }: Pick<Response, "status">): void {
    const tookMs = Math.max(0, this.#settings.nowAtMs() - this.#arrivedAtMs);
    this.#answer = { status, tookMs };
    this.#tell();
  }

  /** @param decision a complete decision; that of a background refresh is ignored */
  settled(decision: Decision): void {
    if (decision.isRefresh) return;
    this.#decision = decision;
    this.#tell();
  }

  /** Writes the line once both the answer and the decision are known. */
  #tell(): void {
    if (this.#answer === undefined || this.#decision === undefined) return;
    const { paths, toLog, toListener } = this.#settings;
    const { method, headers } = this.#request;
    const path = paths ? this.#path.slice(0, pathCharsMax) : undefined;
    const about = { method, path, traceId: traceIdOf(headers), ...this.#answer };
    const line = requestLine(this.#decision, about);
    toLog?.(line);
    if (toListener === undefined) return;
    const startedAtMs = this.#arrivedAtMs;
    toListener({ startedAtMs, tookMs: this.#answer.tookMs, attributes: attributesOf(line) });
  }
}

/** Returns the fields that have a value, without those of a log line alone. */
function attributesOf(line: LogLine): RequestEvent["attributes"] {
  const isAttribute = (pair: [string, LogValue]): pair is [string, string | number | boolean] => {
    const [name, value] = pair;
    return !ofLogAlone.includes(name) && value !== undefined && value !== null;
  };
  return Object.fromEntries(Object.entries(line).filter(isAttribute));
}

const ofLogAlone: readonly string[] = ["event", "level", "message"];

const pathCharsMax = 512;

/** The parts of a line that are not in the decision. */
interface AboutRequest {
  readonly method: string;
  readonly path: string | undefined;
  readonly traceId: string | undefined;
  readonly status: number;
  readonly tookMs: number;
}

/** Other methods are logged as `_OTHER`, because a client may send any text. */
const methods = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"];

/** Returns the line. It contains no query, and no header field except the trace ID. */
function requestLine(decision: Decision, about: AboutRequest): LogLine {
  const { route, key, outcome, verdict, by, reason, cause, purge, refused } = decision;
  const tier = outcome === "hit" || outcome === "stale-hit" ? decision.detail : undefined;
  return {
    event: "request",
    level: "info",
    message: `A request was answered: ${outcome ?? "unknown"}.`,
    "http.request.method": methods.includes(about.method) ? about.method : "_OTHER",
    "http.response.status_code": about.status,
    "url.path": about.path,
    trace_id: about.traceId,
    "tidemark.took_ms": about.tookMs,
    "tidemark.route": route,
    "tidemark.key": key?.digestAtOnce().slice(0, 16),
    "tidemark.result": outcome,
    "tidemark.tier": ruleOf(tier),
    "tidemark.verdict": verdict,
    "tidemark.by": by,
    "tidemark.forward_reason": reason,
    "tidemark.forward_cause": cause,
    "tidemark.pass_rule": outcome === "passed" ? ruleOf(decision.detail) : undefined,
    "tidemark.purge": purge?.position,
    "tidemark.ttl_seconds": tier === undefined ? undefined : decision.ttlSeconds,
    "tidemark.body_bytes": decision.bodyBytes,
    "tidemark.fallback": decision.fallback,
    "tidemark.origin_status": decision.forwardStatus,
    "tidemark.origin_ms": decision.originTookMs,
    "tidemark.body_ms": decision.bodyTookMs,
    "tidemark.collapsed": decision.collapsed,
    "tidemark.lock": decision.lock,
    "tidemark.unverified": decision.unverified,
    "tidemark.stored": decision.stored,
    "tidemark.refused": refused?.rule,
    ...lookupsOf(decision.lookups),
  };
}

/** Returns the rule without the names to which it applied. */
function ruleOf(detail: Decision["detail"]): string | undefined {
  return typeof detail === "string" ? detail : detail?.rule;
}

/**
 * Returns fields for tier lookups. For several lookups in one tier, the fields have all results and
 * the sum of the times.
 */
function lookupsOf(lookups: readonly TierLookup[]): Record<string, LogValue> {
  const fields: Record<string, LogValue> = {};
  for (const { tier, kind, tookMs } of lookups) {
    const [resultName, took] = [`tidemark.${tier}`, `tidemark.${tier}_ms`];
    fields[resultName] = fields[resultName] === undefined ? kind : `${fields[resultName]}, ${kind}`;
    fields[took] = Number(fields[took] ?? 0) + (tookMs ?? 0);
  }
  return fields;
}
