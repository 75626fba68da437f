// Credentials that are derived from ADMIN_TOKEN, so that a client need not send the token itself: a challenge,
// the site's proof that it knows the token, and short-lived tokens. Each is bound to one host.

/** The routes that a derived token opens: the operator's routes, or `Tidemark-Debug` alone. */
export type TokenScope = "operator" | "debug";

/** A derived token that lives longer is refused, whoever made it. */
export const tokenSecondsMax = 300;

/** In lower case. It carries the challenge of a client, in `GET /_cache/proof`. */
export const challengeField = "tidemark-challenge";

const version = "tm1";
const macForm = /^[\w-]{43}$/;
const nonceForm = /^[\w-]{22,64}$/;

/** An HMAC key of the token, which Web Crypto keeps. */
export type TokenKey = CryptoKey;

const bytesOf = (text: string) => new TextEncoder().encode(text);

/** @param adminToken not empty */
export function tokenKey(adminToken: string): Promise<TokenKey> {
  const algorithm = { name: "HMAC", hash: "SHA-256" };
  return crypto.subtle.importKey("raw", bytesOf(adminToken), algorithm, false, ["sign", "verify"]);
}

/** What is signed: each kind of credential has a text of its own, so none can stand in for another. */
const signedText = (kind: "challenge" | "proof" | TokenScope, host: string, rest: string) =>
  bytesOf(`tidemark ${version}\n${kind}\n${host}\n${rest}`);

async function macOf(key: TokenKey, text: Uint8Array<ArrayBuffer>): Promise<string> {
  const bytes = new Uint8Array(await crypto.subtle.sign("HMAC", key, text));
  const base64 = btoa(String.fromCharCode(...bytes));
  return base64.replaceAll("+", "-").replaceAll("/", "_").replace("=", "");
}

/** Takes the same time for every MAC of the right form. */
async function isMac(key: TokenKey, mac: string, text: Uint8Array<ArrayBuffer>): Promise<boolean> {
  if (!macForm.test(mac)) return false;
  const base64 = mac.replaceAll("-", "+").replaceAll("_", "/");
  const bytes = Uint8Array.from(atob(`${base64}=`), (character) => character.charCodeAt(0));
  return crypto.subtle.verify("HMAC", key, bytes, text);
}

/** @returns 128 random bits, which a client uses for one challenge */
export function newNonce(): string {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  return [...bytes].map((byte) => byte.toString(16).padStart(2, "0")).join("");
}

/**
 * Asks a site to prove that it knows the token. It is signed, so that a site proves nothing to clients that do
 * not know the token: nobody can collect proofs to guess the token from.
 *
 * @param host as the client addresses the site, with a port that is not the usual one
 */
export async function challengeOf(key: TokenKey, host: string, nonce: string): Promise<string> {
  return `${version}.${nonce}.${await macOf(key, signedText("challenge", host, nonce))}`;
}

/** @returns the host and the nonce of a challenge that is signed for one of these hosts */
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

interface Proven {
  readonly host: string;
  readonly nonce: string;
  /** The site's clock, so that a client whose clock is wrong makes tokens that are valid. */
  readonly atSeconds: number;
}

/** @returns what only a site that knows the token can answer to this nonce */
export function proofOf(key: TokenKey, { host, nonce, atSeconds }: Proven): Promise<string> {
  return macOf(key, signedText("proof", host, `${nonce} ${atSeconds}`));
}

export function isProof(
  key: TokenKey,
  proof: string,
  { host, nonce, atSeconds }: Proven,
): Promise<boolean> {
  return isMac(key, proof, signedText("proof", host, `${nonce} ${atSeconds}`));
}

/** Where a derived token may be used, and until when. */
export interface TokenUse {
  readonly scope: TokenScope;
  readonly host: string;
  /** By the site's clock. */
  readonly expiresAtSeconds: number;
}

/** @returns a token that stands in for ADMIN_TOKEN at one host for some seconds */
export async function derivedToken(
  key: TokenKey,
  { scope, host, expiresAtSeconds }: TokenUse,
): Promise<string> {
  const mac = await macOf(key, signedText(scope, host, String(expiresAtSeconds)));
  return `${version}.${scope}.${expiresAtSeconds}.${mac}`;
}

/**
 * Judges a text that may be a derived token. The site's clock may be behind that of the isolate whose time it was
 * made by, so a token counts as expired only where it has, or lives too long.
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
    return leftSeconds > 0 && leftSeconds <= tokenSecondsMax ? "valid" : "expired";
  }
  return "wrong";
}
