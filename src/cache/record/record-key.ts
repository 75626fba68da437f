// The key of a record. Memory uses the readable text. Stores use the text's SHA-256, because the
// text could leak or be an invalid name.
import { sha256Hex } from "../../base/sha256.ts";

/**
 * The kinds of records in Redis: stored responses, data of an application, and hashes of such data.
 */
export type RecordFamily = "r" | "d" | "f";

export class RecordKey {
  readonly text: string;
  /** The request's host with its port. The edge tier stores a record under this host. */
  readonly host: string;
  readonly family: RecordFamily;
  #digest: string | undefined;

  constructor(text: string, host: string, family: RecordFamily = "r") {
    this.text = text;
    this.host = host;
    this.family = family;
  }

  /**
   * Creates a key from a digest, to remove a record from the tiers below memory.
   *
   * @param digest the SHA-256 of the key's text, in hex
   */
  static ofDigest(digest: string, host: string): RecordKey {
    const key = new RecordKey("", host);
    key.#digest = digest;
    return key;
  }

  /**
   * Returns the SHA-256 of the text, in hex. Caches the digest and not its promise, which would
   * belong to one request.
   */
  digest(): string | Promise<string> {
    return this.#digest ?? this.#digested();
  }

  /** Returns the name of the record in a store that all colos share. */
  async nameIn(namespace: string): Promise<string> {
    return `${namespace}:${this.family}:${await this.digest()}`;
  }

  async #digested(): Promise<string> {
    this.#digest = await sha256Hex(new TextEncoder().encode(this.text));
    return this.#digest;
  }
}
