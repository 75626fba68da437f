// Reads lines of access logs: Common and Combined of nginx and Apache, Cloudflare's Logpush, and
// Tidemark's own log.
import type { ReplayedRequest } from "../../../../src/http-rules.ts";

/** A request in a log. A member that the log lacks is `undefined`. */
export interface LogEntry extends Omit<ReplayedRequest, "host" | "colo" | "originMs"> {
  readonly host: string | undefined;
  readonly colo?: string | undefined;
  readonly originMs?: number | undefined;
  /** The client's address. */
  readonly client: string | undefined;
  /** Whether the cache that wrote the log answered; `undefined` if the log does not say. */
  readonly wasHit?: boolean | undefined;
}

/** Returns `other` for a line that is no request, and `undefined` for a malformed line. */
type ReadLine = (line: string) => LogEntry | "other" | undefined;

const clock =
  /^([0-3]\d)\/(Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec)\/(\d{4}):(\d\d:\d\d:\d\d) (.*)$/;
let lastClock = { text: "", atMs: Number.NaN };

/** Returns epoch milliseconds; `NaN` if malformed. The offset of the line itself applies. */
function clockAtMs(text: string): number {
  if (lastClock.text !== text) {
    const [, day, month, year, time, zone] = clock.exec(text) ?? [];
    lastClock = { text, atMs: Date.parse(`${day} ${month} ${year} ${time} ${zone}`) };
    if (year === undefined || year < "1970") lastClock.atMs = Number.NaN;
  }
  return lastClock.atMs;
}

/** Later times are malformed, as are those before 1970. */
const atMsMax = Date.UTC(2100);
const isTime = (atMs: number) => atMs > 0 && atMs < atMsMax;

/** nginx writes a quote as `\x22`, and Apache as `\"`. A byte beyond ASCII has to be encoded in a URL. */
const unescaped = (text: string): string =>
  text.includes("\\")
    ? text.replaceAll(/\\(?:x([\da-fA-F]{2})|(["\\]))/g, (_, hex = "", own = "") =>
        hex < "8" ? own || String.fromCharCode(Number.parseInt(hex, 16)) : `%${hex.toUpperCase()}`,
      )
    : text;

/** Each part has one way to match, so that a hostile line takes linear time. */
const commonLine =
  /^(.*?) \[([\w/:]{20} [+-]\d{4})\] "([^\s"]+) ((?:[^"\\]|\\.)*?)(?: HTTP\/[\d.]+)?" (\d{3}) (\d+|-)(?: |$)/s;
const authorized = new Headers({ authorization: "Basic" });

/** Reads Common and Combined, also with the host or virtual host before the client. */
function readCommon(line: string): LogEntry | undefined {
  const [, who = "", clockText = "", method, target = "", status, bytes] =
    commonLine.exec(line) ?? [];
  const atMs = clockAtMs(clockText);
  if (method === undefined || !isTime(atMs)) return undefined;
  const words = who.split(" ");
  const hasHost = words.length > 3 && (words[1] !== "-" || words[2] === "-");
  // The user's name may contain spaces.
  const [named, client, , ...users] = hasHost ? words : [undefined, ...words];
  const user = users.join(" ");
  const written = unescaped(target);
  // A proxy's log has whole URLs.
  const [, host = named, rest = written] = /^https?:\/\/([^/?#]+)(.*)$/is.exec(written) ?? [];
  return {
    atMs,
    method,
    host,
    target: rest === "" ? "/" : rest,
    status: Number(status),
    bytes: bytes === "-" ? 0 : Number(bytes),
    client,
    headers: user === "-" || user === "" ? undefined : authorized,
  };
}

type Json = Readonly<Record<string, unknown>>;

function jsonIn(line: string): Json {
  try {
    return line.startsWith("{") ? (JSON.parse(line) as Json) : {};
  } catch {
    return {};
  }
}

const textIn = (value: unknown) => (typeof value === "string" && value !== "" ? value : undefined);
const countIn = (value: unknown, most: number) =>
  typeof value === "number" && value >= 0 && value <= most ? value : undefined;
const statusIn = (value: unknown) => (Number.isInteger(value) ? countIn(value, 999) : undefined);
/** A larger size or a longer duration is an error of the log. */
const bytesMax = 1e12;
const durationMsMax = 3_600_000;

/** Returns epoch milliseconds for RFC 3339, seconds, milliseconds or nanoseconds. */
function stampAtMs(value: unknown): number {
  const number = typeof value === "number" ? value : Number(textIn(value) ?? Number.NaN);
  if (Number.isNaN(number)) return Date.parse(String(value));
  if (number > 1e16) return number / 1e6;
  return number > 1e11 ? number : number * 1e3;
}

/** The statuses of Cloudflare's cache for an answer without its origin. */
const hitsOfCloudflare = ["hit", "stale", "updating"];

function readLogpush(line: string): LogEntry | undefined {
  const json = jsonIn(line);
  const target = textIn(json["ClientRequestURI"]);
  const atMs = stampAtMs(json["EdgeStartTimestamp"]);
  const status = statusIn(json["EdgeResponseStatus"]);
  if (target === undefined || !isTime(atMs) || status === undefined) return undefined;
  const cacheStatus = textIn(json["CacheCacheStatus"]);
  return {
    atMs,
    method: textIn(json["ClientRequestMethod"]) ?? "GET",
    host: textIn(json["ClientRequestHost"]),
    target,
    status,
    bytes: countIn(json["EdgeResponseBytes"], bytesMax),
    client: textIn(json["ClientIP"]),
    colo: textIn(json["EdgeColoCode"]),
    country: textIn(json["ClientCountry"])?.toUpperCase(),
    headers: headersIn(json["RequestHeaders"]),
    originMs: countIn(json["OriginResponseDurationMs"], durationMsMax),
    wasHit: cacheStatus === undefined ? undefined : hitsOfCloudflare.includes(cacheStatus),
  };
}

/** Reads the fields that a Logpush job can add. Invalid fields are left out. */
function headersIn(value: unknown): Headers | undefined {
  if (typeof value !== "object" || value === null) return undefined;
  const headers = new Headers();
  for (const [name, text] of Object.entries(value)) {
    try {
      headers.set(name, String(text));
    } catch {
      continue;
    }
  }
  return headers;
}

/** The refusals of answers that no configuration stores. */
const neverStored =
  "no-store private set-cookie vary-any endless-stream dictionary-coded names-client".split(" ");

/** Reads a line of `logs` (docs/logs.md). It is written at the end of its request. */
function readOwn(line: string): LogEntry | "other" | undefined {
  const json = jsonIn(line);
  const writtenAtMs = Date.parse(textIn(json["ts"]) ?? "");
  const event = textIn(json["event"]);
  if (!isTime(writtenAtMs) || event === undefined) return undefined;
  if (event !== "request") return "other";
  const of = (name: string) => json[`tidemark.${name}`];
  const msOf = (name: string) => countIn(of(name), durationMsMax);
  const status = statusIn(json["http.response.status_code"]);
  const result = textIn(of("result"));
  if (status === undefined || result === undefined) return undefined;
  const tookMs = Math.max(msOf("took_ms") ?? 0, msOf("body_ms") ?? 0);
  const [rule, refused] = [of("by"), textIn(of("refused")) ?? ""];
  // A position of the journal begins with epoch milliseconds.
  const [, purgedAtMs = writtenAtMs] = /^(\d{13})-/.exec(textIn(of("purge")) ?? "") ?? [];
  const given = refused === "no-use" ? 0 : countIn(of("origin_fresh_seconds"), Infinity);
  return {
    atMs: writtenAtMs - tookMs,
    method: textIn(json["http.request.method"]) ?? "GET",
    host: undefined,
    target: textIn(json["url.path"]),
    status: statusIn(of("origin_status")) ?? status,
    bytes: countIn(of("body_bytes"), bytesMax),
    client: undefined,
    colo: textIn(json["colo"]),
    // The response is stored at the end of its request, after its body.
    originMs: msOf("origin_ms") === undefined ? undefined : tookMs,
    wasHit: result === "hit" || result === "stale-hit",
    isValidated: of("origin_status") === 304,
    logged: {
      route: textIn(of("route")) ?? "",
      key: result === "passed" ? undefined : textIn(of("key")),
      hasUnknownCookie: rule === "unknown-cookie" || refused === "unknown-cookie",
      purgedAtMs: rule === "purged" ? Number(purgedAtMs) : undefined,
      freshSeconds: neverStored.includes(refused) ? "never" : given,
    },
  };
}

export const formats = {
  common: readCommon,
  logpush: readLogpush,
  tidemark: readOwn,
} as const satisfies Record<string, ReadLine>;
export type FormatName = keyof typeof formats;
export const formatNames = Object.keys(formats) as readonly FormatName[];

/** Returns the format that reads most of these lines; `undefined` if none reads any. */
export function formatOf(lines: readonly string[]): FormatName | undefined {
  const [best] = formatNames
    .map((name) => ({ name, count: lines.filter((line) => formats[name](line)).length }))
    .toSorted((one, other) => other.count - one.count);
  return best?.count === 0 ? undefined : best?.name;
}
