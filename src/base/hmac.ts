// Verifies HMAC signatures. The runtime compares them in constant time.

type Bytes = Uint8Array<ArrayBuffer>;

export type DigestEncoding = "hex" | "base64" | "base64url";

/**
 * The maximum number of signatures. Each one needs a digest of the whole content for each secret.
 */
export const signaturesMax = 4;

const forms: Readonly<Record<DigestEncoding, RegExp>> = {
  hex: /^(?:[0-9A-Fa-f]{2})+$/,
  base64: /^[A-Za-z0-9+/]+={0,2}$/,
  base64url: /^[A-Za-z0-9_-]+={0,2}$/,
};

/** Decodes text. Returns `undefined` if it is not in this encoding. */
export function decodedBytes(text: string, encoding: DigestEncoding): Bytes | undefined {
  if (!forms[encoding].test(text)) return undefined;
  if (encoding === "hex") {
    return Uint8Array.from(text.match(/../g) ?? [], (pair) => Number.parseInt(pair, 16));
  }
  const base64 = text.replaceAll("-", "+").replaceAll("_", "/").replaceAll("=", "");
  // `atob` throws for a single trailing character.
  if (base64.length % 4 === 1) return undefined;
  return Uint8Array.from(atob(base64), (character) => character.charCodeAt(0));
}

/** Returns whether one of the secrets made one of the signatures. */
export async function isSigned(given: {
  readonly hash: "SHA-1" | "SHA-256" | "SHA-512";
  /** The secrets. None may be empty. */
  readonly secrets: readonly Bytes[];
  readonly signatures: readonly Bytes[];
  /** The parts of the signed content, which are concatenated. */
  readonly content: readonly (string | Bytes)[];
}): Promise<boolean> {
  const { hash, secrets, signatures } = given;
  const content = await new Blob([...given.content]).arrayBuffer();
  for (const secret of secrets) {
    const algorithm = { name: "HMAC", hash };
    const key = await crypto.subtle.importKey("raw", secret, algorithm, false, ["verify"]);
    for (const signature of signatures) {
      if (await crypto.subtle.verify("HMAC", key, signature, content)) return true;
    }
  }
  return false;
}
