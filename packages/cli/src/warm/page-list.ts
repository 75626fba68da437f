// The distinct pages of a run, in the order of their sources: arguments, sitemaps, and lists with a URL,
// a path, or JSON with header fields in each line.
import { readFile } from "node:fs/promises";
import { resolve } from "node:path";
import { addAbortSignal } from "node:stream";
import { gunzipSync } from "node:zlib";
import { failure, usageError } from "../command-error.ts";
import type { World } from "../world.ts";

/** A page of the site, and the fields that select its variant. */
export interface Page {
  /** The path with its query. */
  readonly path: string;
  readonly headers?: Readonly<Record<string, string>>;
}

/** The reason why a page of a source is skipped. */
type SkipReason = "twice" | "other-host" | "no-url" | "operator-route" | "too-many";

/** The limit of pages. The list takes about 150 bytes of memory for each page. */
const pageCountMax = 1_000_000;
const pathCharactersMax = 8_192;
const examplesMax = 3;

export class PageList {
  readonly skipped: Record<SkipReason, number> = {
    twice: 0,
    "other-host": 0,
    "no-url": 0,
    "operator-route": 0,
    "too-many": 0,
  };
  /** The first hosts that are not the site's. */
  readonly otherHosts: string[] = [];
  /** The first texts that are not URLs or paths. */
  readonly noUrls: string[] = [];
  readonly #origin: string;
  readonly #operatorPath: string;
  readonly #host: string;
  readonly #keys = new Set<string>();
  readonly #countMax: number;

  constructor(given: {
    readonly origin: string;
    readonly operatorPath: string;
    readonly countMax?: number;
  }) {
    const { origin, operatorPath, countMax = pageCountMax } = given;
    this.#origin = origin;
    this.#operatorPath = operatorPath;
    this.#host = new URL(origin).host;
    this.#countMax = countMax;
  }

  get count(): number {
    return this.#keys.size;
  }

  /** @param text a URL of the site, or a path that begins with a slash */
  add(text: string, headers?: Page["headers"]): "added" | SkipReason {
    const verdict = this.#verdict(text, headers);
    if (verdict !== "added") this.skipped[verdict] += 1;
    return verdict;
  }

  *[Symbol.iterator](): Generator<Page> {
    for (const key of this.#keys) {
      const [path = "", fields] = key.split("\n");
      yield fields === undefined ? { path } : { path, headers: JSON.parse(fields) };
    }
  }

  #verdict(text: string, headers: Page["headers"]): "added" | SkipReason {
    const trimmed = text.trim();
    const isAddress = /^(?:\/(?!\/)|https?:\/\/)/i.test(trimmed);
    const url = isAddress ? URL.parse(trimmed, this.#origin) : null;
    const isSecret = url !== null && (url.username !== "" || url.password !== "");
    const path = url === null ? "" : url.pathname + url.search;
    if (url === null || isSecret || path.length > pathCharactersMax) {
      const shown = isSecret ? `${url.protocol}//…@${url.host}` : trimmed.slice(0, 100);
      if (this.noUrls.length < examplesMax) this.noUrls.push(shown);
      return "no-url";
    }
    if (url.host !== this.#host) {
      const { otherHosts } = this;
      if (otherHosts.length < examplesMax && !otherHosts.includes(url.host))
        otherHosts.push(url.host);
      return "other-host";
    }
    const { pathname } = url;
    if (pathname === this.#operatorPath || pathname.startsWith(`${this.#operatorPath}/`)) {
      return "operator-route";
    }
    const key = keyOf({ path, ...(headers && { headers }) });
    if (this.#keys.has(key)) return "twice";
    if (this.#keys.size >= this.#countMax) return "too-many";
    this.#keys.add(key);
    return "added";
  }
}

/** Returns a unique text for a page and its variant. Field names are in lower case and sorted. */
function keyOf({ path, headers = {} }: Page): string {
  const fields = Object.entries(headers)
    .map(([name, value]) => [name.toLowerCase(), value] as const)
    .toSorted(([a], [b]) => (a < b ? -1 : 1));
  return fields.length === 0 ? path : `${path}\n${JSON.stringify(Object.fromEntries(fields))}`;
}

/** The content of a line. */
type Line =
  | { readonly kind: "page"; readonly text: string; readonly headers?: Record<string, string> }
  | { readonly kind: "nothing" }
  | { readonly kind: "unreadable" };

/** Enough for a million pages. */
const listBytesMax = 134_217_728;

/**
 * Adds the pages of a list.
 *
 * @param name a file, or - for stdin
 * @returns the number of lines that could not be read
 * @throws CommandError if the list cannot be read
 */
export async function readList(name: string, pages: PageList, world: World): Promise<number> {
  const limit = { name, bytesMax: listBytesMax };
  const { input, interrupted } = world;
  const bytes =
    name === "-"
      ? await bytesOfStream(addAbortSignal(interrupted, input), limit)
      : await bytesOfFile(name, world);
  let unreadableCount = 0;
  for (const text of textOf(bytes, limit).split("\n")) {
    const line = readLine(text);
    if (line.kind === "unreadable") unreadableCount += 1;
    else if (line.kind === "page") pages.add(line.text, line.headers);
  }
  return unreadableCount;
}

export function readLine(line: string): Line {
  const text = line.trim();
  if (text === "" || text.startsWith("#")) return { kind: "nothing" };
  if (!text.startsWith("{")) return { kind: "page", text };
  try {
    const { url, headers } = JSON.parse(text) as { url?: unknown; headers?: unknown };
    if (typeof url !== "string") return { kind: "unreadable" };
    return {
      kind: "page",
      text: url,
      ...(headers !== undefined && { headers: fieldsOf(headers) }),
    };
  } catch {
    return { kind: "unreadable" };
  }
}

/** @throws TypeError if the value is not an object of header fields */
function fieldsOf(value: unknown): Record<string, string> {
  const isObject = typeof value === "object" && value !== null && !Array.isArray(value);
  if (!isObject || Object.values(value).some((one) => typeof one !== "string"))
    throw new TypeError("The headers are not fields.");
  const fields = value as Record<string, string>;
  void new Headers(fields);
  return fields;
}

/** @throws CommandError if the file cannot be read */
export async function bytesOfFile(path: string, { folder, interrupted }: World): Promise<Buffer> {
  const whole = resolve(folder, path);
  try {
    return await readFile(whole, { signal: interrupted });
  } catch (cause) {
    const code = cause instanceof Error && "code" in cause ? String(cause.code) : "an error";
    const why = whyNoFile[code] ?? `The system reported ${code}.`;
    throw usageError(
      { what: `${JSON.stringify(path)} cannot be read.`, why, hint: `Check the file ${whole}.` },
      cause,
    );
  }
}

const whyNoFile: Readonly<Record<string, string>> = {
  ENOENT: "There is no file of this name.",
  EISDIR: "It is a folder.",
  ERR_FS_FILE_TOO_LARGE: "It is too large.",
};

/**
 * Reads a stream to its end. A failure of the stream passes on.
 *
 * @throws CommandError beyond the limit
 */
export async function bytesOfStream(
  stream: AsyncIterable<Uint8Array | string>,
  limit: TextLimit,
): Promise<Buffer> {
  const chunks: Buffer[] = [];
  let byteCount = 0;
  for await (const chunk of stream) {
    byteCount += chunk.length;
    if (byteCount > limit.bytesMax) throw tooLarge(limit);
    chunks.push(Buffer.from(chunk));
  }
  return Buffer.concat(chunks);
}

/** The name of a source in errors, and the limit of its decompressed text. */
export interface TextLimit {
  readonly name: string;
  readonly bytesMax: number;
}

/** @throws CommandError for damaged gzip, invalid UTF-8, and text beyond the limit */
export function textOf(bytes: Buffer, limit: TextLimit): string {
  const { name, bytesMax: maxOutputLength } = limit;
  const isGzip = bytes[0] === 0x1f && bytes[1] === 0x8b;
  if (bytes.length > maxOutputLength) throw tooLarge(limit);
  try {
    const text = isGzip ? gunzipSync(bytes, { maxOutputLength }) : bytes;
    return new TextDecoder("utf-8", { fatal: true }).decode(text);
  } catch (cause) {
    const code = cause instanceof Error && "code" in cause ? String(cause.code) : "";
    if (code === "ERR_BUFFER_TOO_LARGE") throw tooLarge(limit);
    const isDamaged = code.startsWith("Z_");
    const why = isDamaged ? "It looks like gzip, but is damaged or truncated." : "It is not UTF-8.";
    const fault = { what: `${name} was not read completely.`, why, hint: "Create the file again." };
    throw failure(fault, "failed", cause);
  }
}

function tooLarge({ name, bytesMax }: TextLimit) {
  return failure({
    what: `${name} was not read completely.`,
    why: `Decompressed, it has more than ${bytesMax / 1_048_576} MiB.`,
    hint: "Split it.",
  });
}
