// Seals what Tidemark stores in Redis: a truncated HMAC-SHA-256 (RFC 2104 §5) in base64url. A program
// without the key cannot make a seal, so Tidemark detects what other writers have stored or changed.
import { hmac } from "fast-sha256";
import { base64url } from "../../base/sha256.ts";
import type { LogLine } from "../../observe/log-line.ts";

/** The kinds of sealed texts. A seal of one kind is not valid for another. */
export type SealedKind = keyof typeof effects;

/** `missing`: the text has no seal. `wrong`: no key made the seal for this kind, place and text. */
export type SealFlaw = "missing" | "wrong";

const sealBytes = 16;
const sealEnd = /,"seal":"([\w-]*)"\} *$/;

/** Seals and checks texts with the keys of SEAL_KEY. Without keys, adds nothing and accepts everything. */
export class Seal {
  readonly #keys: readonly Uint8Array[];
  readonly #onFlaw: (kind: SealedKind, flaw: SealFlaw) => void;

  /** @param keys the first key seals; all keys check */
  constructor(
    keys: readonly string[] = [],
    onFlaw: (kind: SealedKind, flaw: SealFlaw) => void = () => undefined,
  ) {
    this.#keys = keys.map((key) => new TextEncoder().encode(key));
    this.#onFlaw = onFlaw;
  }

  get isOn(): boolean {
    return this.#keys.length > 0;
  }

  /**
   * Returns the seal; `undefined` without keys.
   *
   * @param name the place of the text, such as its Redis key, so that the seal is not valid elsewhere
   */
  of(kind: SealedKind, name: string, text: string): string | undefined {
    const [key] = this.#keys;
    return key && sealBy(key, contentOf(kind, name, text));
  }

  /** Returns whether the seal is valid. Reports a flaw, unless `isQuiet` is true. */
  holds(
    kind: SealedKind,
    name: string,
    { text, seal, isQuiet = false }: { text: string; seal: string | undefined; isQuiet?: boolean },
  ): boolean {
    if (!this.isOn) return true;
    const content = contentOf(kind, name, text);
    const isValid =
      seal !== undefined && this.#keys.some((key) => isEqual(sealBy(key, content), seal));
    if (!isValid && !isQuiet) this.#onFlaw(kind, seal ? "wrong" : "missing");
    return isValid;
  }

  /** Adds the seal to a JSON object as its last member. The result is JSON as well. */
  inJson(kind: SealedKind, name: string, json: string): string {
    const seal = this.of(kind, name, json);
    return seal === undefined ? json : `${json.slice(0, -1)},"seal":"${seal}"}`;
  }

  /** Returns whether the seal of `inJson` is valid. Ignores spaces after the object. */
  holdsInJson(kind: SealedKind, name: string, sealed: string): boolean {
    if (!this.isOn) return true;
    const [end = "", seal] = sealEnd.exec(sealed.slice(-sealEndCharsMax)) ?? [];
    const text = `${sealed.slice(0, sealed.length - end.length)}}`;
    return this.holds(kind, name, { text, seal });
  }
}

/** The characters of the seal and of the spaces that a padded head ends with. */
const sealEndCharsMax = 512;

function contentOf(kind: SealedKind, name: string, text: string): Uint8Array {
  return new TextEncoder().encode(JSON.stringify([kind, name, text]));
}

function sealBy(key: Uint8Array, content: Uint8Array): string {
  return base64url(hmac(key, content).subarray(0, sealBytes));
}

/** Compares two seals in constant time. */
function isEqual(one: string, other: string): boolean {
  let difference = one.length ^ other.length;
  for (let at = 0; at < one.length; at += 1) {
    difference |= one.charCodeAt(at) ^ other.charCodeAt(at);
  }
  return difference === 0;
}

const effects = {
  record: "A stored response or value counts as missing",
  entry: "An entry of the purge journal counts as a purge of everything",
  switch: "The switch counts as not posted",
  lease: "A lease is not used",
  report: "A report is not counted",
  totals: "The totals of the metrics start over",
  subscriber: "A target of outward purges starts over with a purge of everything",
} as const;

/** Returns the log line about a text without a valid seal. */
export function sealLine(of: SealedKind, flaw: SealFlaw): LogLine {
  const why =
    flaw === "missing"
      ? "it has no seal. It was written before SEAL_KEY was set, or by a program without SEAL_KEY."
      : "its seal is wrong. Somebody changed it, or sealed it with a key that SEAL_KEY does not contain.";
  const message = `${effects[of]}, because ${why} If this continues, rotate the token of the database.`;
  return { event: "seal", level: "warn", message, of, flaw };
}
