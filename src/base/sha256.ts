// SHA-256 digests as text, for keys, records and markers.
import type * as FastSha256 from "fast-sha256";
import fastSha256 from "fast-sha256";
import { type NodeCrypto, nodeGlobals } from "./node-globals.ts";

/**
 * The digests before the use of Node's own digest, which costs 1 µs instead of the 10 to 20 µs of
 * `crypto.subtle`. But loading its module takes 3 ms on Workers.
 */
let digestsBeforeNode = 200;
let nodeCrypto: NodeCrypto | undefined;

/** Returns the digest as 64 hex digits. */
export async function sha256Hex(bytes: Uint8Array<ArrayBuffer>): Promise<string> {
  if (digestsBeforeNode > 0) digestsBeforeNode -= 1;
  else nodeCrypto ??= nodeGlobals.process?.getBuiltinModule?.("node:crypto") ?? {};
  if (nodeCrypto?.hash !== undefined) return nodeCrypto.hash("sha256", bytes, "hex");
  return hexOf(new Uint8Array(await crypto.subtle.digest("SHA-256", bytes)));
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
  return base64url(hash(new TextEncoder().encode(text)).subarray(0, 8));
}

/** Encodes bytes in base64url without padding (RFC 4648 §5). Use it only for few bytes. */
export function base64url(bytes: Uint8Array): string {
  const base64 = btoa(String.fromCharCode(...bytes));
  return base64.replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "");
}
