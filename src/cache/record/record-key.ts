// The key of a record. Memory uses the readable text. Stores use its digest, because the text could
// leak or be an invalid name.
import { sha256Hex, sha256HexAtOnce } from "../../base/sha256.ts";
import type { NameSecret } from "./name-secret.ts";

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

  /** Returns the name of the record in a store that all colos share. */
  async nameIn(namespace: string): Promise<string> {
    return `${namespace}:${this.family}:${await this.digest()}`;
  }

  /** Returns the digest without reading the secret. Use it only for short text. */
  digestAtOnce(): string {
    return (this.#digest ??= this.#keyed(sha256HexAtOnce(this.text)));
  }

  async #digested(): Promise<string> {
    const digest = await sha256Hex(new TextEncoder().encode(this.text));
    if (this.naming?.isSecret === true) await this.naming.secret.ready();
    return (this.#digest = this.#keyed(digest));
  }

  #keyed(digest: string): string {
    return this.naming?.isSecret === true ? this.naming.secret.of(digest) : digest;
  }
}
