// The secret by which the names of records hide values that clients have sent. Without it, a reader of
// a store cannot test guesses of these values.
import { hkdf, hmac } from "fast-sha256";
import { hexOf } from "../../base/sha256.ts";

/** Reads a text that no client knows. Returns `undefined` without an answer. Never rejects. */
type ReadText = () => Promise<string | undefined>;

/**
 * One instance per isolate. While the site's secret cannot be read, the isolate has a random one. It then
 * neither finds the records of other isolates under secret names, nor do they find its records.
 */
export class NameSecret {
  readonly #namespace: string;
  readonly #read: ReadText | undefined;
  #key: Uint8Array | undefined;
  #isOfSite = false;

  /** @param source a text that all isolates of the site know, and no client; or how to read this text */
  constructor(namespace: string, source: string | ReadText) {
    this.#namespace = namespace;
    if (typeof source === "string") this.#take(source);
    else this.#read = source;
  }

  /** Reads the site's secret, unless it is known. Never rejects. */
  async ready(): Promise<void> {
    const text = this.#isOfSite ? undefined : await this.#read?.();
    if (text !== undefined) this.#take(text);
  }

  /** Derives the secret (RFC 5869), so that neither the text nor another namespace's secret follows. */
  #take(text: string): void {
    this.#key = hkdf(bytesOf(text), bytesOf(this.#namespace), bytesOf("names of records"), 32);
    this.#isOfSite = true;
  }

  /** Returns the HMAC-SHA-256 of a digest (RFC 2104), as 64 hex digits. */
  of(digest: string): string {
    this.#key ??= crypto.getRandomValues(new Uint8Array(32));
    return hexOf(hmac(this.#key, bytesOf(digest)));
  }
}

const bytesOf = (text: string): Uint8Array => new TextEncoder().encode(text);
