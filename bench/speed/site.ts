// The site of the speed bench: its configuration, its paths and bodies, and the header fields of
// its origin.
import { pageText } from "../load/page-text.ts";

const paths = ["memory", "edge", "shared"] as const;
export type Path = (typeof paths)[number];

/**
 * The configuration of the site. The first segment of a path selects a route, and is the first tier
 * that this route uses.
 */
export const siteConfig = JSON.stringify({
  routes: [
    { name: "edge", match: "/edge/*", tiers: ["edge", "shared"] },
    { name: "shared", match: "/shared/*", tiers: ["shared"] },
    { name: "memory", match: "*" },
  ],
});

export const etag = '"1"';

/** The header fields of every 200, from any system. */
export const fields = { "content-type": "text/html", "cache-control": "max-age=3600", etag };

/** The header fields that a browser sends when it navigates to a page. */
export const browserFields = {
  connection: "keep-alive",
  "sec-ch-ua": '"Chromium";v="142", "Not_A Brand";v="99"',
  "sec-ch-ua-mobile": "?0",
  "sec-ch-ua-platform": '"Linux"',
  "upgrade-insecure-requests": "1",
  "user-agent": "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 Chrome/142.0.0.0 Safari/537.36",
  accept: "text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,image/webp,*/*;q=0.8",
  "sec-fetch-site": "none",
  "sec-fetch-mode": "navigate",
  "sec-fetch-user": "?1",
  "sec-fetch-dest": "document",
  "accept-encoding": "gzip, deflate, br, zstd",
  "accept-language": "en-GB,en;q=0.9",
};

/** Returns a path whose second segment is the length of the body in bytes. */
export const pageOf = (path: Path, bodyBytes: number, name = "page"): string =>
  `/${path}/${bodyBytes}/${name}`;

/**
 * The length of the text that bodies repeat. It is long, so that bodies in Redis compress like
 * text.
 */
const textBytes = 262_144;

const bodies = new Map<string, Buffer>();

export function bodyOf(url: string): Buffer {
  const size = url.split("/")[2] ?? "";
  const body = bodies.get(size) ?? Buffer.alloc(Number(size), pageText(0, textBytes));
  bodies.set(size, body);
  return body;
}
