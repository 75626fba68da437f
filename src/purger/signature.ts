// Signs a message as Standard Webhooks says: HMAC-SHA256 over id, time and body.
import type { PurgeMessage } from "./message.ts";
import { PurgeError } from "./purge-error.ts";

/**
 * @param secret "whsec_" and base64 of at least 12 bytes, as the receiver has it
 * @returns what gives the header fields of one try; its time has to be that of the try, not of the
 *   message
 * @throws PurgeError for any other text, without quoting it
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
    throw refused("It holds several, and a message is signed with one: the newest.");
  }
  const [, base64] = /^whsec_([A-Za-z0-9+/]{16,}={0,2})$/.exec(trimmed) ?? [];
  if (base64 === undefined) throw refused("It is not whsec_ and base64 of at least 12 bytes.");
  try {
    return Uint8Array.from(atob(base64), (char) => char.charCodeAt(0));
  } catch {
    throw refused("What follows whsec_ is not base64.");
  }
}

const refused = (why: string): PurgeError =>
  new PurgeError({
    code: "secret",
    what: "The secret that signs purges cannot be used.",
    why,
    mend: "Give the text that PURGE_SECRET holds where Tidemark runs.",
  });
