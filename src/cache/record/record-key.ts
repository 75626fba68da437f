// The key of a record. Memory uses the readable text. Stores use its digest, because the text could
// leak or be an invalid name. A secret hides values that clients have sent: without it, a reader of
// a store cannot test guesses of these values.
import { sha256Hex, sha256HexAtOnce, hexOf } from "../../base/sha256.ts";
import { hkdf, hmac } from "fast-sha256";

/**
 * The kinds of records in Redis: stored responses, data of an application, and hashes of such data.
 */
export type RecordFamily = "r" | "d" | "f";

export interface NameRule {
  readonly secret: NameSecret;
  /** Whether the key's text has values of a client that may be secrets. */
  readonly isSecret: boolean;
}

export class RecordKey {
  readonly text: string;
  /** The request's host with its port. The edge tier stores a record under this host. */
  readonly host: string;
  readonly family: RecordFamily;
  /** How stores name the record; absent for data, whose keys an application chooses. */
  readonly naming: NameRule | undefined;
  #digest: string | undefined;

  constructor(text: string, host: string, family: RecordFamily = "r", naming?: NameRule) {
    this.text = text;
    this.host = host;
    this.family = family;
    this.naming = naming;
  }

  /**
   * Creates a key from a digest, to remove a record from the tiers below memory.
   *
   * @param digest the digest of the key
   */
  static ofDigest(digest: string, host: string): RecordKey {
    const key = new RecordKey("", host);
    key.#digest = digest;
    return key;
  }

  /** Returns the key with another line. The key is secret if the line is, or if it was before. */
  with(line: string, isSecret: boolean): RecordKey {
    const { text, host, family, naming } = this;
    const own = naming && { ...naming, isSecret: naming.isSecret || isSecret };
    return new RecordKey(`${text}\n${line}`, host, family, own);
  }

  /**
   * Returns the SHA-256 of the text, in hex, or the keyed digest of a secret text. Caches the digest
   * and not its promise, which would belong to one request.
   */
  digest(): string | Promise<string> {
    return this.#digest ?? this.#digested();
  }

  /** The digest, if it has been computed, such as to read the record. */
  get knownDigest(): string | undefined {
    return this.#digest;
  }

  /** Returns the name of the record in a store that all colos share. */
  nameIn(namespace: string): string | Promise<string> {
    const digest = this.digest();
    const nameBy = (text: string) => `${namespace}:${this.family}:${text}`;
    return typeof digest === "string" ? nameBy(digest) : digest.then(nameBy);
  }

  /** Returns the digest without reading the secret. Use it only for short text. */
  digestAtOnce(): string {
    return (this.#digest ??= this.#keyed(sha256HexAtOnce(this.text)));
  }

  #digested(): string | Promise<string> {
    const digest = sha256Hex(this.text);
    if (typeof digest === "string" && this.naming?.isSecret !== true)
      return (this.#digest = digest);
    return this.#digestedBy(digest);
  }

  async #digestedBy(digest: string | Promise<string>): Promise<string> {
    const ofText = await digest;
    if (this.naming?.isSecret === true) await this.naming.secret.ready();
    return (this.#digest = this.#keyed(ofText));
  }

  #keyed(digest: string): string {
    return this.naming?.isSecret === true ? this.naming.secret.of(digest) : digest;
  }
}

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
  /** The site's text, once it is known. */
  #text: string | undefined;

  /** @param source a text that all isolates of the site know, and no client; or how to read this text */
  constructor(namespace: string, source: string | ReadText) {
    this.#namespace = namespace;
    if (typeof source === "string") this.#take(source);
    else this.#read = source;
  }

  /** Reads the site's secret, unless it is known. Never rejects. */
  async ready(): Promise<void> {
    const text = this.#text === undefined ? await this.#read?.() : undefined;
    if (text !== undefined) this.#take(text);
  }

  #take(text: string): void {
    this.#text = text;
    this.#key = undefined;
  }

  /**
   * Derives a secret (RFC 5869), so that neither the text nor the secret of another purpose or
   * namespace follows. Returns `undefined` until the site's text is known.
   */
  keyFor(purpose: string): Uint8Array<ArrayBuffer> | undefined {
    if (this.#text === undefined) return undefined;
    return new Uint8Array(
      hkdf(bytesOf(this.#text), bytesOf(this.#namespace), bytesOf(purpose), 32),
    );
  }

  /** Returns the HMAC-SHA-256 of a digest (RFC 2104), as 64 hex digits. */
  of(digest: string): string {
    this.#key ??= this.keyFor("names of records") ?? crypto.getRandomValues(new Uint8Array(32));
    return hexOf(hmac(this.#key, bytesOf(digest)));
  }
}

const bytesOf = (text: string): Uint8Array => new TextEncoder().encode(text);
