// The line of a sampled request, made from its decision record. A field has the name that OpenTelemetry
// gives it. Where OpenTelemetry has no name, the field is `tidemark.…`.
import { traceIdOf } from "../rules/trace-context.ts";
import { sha256Short } from "../base/sha256.ts";
import type { Decision } from "./decision.ts";
import type { TierLook } from "./decision-parts.ts";
import type { Log, LogLine, LogValue } from "./log-line.ts";

export interface RequestLogSettings {
  /** 0 < share ≤ 1 */
  readonly sample: number;
  /** Paths stand in the lines. Queries never do. */
  readonly paths: boolean;
  readonly log: Log;
  readonly nowAtMs: () => number;
  readonly random: () => number;
}

/** What a line says of a request beside its record. */
type RequestAsked = Pick<Request, "method" | "headers">;

/** Of an isolate that is to log some of its requests. */
export class RequestLog {
  readonly #settings: RequestLogSettings;

  constructor(settings: RequestLogSettings) {
    this.#settings = settings;
  }

  /** @returns `undefined` for a request that is not drawn */
  drawn(request: RequestAsked, path: string): SampledRequest | undefined {
    const { sample, random } = this.#settings;
    return random() < sample ? new SampledRequest(request, path, this.#settings) : undefined;
  }
}

/** One that was drawn: its line is written once it is answered and all behind that is over. */
export class SampledRequest {
  readonly #settings: RequestLogSettings;
  readonly #request: RequestAsked;
  readonly #path: string;
  readonly #arrivedAtMs: number;
  #answer: { readonly status: number; readonly tookMs: number } | undefined;
  #decision: Decision | undefined;

  constructor(request: RequestAsked, path: string, settings: RequestLogSettings) {
    this.#settings = settings;
    this.#request = request;
    this.#path = path;
    this.#arrivedAtMs = settings.nowAtMs();
  }

  /** The head of its answer goes out. */
  answered({ status }: Pick<Response, "status">): void {
    const tookMs = Math.max(0, this.#settings.nowAtMs() - this.#arrivedAtMs);
    this.#answer = { status, tookMs };
    this.#tell();
  }

  /** @param decision all of it is known; refreshes behind the answer are no part of it */
  settled(decision: Decision): void {
    if (decision.isRefresh) return;
    this.#decision = decision;
    this.#tell();
  }

  /** Either may be the last to come. */
  #tell(): void {
    if (this.#answer === undefined || this.#decision === undefined) return;
    const { paths, log } = this.#settings;
    const { method, headers } = this.#request;
    const path = paths ? this.#path.slice(0, pathCharsMax) : undefined;
    const about = { method, path, traceId: traceIdOf(headers), ...this.#answer };
    log(requestLine(this.#decision, about));
  }
}

const pathCharsMax = 512;

/** What a line tells that is no part of the record. */
interface AboutRequest {
  readonly method: string;
  readonly path: string | undefined;
  readonly traceId: string | undefined;
  readonly status: number;
  readonly tookMs: number;
}

/** Other methods are not logged: a client may write anything as a method. */
const methods = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"];

/** @returns the line of a request, without its query, its fields, and values of cookies */
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
    "tidemark.key": key === undefined ? undefined : sha256Short(key),
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
    "tidemark.origin_status": decision.forwardStatus,
    "tidemark.origin_ms": decision.originTookMs,
    "tidemark.body_ms": decision.bodyTookMs,
    "tidemark.collapsed": decision.collapsed,
    "tidemark.lease": decision.lease,
    "tidemark.unverified": decision.unverified,
    "tidemark.stored": decision.stored,
    "tidemark.refused": refused?.rule,
    ...looksOf(decision.looks),
  };
}

/** Fields and cookies that a rule names are left out. */
function ruleOf(detail: Decision["detail"]): string | undefined {
  return typeof detail === "string" ? detail : detail?.rule;
}

/** A tier that was looked into twice: what each look came to, and how long both took. */
function looksOf(looks: readonly TierLook[]): Record<string, LogValue> {
  const fields: Record<string, LogValue> = {};
  for (const { tier, kind, tookMs } of looks) {
    const [came, took] = [`tidemark.${tier}`, `tidemark.${tier}_ms`];
    fields[came] = fields[came] === undefined ? kind : `${fields[came]}, ${kind}`;
    fields[took] = Number(fields[took] ?? 0) + (tookMs ?? 0);
  }
  return fields;
}
