// The key of a record: readable text in memory, its SHA-256 wherever the text would show or break.
import { sha256Hex } from "../../base/sha256.ts";

/** Tells apart in Redis what lies there: stored responses, data of an application, hashes of such. */
export type RecordFamily = "r" | "d" | "f";

export class RecordKey {
  readonly text: string;
  /** Of the request, with its port; the edge tier keeps a site's records under its own host. */
  readonly host: string;
  readonly family: RecordFamily;
  #digest: string | undefined;

  constructor(text: string, host: string, family: RecordFamily = "r") {
    this.text = text;
    this.host = host;
    this.family = family;
  }

  /**
   * Makes a key of a record whose text is not known, for removing it from the tiers below memory.
   *
   * @param digest SHA-256 of its text, hex
   */
  static ofDigest(digest: string, host: string): RecordKey {
    const key = new RecordKey("", host);
    key.#digest = digest;
    return key;
  }

  /** SHA-256 of the text, hex; kept as text, since a promise would belong to one request. */
  digest(): string | Promise<string> {
    return this.#digest ?? this.#digested();
  }

  /** Under which a store that all colos share keeps it. */
  async nameIn(namespace: string): Promise<string> {
    return `${namespace}:${this.family}:${await this.digest()}`;
  }

  async #digested(): Promise<string> {
    this.#digest = await sha256Hex(new TextEncoder().encode(this.text));
    return this.#digest;
  }
}
