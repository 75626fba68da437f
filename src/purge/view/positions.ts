// Positions of purges: sealed texts that senders pass on. A reader that sends one gets no response from
// before the purge (docs/purging.md#read-your-purge).
import { decodedBytes } from "../../base/hmac.ts";
import { base64url } from "../../base/sha256.ts";
import type { NameSecret } from "../../cache/record/record-key.ts";
import type { EntryId } from "../journal/entry.ts";
import { JoinedRuns } from "./joined-runs.ts";
import type { JournalView } from "./journal-view.ts";
import type { Reach, Requester } from "./view-port.ts";

export interface PositionSettings {
  readonly secret: NameSecret;
  readonly view: Pick<JournalView, "reaches">;
  readonly nowAtMs: () => number;
}

/** The place of an accepted purge's last entry. */
export interface AcceptedPurge extends EntryId {
  /** The end of N, by the clock of the accepting isolate in epoch milliseconds. */
  readonly visibleByAtMs: number;
}

const algorithm = "AES-GCM";
const ivBytes = 12;
/** The length to which the text is padded, because the length of `n` shows the number of purges. */
const paddedChars = 128;
const form = /^[\w-]{200,400}$/;

/** Returns whether a text may be a position, by its form. */
export const mayBePosition = (text: string): boolean => form.test(text);

/** The maximum wait for a read of the site's secret by another request. */
const readMsMax = 2_000;

/** One instance per isolate. */
export class Positions {
  readonly #settings: PositionSettings;
  readonly #reads: JoinedRuns;
  #key: CryptoKey | undefined;

  constructor(settings: PositionSettings) {
    this.#settings = settings;
    const { secret, nowAtMs } = settings;
    this.#reads = new JoinedRuns({ nowAtMs, timeoutMs: readMsMax }, () => secret.ready());
  }

  /**
   * Seals the position of a purge. It is valid until the end of N.
   *
   * @returns at most 400 letters, digits, `-` and `_`; `undefined` if the site's secret cannot be read
   */
  async sealed({ position, n, visibleByAtMs }: AcceptedPurge): Promise<string | undefined> {
    const key = await this.#keyed();
    if (key === undefined) return undefined;
    const iv = crypto.getRandomValues(new Uint8Array(ivBytes));
    const text = JSON.stringify([position, n, visibleByAtMs]).padEnd(paddedChars);
    const bytes = new TextEncoder().encode(text);
    const sealed = await crypto.subtle.encrypt({ name: algorithm, iv }, key, bytes);
    return base64url(new Uint8Array([...iv, ...new Uint8Array(sealed)]));
  }

  /**
   * Returns whether the view, after reads if necessary, reaches the purge whose position a client has sent; `undefined`
   * for an expired, forged or malformed position, and while the site's secret cannot be read.
   */
  async reachOf(sent: string, requester: Requester): Promise<Reach | undefined> {
    const place = await this.#opened(sent);
    return place && (await this.#settings.view.reaches(place, requester));
  }

  async #opened(sent: string): Promise<EntryId | undefined> {
    const bytes = mayBePosition(sent) ? decodedBytes(sent, "base64url") : undefined;
    const key = bytes && (await this.#keyed());
    if (bytes === undefined || key === undefined) return undefined;
    const iv = bytes.subarray(0, ivBytes);
    try {
      const text = await crypto.subtle.decrypt({ name: algorithm, iv }, key, bytes.slice(ivBytes));
      const [position, n, visibleByAtMs] = JSON.parse(new TextDecoder().decode(text));
      return this.#settings.nowAtMs() < visibleByAtMs ? { position, n } : undefined;
    } catch {
      // Somebody without the key made or changed the text, or it is from another journal.
      return undefined;
    }
  }

  async #keyed(): Promise<CryptoKey | undefined> {
    if (this.#key !== undefined) return this.#key;
    const { secret } = this.#settings;
    if (secret.keyFor("positions") === undefined) await this.#reads.ask({ waits: true });
    const bytes = secret.keyFor("positions");
    if (bytes === undefined) return undefined;
    const uses = ["encrypt", "decrypt"] as const;
    return (this.#key = await crypto.subtle.importKey("raw", bytes, algorithm, false, uses));
  }
}
