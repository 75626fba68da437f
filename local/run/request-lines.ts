// Reports the result of each local request, through a module in front of the Worker. The deployed
// Worker and its configuration stay unchanged.
import { type BareItem, parseList, Token } from "structured-headers";
import { hostCheck } from "./host-check.ts";

/** The name of the Worker's own module. The reporting module is another one. */
export const workerModule = "worker.js";

export interface RequestLine {
  readonly colo: string;
  /** The time of arrival in epoch milliseconds. */
  readonly atMs: number;
  readonly method: string;
  /** The path that the client sent, with the query. */
  readonly path: string;
  readonly status: number;
  /** The fields that the client gets; `null` if absent. */
  readonly cacheStatus: string | null;
  readonly proxyStatus: string | null;
  /**
   * The time until the response fields are available. Locally, a Worker's clock also advances
   * between I/O operations.
   */
  readonly tookMs: number;
}

const begin = '{"tidemark-start":';
export const probeField = "tidemark-start-probe";

/**
 * @param probe the value of `probeField` in a request of the local runtime itself. After the
 *   Worker's answer, the module prints `probed` instead of a line
 * @param allowedHosts more hosts for which the site answers
 * @returns the text of an ES module that passes requests to the Worker, and prints a line for each. A
 *   country in `CF-IPCountry` becomes `request.cf.country`; when deployed, only Cloudflare states these
 */
export function tellingModule(probe: string, allowedHosts: readonly string[] = []): string {
  return `import * as module from "./${workerModule}";
export * from "./${workerModule}";
const worker = module.default;
if (worker === undefined) throw new Error("The main module has no default export");
const tell = (told) => console.log(JSON.stringify({ "tidemark-start": told }));
async function fetch(request, answer) {
  const isProbe = request.headers.get("${probeField}") === "${probe}";
  const atMs = Date.now();
  const response = refusedHost(request) ?? await answer().catch((cause) => {
    console.error(cause);
    tell(isProbe ? "probed" : { ...of(request), atMs, status: 500, cacheStatus: null, proxyStatus: null, tookMs: Date.now() - atMs });
    throw cause;
  });
  const { status, headers } = response;
  if (isProbe) tell("probed");
  else tell({
    ...of(request), atMs, status,
    cacheStatus: headers.get("cache-status"), proxyStatus: headers.get("proxy-status"),
    tookMs: Date.now() - atMs,
  });
  return response;
}
${hostCheck(allowedHosts)}
function located(request) {
  const country = request.headers.get("cf-ipcountry") ?? "";
  return /^[A-Z][A-Z0-9]$/.test(country) ? new Request(request, { cf: { ...request.cf, country } }) : request;
}
function of({ method, url }) {
  const { pathname, search } = new URL(url);
  return { method, path: pathname + search };
}
const isClass = typeof worker === "function";
export default isClass
  ? class extends worker {
      fetch(request) { return fetch(request, async () => super.fetch(located(request))); }
    }
  : {
      ...worker,
      ...(worker.scheduled && { scheduled: (...given) => worker.scheduled(...given) }),
      fetch: (request, env, context) => fetch(request, async () => worker.fetch(located(request), env, context)),
    };
`;
}

/** Returns `undefined` for a line of the Worker itself. */
export function toldIn(text: string): Omit<RequestLine, "colo"> | "probed" | undefined {
  if (!text.startsWith(begin)) return undefined;
  return (JSON.parse(text) as Record<string, Omit<RequestLine, "colo"> | "probed">)[
    "tidemark-start"
  ];
}

/** Summarizes what the cache did, such as `hit memory`, `miss stored` or `pass: route`. */
export function shortStatus({
  cacheStatus,
  proxyStatus,
}: Pick<RequestLine, "cacheStatus" | "proxyStatus">): string {
  const handled = lastMember(cacheStatus);
  if (handled === undefined) {
    const error = lastMember(proxyStatus)?.get("error");
    return error === undefined ? "-" : `failed: ${error}`;
  }
  const detail = handled.get("detail");
  if (handled.has("hit")) {
    const isStale = Number(handled.get("ttl")) < 0;
    const tier = detail === undefined ? "" : ` ${detail}`;
    return `${isStale ? "stale hit" : "hit"}${tier}`;
  }
  const reason = handled.get("fwd") ?? "";
  if (reason === "bypass" || reason === "method") return `pass: ${detail ?? reason}`;
  const what = handled.get("fwd-status") === "304" ? "validated" : (reasons[reason] ?? reason);
  const how = handled.has("stored") ? " stored" : handled.has("collapsed") ? " collapsed" : "";
  return detail === undefined ? `${what}${how}` : `${what}${how}: ${detail}`;
}

const reasons: Readonly<Record<string, string>> = {
  "uri-miss": "miss",
  "vary-miss": "miss of variant",
  request: "not for this request",
};

/** Returns `?` for dates and bytes, because no cache writes them in these fields. */
function textOf(value: BareItem): string {
  if (value instanceof Token) return value.toString();
  return typeof value === "object" ? "?" : String(value);
}

/** Returns the last member, which is from the cache nearest to the client (RFC 9211 §2). */
function lastMember(field: string | null): ReadonlyMap<string, string> | undefined {
  try {
    const last = parseList(field ?? "").at(-1);
    const parameters = last === undefined ? [] : [...last[1]];
    return last && new Map(parameters.map(([name, value]) => [name, textOf(value)]));
  } catch {
    return undefined;
  }
}
