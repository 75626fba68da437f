// SHA-256 digests as text, for keys, records and markers.
import type * as FastSha256 from "fast-sha256";
import fastSha256 from "fast-sha256";
import { isOnWorkers, type NodeCrypto, nodeGlobals } from "./node-globals.ts";

/**
 * The digests before the use of Node's own digest, which costs 1 µs instead of the 10 to 20 µs of
 * `crypto.subtle`. But loading its module takes 3 ms on Workers.
 */
let digestsBeforeNode = isOnWorkers() ? 200 : 0;
let nodeCrypto: NodeCrypto | undefined;

/** Bytes, or text that counts as UTF-8. */
type Content = Uint8Array<ArrayBuffer> | string;

/** Returns the digest as 64 hex digits; on Node without a promise. */
export function sha256Hex(content: Content): string | Promise<string> {
  return hashOfNode()?.("sha256", content, "hex") ?? digested(content).then(hexOf);
}

/** Returns the digest in 43 characters of base64url; on Node without a promise. */
export function sha256Base64url(content: Content): string | Promise<string> {
  return hashOfNode()?.("sha256", content, "base64url") ?? digested(content).then(base64url);
}

function hashOfNode(): NodeCrypto["hash"] {
  if (digestsBeforeNode > 0) {
    digestsBeforeNode -= 1;
    return undefined;
  }
  nodeCrypto ??= nodeGlobals.process?.getBuiltinModule?.("node:crypto") ?? {};
  return nodeCrypto.hash;
}

async function digested(content: Content): Promise<Uint8Array> {
  const bytes = typeof content === "string" ? new TextEncoder().encode(content) : content;
  return new Uint8Array(await crypto.subtle.digest("SHA-256", bytes));
}

export function hexOf(bytes: Uint8Array): string {
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
}

// Bundlers and Node disagree about the type of the default import, not about its value.
const library: unknown = fastSha256;
const { hash } = library as typeof FastSha256;

/** Returns the digest as 64 hex digits, without a promise. Use it only for short text. */
export function sha256HexAtOnce(text: string): string {
  return hexOf(hash(new TextEncoder().encode(text)));
}

/** Returns the first 64 bits of the digest in 11 characters of base64url. Use it only for short text. */
export function sha256Short(text: string): string {
  const digest = hashOfNode()?.("sha256", text, "base64url");
  if (digest === undefined) return base64url(hash(new TextEncoder().encode(text)).subarray(0, 8));
  // The eleventh character also has two bits of the next byte.
  return (
    digest.slice(0, 10) + base64urlDigits.charAt(base64urlDigits.indexOf(digest.charAt(10)) & ~3)
  );
}

/** The digits of base64url (RFC 4648 §5). */
export const base64urlDigits = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

/** Encodes bytes in base64url without padding (RFC 4648 §5). Use it only for few bytes. */
export function base64url(bytes: Uint8Array): string {
  return inUrl(btoa(String.fromCharCode(...bytes)));
}

function inUrl(base64: string): string {
  return base64.replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "");
}

/** @throws DOMException for text that is not base64url */
export function hexOfBase64url(text: string): string {
  const bytes = atob(text.replaceAll("-", "+").replaceAll("_", "/"));
  return hexOf(Uint8Array.from(bytes, (byte) => byte.charCodeAt(0)));
}
