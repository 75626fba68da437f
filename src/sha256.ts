// SHA-256 as the texts that keys, metadata and markers carry.
import fastSha256 from "fast-sha256";

export async function sha256Hex(bytes: Uint8Array<ArrayBuffer>): Promise<string> {
  return new Uint8Array(await crypto.subtle.digest("SHA-256", bytes)).toHex();
}

/** The first 64 bits in 11 characters, worked out at once: for a short text where nobody may wait. */
export function sha256Short(text: string): string {
  const digest = fastSha256.hash(new TextEncoder().encode(text));
  return digest.subarray(0, 8).toBase64({ alphabet: "base64url", omitPadding: true });
}
