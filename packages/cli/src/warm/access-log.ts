// Reads requested pages from access logs: lines of the combined and common formats, and JSON of nginx, Caddy and
// Cloudflare's Logpush.

/** A successful request that can be repeated. */
export interface LogEntry {
  /** A path with its query, or a URL if the log has the host. */
  readonly url: string;
}

export type LogReading = LogEntry | "empty" | "other" | "unreadable";

/**
 * Matches quoted method, path and protocol, then the status. Other parts vary. Skips paths with backslashes, because
 * servers escape them differently.
 */
const classic = /"([A-Z]+) ([^\s\\]+)(?: HTTP\/[\d.]+)?" (\d{3})(?: |$)/;

/** Returns `"other"` for requests other than GET with 2xx or 3xx. */
export function readLoggedLine(line: string | undefined): LogReading {
  const trimmed = line?.trim();
  if (trimmed === "") return "empty";
  if (trimmed === undefined) return "unreadable";
  // Skip lines with invalid UTF-8, which attackers send.
  if (trimmed.includes("\ufffd")) return "unreadable";
  const found = trimmed.startsWith("{") ? ofJson(trimmed) : ofClassic(trimmed);
  if (found === undefined) return "unreadable";
  const { method, url, status } = found;
  return method === "GET" && status >= 200 && status < 400 ? { url } : "other";
}

interface LogFields {
  readonly method: string;
  readonly url: string;
  readonly status: number;
}

function ofClassic(line: string): LogFields | undefined {
  const [, method = "", url = "", status] = classic.exec(line) ?? [];
  return status === undefined ? undefined : { method, url, status: Number(status) };
}

function ofJson(line: string): LogFields | undefined {
  let entry: Record<string, unknown>;
  try {
    entry = JSON.parse(line);
  } catch {
    return undefined;
  }
  // Caddy logs the request as an object; nginx logs the first line of the request as a string.
  const request = entry["request"];
  if (typeof request === "string") {
    return ofClassic(`"${request}" ${Number(entry["status"])}`);
  }
  const fields = { ...entry, ...(typeof request === "object" ? request : {}) };
  const method = firstText(fields, ["ClientRequestMethod", "request_method", "method"]);
  const path = firstText(fields, ["ClientRequestURI", "request_uri", "uri", "url", "path"]);
  const host = firstText(fields, ["ClientRequestHost", "host", "http_host"]);
  const status = Number(entry["EdgeResponseStatus"] ?? entry["status"]);
  if (method === undefined || path === undefined || !Number.isInteger(status)) return undefined;
  const isAtHost = host !== undefined && path.startsWith("/");
  return { method, url: isAtHost ? `https://${host}${path}` : path, status };
}

function firstText(fields: Record<string, unknown>, names: readonly string[]): string | undefined {
  for (const name of names) {
    const value = fields[name];
    if (typeof value === "string" && value !== "") return value;
  }
  return undefined;
}

/** Counts the requests of each URL. */
export class Popularity {
  /** The number of requests for URLs beyond the limit. */
  leftOutCount = 0;
  readonly #counts = new Map<string, number>();
  readonly #countMax: number;

  /** @param countMax the number of different URLs that are counted */
  constructor(countMax: number) {
    this.#countMax = countMax;
  }

  note(url: string): void {
    const before = this.#counts.get(url);
    if (before === undefined && this.#counts.size >= this.#countMax) this.leftOutCount += 1;
    else this.#counts.set(url, (before ?? 0) + 1);
  }

  /** Returns the most requested URLs. Equally requested URLs are in the order of the log. */
  hottest(top: number): string[] {
    const sorted = [...this.#counts].sort(([, a], [, b]) => b - a);
    return sorted.slice(0, top).map(([url]) => url);
  }
}
