// Signs requests to Akamai with EdgeGrid (EG1-HMAC-SHA256).
import type { SignCall } from "../delivery/call.ts";

/** EdgeGrid signs this many bytes of a body. */
export const signedBytesMax = 131_072;

/** @param credential the client token, the client secret and the access token */
export function edgeGridSigner([
  clientToken = "",
  clientSecret = "",
  accessToken = "",
]: readonly string[]): SignCall {
  return async (call, { atMs, randomText }) => {
    const { method, body = "" } = call;
    const { protocol, host, pathname, search } = new URL(call.url);
    const timestamp = `${new Date(atMs).toISOString().slice(0, 19).replaceAll("-", "")}+0000`;
    const unsigned =
      `EG1-HMAC-SHA256 client_token=${clientToken};access_token=${accessToken};` +
      `timestamp=${timestamp};nonce=${randomText()};`;
    const bytes = new TextEncoder().encode(body).slice(0, signedBytesMax);
    const digest = body === "" ? "" : base64(await crypto.subtle.digest("SHA-256", bytes));
    const path = pathname + search;
    const text = [method, protocol.slice(0, -1), host, path, "", digest, unsigned].join("\t");
    const signature = await hmac(await hmac(clientSecret, timestamp), text);
    return {
      ...call,
      headers: { ...call.headers, authorization: `${unsigned}signature=${signature}` },
    };
  };
}

async function hmac(secret: string, text: string): Promise<string> {
  const encoder = new TextEncoder();
  const algorithm = { name: "HMAC", hash: "SHA-256" };
  const key = await crypto.subtle.importKey("raw", encoder.encode(secret), algorithm, false, [
    "sign",
  ]);
  return base64(await crypto.subtle.sign("HMAC", key, encoder.encode(text)));
}

function base64(bytes: ArrayBuffer): string {
  return btoa(String.fromCharCode(...new Uint8Array(bytes)));
}
