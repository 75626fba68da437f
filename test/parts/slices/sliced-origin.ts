// An origin with one large body, which answers ranges, `If-Range` and `If-None-Match` (RFC 9110
// §13, §14), or breaks these rules as a test says. And a site that stores this body in slices.
import { slices } from "../../../src/parts/slices/slices.ts";
import { type FieldTexts, type Script } from "../../../testing/fakes/origin-in-process.ts";
import { openSite, type Site, type SiteOptions } from "../../../testing/site/harness.ts";

export const sliceBytes = 65_536;
export const totalBytes = 5 * sliceBytes + 1_000;

const made = new Map<string, Uint8Array<ArrayBuffer>>();

/** Returns the bytes of a version. No two versions have equal bytes at one place. */
export function bytesOf(version: number, length = totalBytes): Uint8Array<ArrayBuffer> {
  const bytes = made.get(`${version} ${length}`) ?? new Uint8Array(length);
  if (!made.has(`${version} ${length}`)) {
    for (let at = 0; at < length; at += 1) bytes[at] = (at + (at >> 8) + 31 * version) & 255;
    made.set(`${version} ${length}`, bytes);
  }
  return bytes;
}

export interface SlicedOrigin {
  version: number;
  length?: number;
  /** Further fields of each answer. */
  fields: FieldTexts;
  tag: (version: number) => string | undefined;
  ignoresIfRange?: boolean;
  ignoresRange?: boolean;
  /** Changes an answer, or replaces it. */
  change?: (answer: Response, request: Request) => Response | Promise<Response>;
}

export function slicedOrigin(given: Partial<SlicedOrigin> = {}): SlicedOrigin {
  const fields = { "cache-control": "max-age=600", "content-type": "video/mp4" };
  return { version: 1, fields, tag: (version) => `"${version}"`, ...given };
}

export const scriptOf =
  (origin: SlicedOrigin): Script =>
  (request) => {
    const answer = answered(request, origin);
    return origin.change?.(answer, request) ?? answer;
  };

/** Returns the answer of an origin that keeps the rules, and `change` apart. */
export function answered({ headers: asked }: Request, origin: SlicedOrigin): Response {
  const body = bytesOf(origin.version, origin.length);
  const tag = origin.tag(origin.version);
  const headers = new Headers({ ...origin.fields, ...(tag !== undefined && { etag: tag }) });
  const text = (name: string) => asked.get(name);
  if (tag !== undefined && text("if-none-match") === tag) {
    return new Response(null, { status: 304, headers });
  }
  const isOther = text("if-range") !== null && text("if-range") !== tag && !origin.ignoresIfRange;
  const range = /^bytes=(\d+)-(\d*)$/.exec(text("range") ?? "");
  if (range === null || isOther || origin.ignoresRange === true) {
    headers.set("content-length", String(body.length));
    return new Response(body, { headers });
  }
  const first = Number(range[1]);
  const last = Math.min(range[2] === "" ? Infinity : Number(range[2]), body.length - 1);
  if (first >= body.length) {
    headers.set("content-range", `bytes */${body.length}`);
    return new Response(null, { status: 416, headers });
  }
  headers.set("content-range", `bytes ${first}-${last}/${body.length}`);
  headers.set("content-length", String(last - first + 1));
  return new Response(body.slice(first, last + 1), { status: 206, headers });
}

/** The part of a route in slices of this origin. */
export const inSlices = slices({ sliceBytes });

export function slicedOptions(origin: SlicedOrigin, fetchesMax = 12): SiteOptions {
  const routes = [{ name: "video", match: "/v*", use: [slices({ sliceBytes, fetchesMax })] }];
  return { config: { routes }, origin: scriptOf(origin) };
}

export function openSliced(
  origin: SlicedOrigin,
  options: SiteOptions = {},
  fetchesMax?: number,
): Site {
  return openSite({ ...slicedOptions(origin, fetchesMax), ...options });
}

/** The answer that a client has received. */
export interface Received {
  readonly status: number;
  readonly fields: Headers;
  readonly bytes: Uint8Array;
  readonly isCut: boolean;
}

/** Reads an answer to its end, or to where it is cut off. */
export async function received(response: Response): Promise<Received> {
  const chunks: Uint8Array[] = [];
  let isCut = false;
  try {
    for await (const chunk of response.body ?? []) chunks.push(chunk);
  } catch {
    isCut = true;
  }
  return { status: response.status, fields: response.headers, bytes: Buffer.concat(chunks), isCut };
}

/** Asks for a range or the whole body, and waits for all background work. */
export async function getSliced(
  site: Site,
  range?: string,
  headers: FieldTexts = {},
): Promise<Received> {
  const asked = { ...headers, ...(range !== undefined && { range }) };
  const seen = await received(await site.ask("/v", { headers: asked }));
  await site.settle();
  return seen;
}

export function rangesAsked(site: Site): string[] {
  return site.origin.asked.map(({ fields }) => fields.get("range") ?? "whole");
}
