// The key of a record: readable text in memory, and its SHA-256 wherever text would leak or break.
import { sha256Hex } from "../../base/sha256.ts";

/** Kinds of records in Redis: stored responses, data of an application, hashes of these. */
export type RecordFamily = "r" | "d" | "f";

export class RecordKey {
  readonly text: string;
  /** The request's host with its port. The edge tier keeps a site's records under its own host. */
  readonly host: string;
  readonly family: RecordFamily;
  #digest: string | undefined;

  constructor(text: string, host: string, family: RecordFamily = "r") {
    this.text = text;
    this.host = host;
    this.family = family;
  }

  /**
   * Makes a key from a digest, for removing a record from the tiers below memory.
   *
   * @param digest SHA-256 of the key's text, hex
   */
  static ofDigest(digest: string, host: string): RecordKey {
    const key = new RecordKey("", host);
    key.#digest = digest;
    return key;
  }

  /** Returns the SHA-256 of the text, hex. A cached promise would belong to one request. */
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
