// The origin and the requests of the memory bench. Each request has a distinct key.
import { randomBytes } from "node:crypto";
import { createServer, type ServerResponse } from "node:http";
import { type Listening, listening } from "../../testing/listening.ts";

/** One request; a GET if `method` is absent. */
export interface Asking {
  readonly path: string;
  readonly method?: string;
  readonly headers?: Readonly<Record<string, string>>;
}

export interface Site {
  readonly name: string;
  readonly asking: (at: number) => Asking;
  /**
   * Whether the site uses Redis for the shared tier and the journal. If so, the bench also sends
   * purges.
   */
  readonly withRedis?: boolean;
  /**
   * Whether the memory tier has its largest size, all tiers are in use, and the run ends with stalled
   * clients and with large bodies, which Redis receives. The heap is then limited to 128 MiB.
   */
  readonly isFull?: boolean;
}

const lifetime = "max-age=3600";
const languages = ["en", "de", "fr", "nl"];

/** Eight kinds of requests, in turn. */
const kinds: readonly ((at: number) => Asking)[] = [
  (at) => ({ path: `/tiny/${at}` }),
  (at) => ({ path: `/missing/${at}` }),
  (at) => ({
    path: `/vary/${Math.floor(at / 32)}`,
    headers: { "accept-language": languages[Math.floor(at / 8) % 4] ?? "en" },
  }),
  (at) => ({ path: `/large/${at}` }),
  (at) => ({ path: `/tiny/${at}/changed`, method: "POST" }),
  (at) => ({ path: `/private/${at}` }),
  (at) => ({ path: `/long/${at}/${"segment/".repeat(250)}` }),
  (at) => ({ path: `/tagged/${at}` }),
];

const mixed = (at: number): Asking => kinds[at % kinds.length]?.(at) ?? { path: "/" };

/** Fills the memory tier also with few keys. */
const wideOrMixed = (at: number): Asking =>
  at % 2 === 0 ? { path: `/wide/${at}` } : mixed((at - 1) / 2);

export const sites: readonly Site[] = [
  { name: "pages of 1 KiB", asking: (at) => ({ path: `/page/${at}` }) },
  { name: "a mix", asking: mixed },
  { name: "a mix, Redis, purges", asking: mixed, withRedis: true },
  { name: "everything at its maximum", asking: wideOrMixed, withRedis: true, isFull: true },
];

/** The header fields of a typical page, without `Date` and `Content-Length`. */
const usual = {
  "content-type": "text/html; charset=utf-8",
  "cache-control": lifetime,
  "last-modified": "Tue, 03 Nov 2026 10:00:00 GMT",
  "x-content-type-options": "nosniff",
  "x-frame-options": "SAMEORIGIN",
};

type Page = Readonly<{ status?: number; fields?: Record<string, string>; bodyBytes: number }>;

const pages: Readonly<Record<string, (path: string) => Page>> = {
  page: () => ({ bodyBytes: 1_024 }),
  tiny: () => ({ bodyBytes: 16 }),
  long: () => ({ bodyBytes: 16 }),
  large: () => ({ bodyBytes: 20_480 }),
  wide: () => ({ bodyBytes: 65_536 }),
  upload: () => ({ bodyBytes: 1_000_000 }),
  stalled: () => ({ bodyBytes: 4_194_304 }),
  missing: () => ({ status: 404, bodyBytes: 256 }),
  vary: () => ({ fields: { vary: "accept-language" }, bodyBytes: 512 }),
  private: () => ({ fields: { "cache-control": "private" }, bodyBytes: 512 }),
  tagged: (path) => ({
    fields: { "cache-tag": Array.from({ length: 10 }, (_, tag) => `${path}-${tag}`).join(",") },
    bodyBytes: 512,
  }),
};

function answer(url: string, response: ServerResponse): void {
  const kind = url.split("/")[1] ?? "";
  const { status = 200, fields = {}, bodyBytes } = pages[kind]?.(url) ?? { bodyBytes: 16 };
  const etag = `"${url.slice(0, 40)}"`;
  response.writeHead(status, { ...usual, etag, "content-length": bodyBytes, ...fields });
  // Tidemark would compress repetitive bodies before it sends them to Redis.
  response.end(url.startsWith("/upload/") ? randomBytes(bodyBytes) : Buffer.alloc(bodyBytes, "x"));
}

export const startOrigin = (): Promise<Listening> =>
  listening(createServer(({ url = "/" }, response) => answer(url, response)));
