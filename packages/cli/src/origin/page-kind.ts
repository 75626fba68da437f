// Classifies pages by path, type and status.
import type { Answer } from "../asking/fetch-page.ts";

export type PageKind =
  | "page"
  | "asset"
  | "feed"
  | "api"
  | "robots"
  | "sitemap"
  | "private"
  | "missing";

const privateSegment =
  /^(?:log-?in|sign-?in|sign-?up|sign-?out|log-?out|register|auth|oauth2?|sso|sessions?|account|my-?account|konto|profile|user|me|admin|administrator|dashboard|backend|cart|basket|warenkorb|checkouts?|orders?|wish-?list|settings|passwords?|members|inbox|billing|invoices?|preview|wp-admin|wp-login\.php|wp-cron\.php|wp-comments-post\.php|xmlrpc\.php|ghost|anmelden|abmelden|kasse|kundenkonto|mein-konto|kundenbereich|merkzettel|compte|mon-compte|connexion|panier|cuenta|mi-cuenta|carrito|carrello|winkelwagen)$/i;
const apiSegment = /^(?:api|graphql|rest|wp-json|jsonapi|v\d+)$/i;
const assetEnding =
  /\.(?:css|m?js|png|jpe?g|gif|webp|avif|svg|ico|woff2?|ttf|otf|eot|map|mp4|webm|pdf|webmanifest)$/i;

/** Paths for which a request may have effects, even a GET without a cookie. */
const effects =
  /log-?out|sign-?out|subscribe|abmelden|delete|remove|cancel|approve|activate|\bvote\b|add[-_]to[-_]cart|add-item|wp-cron|confirm|verify|reset/i;

export function mayHaveEffects(path: string): boolean {
  return effects.test(path);
}

/** Returns the route pattern for the private part of a path; `undefined` if the path does not look private. */
export function privatePattern(path: string): string | undefined {
  return patternUpTo(path, privateSegment);
}

/** Returns the route pattern for the API part of a path. */
export function apiPattern(path: string): string | undefined {
  return patternUpTo(path, apiSegment);
}

function patternUpTo(path: string, form: RegExp): string | undefined {
  const segments = segmentsOf(path);
  const at = segments.findIndex((segment) => form.test(segment));
  if (at < 0) return undefined;
  const upTo = literalPattern(`/${segments.slice(0, at + 1).join("/")}`);
  return upTo.endsWith(".php") ? upTo : `${upTo}/*`;
}

/** Returns the route pattern that matches only this path, without a query. */
export function literalPattern(path: string): string {
  return withoutQuery(path).replaceAll(/[()[\]{}|^$+*:]/g, String.raw`\$&`);
}

/** Returns the non-empty segments of a path, without the query. */
export function segmentsOf(path: string): string[] {
  return withoutQuery(path)
    .split("/")
    .filter((segment) => segment !== "");
}

export function withoutQuery(path: string): string {
  return path.split("?", 1)[0] ?? path;
}

export function isAssetPath(path: string): boolean {
  return assetEnding.test(withoutQuery(path));
}

const mediaEnding = /\.(mp4|m4v|mov|webm|mp3|m4a|ogg|flac|wav|pmtiles|zip)$/i;

/** Returns the ending of a file that clients request in ranges, in lower case; else `undefined`. */
export function mediaEndingOf(path: string): string | undefined {
  return mediaEnding.exec(withoutQuery(path))?.[1]?.toLowerCase();
}

const hexHash = /^(?=.*\d)(?=.*[a-f])[0-9a-f]{8,}$/i;
/**
 * Matches hashes that bundlers add to names of code files. Not used for images, whose names may
 * look like a hash.
 */
const mixedHash = /^(?=.*\d)(?=.*[A-Z])(?=.*[a-z])\w{8,}$/;

/** Returns whether the file name contains a hash of the content. */
export function isFingerprinted(path: string): boolean {
  if (path.startsWith("/_next/static/")) return true;
  const parts = (segmentsOf(path).at(-1) ?? "").split(/[.~_-]/).slice(0, -1);
  const isCode = /\.(?:css|m?js|woff2?)$/.test(withoutQuery(path));
  return parts.some((part) => hexHash.test(part) || (isCode && mixedHash.test(part)));
}

export function kindOf(path: string, { headers, status }: Answer): PageKind {
  const type = headers.get("content-type") ?? "";
  const plain = withoutQuery(path);
  if (plain === "/robots.txt") return "robots";
  if (/sitemap[^/]*\.xml(?:\.gz)?$/i.test(plain)) return "sitemap";
  if (privatePattern(path) !== undefined) return "private";
  if (/json/i.test(type) && !/manifest/i.test(type)) return "api";
  if (apiPattern(path) !== undefined && !/html/i.test(type)) return "api";
  if (/(?:rss|atom)\+xml/i.test(type)) return "feed";
  if (/^(?:text\/css|image\/|font\/|video\/|audio\/)|javascript/i.test(type)) return "asset";
  if (isAssetPath(path)) return "asset";
  if (status === 404 || status === 410) return "missing";
  return type === "" || /html/i.test(type) ? "page" : "asset";
}
