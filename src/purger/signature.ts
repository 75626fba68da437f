// Signs a message according to Standard Webhooks: HMAC-SHA256 of id, time and body.
import type { PurgeMessage } from "./message.ts";
import { PurgeError } from "./purge-error.ts";

/**
 * Creates a function that returns the signed header fields of one try. `atMs` is the time of the
 * try, not of the message.
 *
 * @param secret "whsec_" and the base64 of at least 12 bytes, shared with the receiver
 * @throws PurgeError for any other string, without quoting the string
 */
export function createSigner(secret: string) {
  const secretBytes = readSecret(secret);
  return async ({ id, body }: PurgeMessage, atMs: number) => {
    const timestamp = String(Math.floor(atMs / 1_000));
    const algorithm = { name: "HMAC", hash: "SHA-256" };
    const key = await crypto.subtle.importKey("raw", secretBytes, algorithm, false, ["sign"]);
    const signed = new TextEncoder().encode(`${id}.${timestamp}.${body}`);
    const digest = new Uint8Array(await crypto.subtle.sign("HMAC", key, signed));
    return {
      "webhook-id": id,
      "webhook-timestamp": timestamp,
      "webhook-signature": `v1,${btoa(String.fromCharCode(...digest))}`,
    };
  };
}

function readSecret(secret: string): Uint8Array<ArrayBuffer> {
  const trimmed = secret.trim();
  if (trimmed === "") throw refused("It is empty.");
  if (/\s/.test(trimmed)) {
    throw refused("It contains several secrets, but only one signs a message: use the newest.");
  }
  const [, base64] = /^whsec_([A-Za-z0-9+/]{16,}={0,2})$/.exec(trimmed) ?? [];
  if (base64 === undefined) throw refused("It is not whsec_ and base64 of at least 12 bytes.");
  try {
    return Uint8Array.from(atob(base64), (char) => char.charCodeAt(0));
  } catch {
    throw refused("The text after whsec_ is not base64.");
  }
}

const refused = (why: string): PurgeError =>
  new PurgeError({
    code: "secret",
    what: "The signing secret is invalid.",
    why,
    hint: "Use one of the secrets in the site's PURGE_SECRET.",
  });
