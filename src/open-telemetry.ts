// Exports of `tidemark/opentelemetry`: converts events of a data cache into spans and metrics, and
// requests into spans and a metric. The file imports no package. The tracer and the meter come from
// the application's `@opentelemetry/api`. See docs/data.md#opentelemetry and docs/logs.md#spans.
import type { DataEvent, OnDataEvent } from "./data/value/events.ts";
import { errorName } from "./base/error-name.ts";
import type { OnRequest, RequestEvent } from "./observe/request-line.ts";

export type { DataEvent, OnDataEvent, OnRequest, RequestEvent };

type Attributes = Readonly<Record<string, string | number | boolean>>;

/** The methods of a span of `@opentelemetry/api` that Tidemark calls. */
interface Span {
  recordException(exception: Error): unknown;
  setStatus(status: { code: number }): unknown;
  end(at: Date): unknown;
}

/** The method of a tracer of `@opentelemetry/api` that Tidemark calls. */
export interface LoadTracer {
  startSpan(name: string, options: { startTime: Date; attributes: Attributes }): Span;
}

interface Instrument {
  readonly description: string;
  readonly unit: string;
  readonly advice?: { readonly explicitBucketBoundaries: number[] };
}

/** The methods of a meter of `@opentelemetry/api` that Tidemark calls. */
export interface Meter {
  createCounter(
    name: string,
    options: Instrument,
  ): { add(value: number, attributes: Attributes): void };
  createHistogram(
    name: string,
    options: Instrument,
  ): { record(value: number, attributes: Attributes): void };
}

/**
 * Returns a listener for the option `onRequest` of `createWorker` and `tidemark`: each request becomes a span
 * `tidemark <result>`, a child of the request's active span. Its attributes are those of the log line of a
 * request. A status of 500 or above is an error.
 *
 * @example
 * const onRequest = traceRequests(trace.getTracer("news"));
 * export default createWorker(config, { onRequest });
 */
export function traceRequests(tracer: LoadTracer): OnRequest {
  return ({ startedAtMs, tookMs, attributes }) => {
    const { "tidemark.result": result = "unknown", "http.response.status_code": status = 0 } =
      attributes;
    const startTime = new Date(startedAtMs);
    const span = tracer.startSpan(`tidemark ${result}`, { startTime, attributes });
    if (Number(status) >= 500) span.setStatus({ code: statusError });
    span.end(new Date(startedAtMs + tookMs));
  };
}

/**
 * Returns a listener for the option `onRequest`: each request is counted in the histogram
 * `tidemark.request.duration`, in seconds until the head of the answer. Its attributes are
 * `tidemark.route`, `tidemark.result` and `tidemark.status_class`, such as `2xx`; a URL is never one.
 *
 * @example
 * const [trace, measure] = [traceRequests(tracer), measureRequests(metrics.getMeter("news"))];
 * const onRequest = (event) => (trace(event), measure(event));
 */
export function measureRequests(meter: Meter): OnRequest {
  const durations = meter.createHistogram("tidemark.request.duration", {
    description: "Duration of requests until the head of the answer.",
    unit: "s",
    advice: { explicitBucketBoundaries: secondsBounds },
  });
  return ({ tookMs, attributes }) => {
    const status = Number(attributes["http.response.status_code"]);
    durations.record(tookMs / 1_000, {
      "tidemark.route": attributes["tidemark.route"] ?? "",
      "tidemark.result": attributes["tidemark.result"] ?? "unknown",
      "tidemark.status_class": `${Math.floor(status / 100)}xx`,
    });
  };
}

/** The tracer, the meter, or both. */
export interface OpenTelemetryOptions {
  /** Such as `trace.getTracer("shop")`. Each load becomes a child of its caller's active span. */
  readonly tracer?: LoadTracer | undefined;
  /** Such as `metrics.getMeter("shop")`. */
  readonly meter?: Meter | undefined;
  /** Whether spans contain the loaded keys. Default: `false`, because keys may identify people. */
  readonly recordKeys?: boolean | undefined;
}

/** OpenTelemetry's status code for a failed span. */
const statusError = 2;
/** The bounds in seconds. The semantic conventions advise them for calls of databases. */
const secondsBounds = [0.001, 0.005, 0.01, 0.05, 0.1, 0.5, 1, 5, 10];
/** The maximum number of keys in a span's attribute. */
const keysMax = 16;

/**
 * Returns a listener for `onEvent`.
 *
 * @example
 * const onEvent = openTelemetry({ tracer: trace.getTracer("shop"), meter: metrics.getMeter("shop") });
 * const cache = createDataCache({ redis, onEvent });
 */
export function openTelemetry({ tracer, meter, recordKeys }: OpenTelemetryOptions): OnDataEvent {
  const measure = meter === undefined ? undefined : metricsOver(meter);
  return (event) => {
    measure?.(event);
    if (event.type === "load" && tracer !== undefined) {
      traceLoad(event, tracer, recordKeys === true);
    }
  };
}

type LoadEvent = Extract<DataEvent, { readonly type: "load" }>;

function traceLoad(load: LoadEvent, tracer: LoadTracer, hasKeys: boolean): void {
  const { namespace, keys, startedAtMs, tookMs, errors } = load;
  const attributes: Attributes = {
    "tidemark.namespace": namespace,
    "tidemark.keys.count": keys.length,
    "tidemark.keys.failed": errors.size,
    ...(hasKeys && { "tidemark.keys": keys.slice(0, keysMax).map(textOf).join(" ") }),
  };
  const startTime = new Date(startedAtMs);
  const span = tracer.startSpan(`tidemark.load ${namespace}`, { startTime, attributes });
  for (const error of new Set(errors.values())) {
    const text = typeof error === "string" ? error : "The load threw a value that is not an error.";
    span.recordException(error instanceof Error ? error : new Error(text));
  }
  if (errors.size > 0) span.setStatus({ code: statusError });
  span.end(new Date(startedAtMs + tookMs));
}

function textOf(key: LoadEvent["keys"][number]): string {
  return [key].flat().join("/");
}

function metricsOver(meter: Meter): OnDataEvent {
  const counter = (name: string, unit: string, description: string) =>
    meter.createCounter(`tidemark.data.${name}`, { description, unit });
  const lookups = counter("lookups", "{key}", "Keys that were looked up, by result.");
  const errors = counter("errors", "{call}", "Calls that rejected.");
  const writes = counter("writes", "{key}", "Values that were set or written through.");
  const purges = counter("purges", "{purge}", "Accepted purges.");
  const loads = meter.createHistogram("tidemark.data.load.duration", {
    description: "Duration of loads.",
    unit: "s",
    advice: { explicitBucketBoundaries: secondsBounds },
  });
  return (event) => {
    if (event.type === "purge") return purges.add(1, { "tidemark.mode": modeOf(event) });
    const of = { "tidemark.namespace": event.namespace };
    switch (event.type) {
      case "hit": {
        const result = event.stale ? "stale" : "hit";
        return lookups.add(1, { ...of, "tidemark.result": result, "tidemark.tier": event.tier });
      }
      case "collapsed":
      case "miss":
        return lookups.add(1, { ...of, "tidemark.result": event.type });
      case "load": {
        const [failed] = event.errors.values();
        const error = event.errors.size > 0 ? { "error.type": errorName(failed) } : {};
        return loads.record(event.tookMs / 1_000, { ...of, ...error });
      }
      case "write":
        return writes.add(1, of);
      case "error":
        return errors.add(1, { ...of, "error.type": errorName(event.error) });
    }
  };
}

function modeOf({ soft }: { readonly soft: boolean }): string {
  return soft ? "soft" : "hard";
}
