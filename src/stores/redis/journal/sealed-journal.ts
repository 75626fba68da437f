// Seals and checks what the journal stores in Redis: its entries and the switch.
import { jsonIn } from "../../../base/json-text.ts";
import { isWithinMs } from "../../../base/elapsed.ts";
import {
  acceptedAtMs,
  encodeEntry,
  entriesOf,
  type Entry,
  type NewEntry,
  type ReleaseEntry,
  releasesIn,
} from "../../../purge/journal/entry.ts";
import type { Bypass, SwitchState } from "../../../purge/journal/switch-state.ts";
import type { Seal } from "../../../remote/redis/seal.ts";
import { type EncodedEntry } from "./journal-scripts.ts";
import { stateInKey, switchKey } from "./switch-key.ts";

export interface SealedJournalSettings {
  readonly redis: { readonly seal: Seal };
  readonly namespace: string;
  readonly nowAtMs: () => number;
}

/**
 * The time for which an entry without a valid seal is reported. Older entries may precede the first
 * deployment with SEAL_KEY.
 */
const reportedMs = 3_600_000;

/** The number and lineage that the script adds to the `n` of an entry (rule 27). */
const addedToN = /\.\d+\.\d+$/;

export class SealedJournal {
  readonly #settings: SealedJournalSettings;

  constructor(settings: SealedJournalSettings) {
    this.#settings = settings;
  }

  /** Encodes an entry with its seal, of texts that UTF-8 does not change. */
  encoded(entry: NewEntry): EncodedEntry {
    const { redis, namespace } = this.#settings;
    const { n = "", ...others } = encodeEntry(entry);
    const fields: string[] = [];
    for (const name in others) fields.push(name, (others[name] ?? "").toWellFormed());
    if (!redis.seal.isOn) return { n, fields };
    const seal = redis.seal.of("entry", namespace, JSON.stringify([n, ...fields])) ?? "";
    return { n, fields: [...fields, "seal", seal] };
  }

  /** Decodes a reply of XRANGE. An entry without a valid seal becomes a hard purge of everything. */
  entriesIn(reply: unknown): Entry[] {
    return entriesOf(reply, (position, fields) => this.#trusted(position, fields));
  }

  /** Decodes the kept entry that told a release; `undefined` for none, or without a valid seal. */
  releaseIn(text: unknown): ReleaseEntry | undefined {
    return releasesIn(this.entriesIn([jsonIn(String(text))]))[0];
  }

  #trusted(position: string, fields: readonly string[]): readonly string[] {
    const { redis, namespace, nowAtMs } = this.#settings;
    if (!redis.seal.isOn) return fields;
    let [n, seal]: (string | undefined)[] = [];
    const others: string[] = [];
    for (let at = 0; at + 1 < fields.length; at += 2) {
      const [name = "", value = ""] = fields.slice(at, at + 2);
      if (name === "n") n = value;
      else if (name === "seal") seal = value;
      else others.push(name, value);
    }
    const text = JSON.stringify([n?.replace(addedToN, ""), ...others]);
    const isQuiet = !isWithinMs(reportedMs, acceptedAtMs(position), nowAtMs());
    if (redis.seal.holds("entry", namespace, { text, seal, isQuiet })) return fields;
    return ["n", n ?? "", "reason", "the entry has no valid seal"];
  }

  /** Encodes the bypass of a post, with its seal after a space. */
  bypassText(post: string, bypass: Bypass): string {
    const { redis, namespace } = this.#settings;
    const json = JSON.stringify(bypass);
    const seal = redis.seal.of("switch", switchKey(namespace), `${post} ${json}`);
    return seal === undefined ? json : `${json} ${seal}`;
  }

  /** Decodes the switch's key. Returns `undefined` if the seal is not valid. */
  stateIn(text: unknown): SwitchState | undefined {
    const { redis, namespace } = this.#settings;
    const { state, json, seal } = stateInKey(text);
    if (state === undefined) return undefined;
    const sealed = { text: `${state.post} ${json}`, seal };
    return redis.seal.holds("switch", switchKey(namespace), sealed) ? state : undefined;
  }
}
