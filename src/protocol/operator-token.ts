// Credentials derived from ADMIN_TOKEN, so that clients need not send the token itself: a
// challenge, the site's proof that it has the token, and short-lived tokens. Each credential is
// bound to one host.

/**
 * The longest lifetime of a derived token, by its use: the operator's routes; `Tidemark-Debug`; or only to
 * `read` what the dashboard shows. A token with a longer remaining lifetime is rejected.
 */
export const tokenSecondsMax = { operator: 300, debug: 300, read: 3_600 } as const;

/** The use of a derived token. No token has two uses. */
export type TokenScope = keyof typeof tokenSecondsMax;

/** The form of a token that only reads. The dashboard keeps and sends no other text. */
export const readTokenForm = /^tm1\.read\.[1-9]\d{0,11}\.[\w-]{43}$/;

/** The request field of `GET /_cache/proof` with the client's challenge, in lower case. */
export const challengeField = "tidemark-challenge";

const version = "tm1";
const macForm = /^[\w-]{43}$/;
const nonceForm = /^[\w-]{22,64}$/;

/** ADMIN_TOKEN as an HMAC key; not extractable. */
export type TokenKey = CryptoKey;

const bytesOf = (text: string) => new TextEncoder().encode(text);

/**
 * Imports the key.
 *
 * @param adminToken not empty
 */
export function tokenKey(adminToken: string): Promise<TokenKey> {
  const algorithm = { name: "HMAC", hash: "SHA-256" };
  return crypto.subtle.importKey("raw", bytesOf(adminToken), algorithm, false, ["sign", "verify"]);
}

/**
 * Returns the text to sign. The text contains the kind, so no credential passes as another kind.
 */
const signedText = (kind: "challenge" | "proof" | TokenScope, host: string, rest: string) =>
  bytesOf(`tidemark ${version}\n${kind}\n${host}\n${rest}`);

async function macOf(key: TokenKey, text: Uint8Array<ArrayBuffer>): Promise<string> {
  const bytes = new Uint8Array(await crypto.subtle.sign("HMAC", key, text));
  const base64 = btoa(String.fromCharCode(...bytes));
  return base64.replaceAll("+", "-").replaceAll("/", "_").replace("=", "");
}

/** Verifies a MAC in constant time. A malformed MAC is invalid. */
async function isMac(key: TokenKey, mac: string, text: Uint8Array<ArrayBuffer>): Promise<boolean> {
  if (!macForm.test(mac)) return false;
  const base64 = mac.replaceAll("-", "+").replaceAll("_", "/");
  const bytes = Uint8Array.from(atob(`${base64}=`), (character) => character.charCodeAt(0));
  return crypto.subtle.verify("HMAC", key, bytes, text);
}

/** Returns 128 random bits in hexadecimal, for one challenge. */
export function newNonce(): string {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  return [...bytes].map((byte) => byte.toString(16).padStart(2, "0")).join("");
}

/**
 * Builds a challenge, to which the site answers with a proof that it has the token. The challenge
 * is signed, so that only clients with the token get a proof. Otherwise, anybody could test guesses
 * of the token against a proof.
 *
 * @param host the host to which the client sends requests, with its port unless that is the default
 */
export async function challengeOf(key: TokenKey, host: string, nonce: string): Promise<string> {
  return `${version}.${nonce}.${await macOf(key, signedText("challenge", host, nonce))}`;
}

/**
 * Returns the host and nonce of a valid challenge for one of these hosts; `undefined` otherwise.
 */
export async function challengeIn(
  key: TokenKey,
  challenge: string,
  hosts: Iterable<string>,
): Promise<{ host: string; nonce: string } | undefined> {
  const [given, nonce = "", mac = "", ...more] = challenge.split(".", 4);
  if (given !== version || more.length > 0 || !nonceForm.test(nonce)) return undefined;
  for (const host of hosts) {
    if (await isMac(key, mac, signedText("challenge", host, nonce))) return { host, nonce };
  }
  return undefined;
}

interface ProvenSite {
  readonly host: string;
  readonly nonce: string;
  /**
   * The site's clock. Clients use it, so that tokens are valid even if a client's clock is wrong.
   */
  readonly atSeconds: number;
}

/** Returns the proof for a nonce. Only a site with the token can compute this proof. */
export function proofOf(key: TokenKey, { host, nonce, atSeconds }: ProvenSite): Promise<string> {
  return macOf(key, signedText("proof", host, `${nonce} ${atSeconds}`));
}

export function isProof(
  key: TokenKey,
  proof: string,
  { host, nonce, atSeconds }: ProvenSite,
): Promise<boolean> {
  return isMac(key, proof, signedText("proof", host, `${nonce} ${atSeconds}`));
}

/** Scope, host and expiry of a derived token. */
export interface TokenUse {
  readonly scope: TokenScope;
  readonly host: string;
  /** The expiry, by the site's clock. */
  readonly expiresAtSeconds: number;
}

/** Returns a short-lived token that replaces ADMIN_TOKEN at one host. */
export async function derivedToken(
  key: TokenKey,
  { scope, host, expiresAtSeconds }: TokenUse,
): Promise<string> {
  const mac = await macOf(key, signedText(scope, host, String(expiresAtSeconds)));
  return `${version}.${scope}.${expiresAtSeconds}.${mac}`;
}

/**
 * Returns a token for the dashboard at one host, which only reads. Its lifetime leaves five minutes for a clock
 * that is ahead of the site's.
 */
export async function readToken(
  adminToken: string,
  { host, nowAtMs }: { readonly host: string; readonly nowAtMs: number },
): Promise<{ readonly token: string; readonly expiresAtMs: number }> {
  const expiresAtSeconds = Math.floor(nowAtMs / 1_000) + tokenSecondsMax.read - 300;
  const use = { scope: "read", host, expiresAtSeconds } as const;
  const token = await derivedToken(await tokenKey(adminToken), use);
  return { token, expiresAtMs: expiresAtSeconds * 1_000 };
}

/**
 * Verifies a derived token. Accepts any remaining lifetime up to the limit, because the clocks of
 * the site's isolates differ. A token with a longer lifetime is `expired`.
 */
export async function judgeToken(
  key: TokenKey,
  given: string,
  {
    scope,
    hosts,
    atSeconds,
  }: { readonly scope: TokenScope; readonly hosts: Iterable<string>; readonly atSeconds: number },
): Promise<"valid" | "expired" | "wrong"> {
  const [prefix, of, expires = "", mac = "", ...more] = given.split(".", 5);
  if (prefix !== version || of !== scope || more.length > 0) return "wrong";
  if (!/^[1-9]\d{0,11}$/.test(expires)) return "wrong";
  for (const host of hosts) {
    if (!(await isMac(key, mac, signedText(scope, host, expires)))) continue;
    const leftSeconds = Number(expires) - atSeconds;
    return leftSeconds > 0 && leftSeconds <= tokenSecondsMax[scope] ? "valid" : "expired";
  }
  return "wrong";
}
