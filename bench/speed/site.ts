// The site of the speed bench: its configuration, what its paths mean, and what its origin says.
import { pageText } from "../load/page-text.ts";

export const paths = ["memory", "edge", "shared"] as const;
export type Path = (typeof paths)[number];

/** The first segment of a path says from which tier its route may answer first. */
export const siteConfig = JSON.stringify({
  routes: [
    { name: "edge", match: "/edge/*", tiers: ["edge", "shared"] },
    { name: "shared", match: "/shared/*", tiers: ["shared"] },
    { name: "memory", match: "*" },
  ],
});

export const etag = '"1"';

/** Of every 200, by whomever it is made. */
export const fields = { "content-type": "text/html", "cache-control": "max-age=3600", etag };

/** The second segment says how long the body is, in bytes. */
export const pageOf = (path: Path, bodyBytes: number, name = "page"): string =>
  `/${path}/${bodyBytes}/${name}`;

/** So much text, again and again: what lies packed in Redis should pack as text does. */
const textBytes = 262_144;

const bodies = new Map<string, Buffer>();

export function bodyOf(url: string): Buffer {
  const size = url.split("/")[2] ?? "";
  const body = bodies.get(size) ?? Buffer.alloc(Number(size), pageText(0, textBytes));
  bodies.set(size, body);
  return body;
}
