// Finds hot keys. An isolate counts a sample of its hits, and publishes the hottest keys once a
// minute.
import { BoundedMap } from "../../base/bounded-map.ts";
import { canBeKeptWarm, expiresAtMs, type HotKeyNote, noteOf } from "./note.ts";
import { encodeNotes, notesIn } from "./stream.ts";
import type { Config } from "../../config/config.ts";
import type { Metrics } from "../../observe/metrics.ts";
import type { HotKeyLists } from "../../observe/reports/report-store.ts";
import type { AfterAnswer, HitPort } from "../../pages/site/hit-port.ts";
import { termsOf } from "../../pages/stored/lifetime.ts";
import type { LookupRequest } from "../../pages/request/plan.ts";
import type { Candidate } from "../../pages/stored/stored-response.ts";

const sampledShare = 1 / 16;

const keysMax = 256;
const tellEveryMs = 60_000;

/** The age at which counts are dropped. */
const forgottenAfterMs = 120_000;

export interface HotKeysSettings {
  readonly lists: HotKeyLists;
  readonly config: Pick<Config, "limits">;
  readonly metrics: Pick<Metrics, "add">;
  readonly nowAtMs: () => number;
  /** Returns a random number, 0 ≤ n < 1. */
  readonly random: () => number;
}

/** The samples of one isolate. */
export class CountedHits implements HitPort {
  readonly #settings: HotKeysSettings;
  readonly #counted = new BoundedMap<HotKeyNote>({ sizeMax: keysMax });
  /** The instant of the oldest count. */
  #sinceAtMs = 0;

  constructor(settings: HotKeysSettings) {
    this.#settings = settings;
  }

  /**
   * Counts a hit if it is in the sample. A hit outside the sample costs one random number, and
   * creates no promise or object.
   */
  hit(candidate: Candidate, request: LookupRequest, afterAnswer: AfterAnswer): void {
    if (this.#settings.random() < sampledShare) this.#count(candidate, request, afterAnswer);
  }

  /** Returns the notes of all isolates in the last two minutes. Never rejects. */
  async recent(atMs: number): Promise<HotKeyNote[]> {
    const lists = await this.#settings.lists.recent(atMs);
    return lists.flatMap(notesIn);
  }

  #count(candidate: Candidate, request: LookupRequest, afterAnswer: AfterAnswer): void {
    const { config, metrics, nowAtMs } = this.#settings;
    const terms = termsOf(candidate.stored.metadata, request.route);
    if (!canBeKeptWarm(candidate, request, { terms, config })) return;
    const atMs = nowAtMs();
    this.#forgetOld(atMs);
    const key = (candidate.key ?? request.key).text;
    const before = this.#counted.get(key);
    const note = before
      ? { ...before, count: before.count + 1, expiresAtMs: expiresAtMs(candidate, terms) }
      : noteOf(candidate, request, terms);
    if (note === undefined) return;
    this.#counted.set(key, note);
    metrics.add("hotKeys", ["sampled"]);
    if (atMs - this.#sinceAtMs >= tellEveryMs) this.#tell(afterAnswer);
  }

  /** Drops all counts if the oldest is too old, or if the clock was set back. */
  #forgetOld(atMs: number): void {
    const sinceMs = atMs - this.#sinceAtMs;
    if (this.#counted.count > 0 && sinceMs >= 0 && sinceMs < forgottenAfterMs) return;
    this.#counted.clear();
    this.#sinceAtMs = atMs;
  }

  /** Publishes the counts and resets them. If the store fails, the counts are lost. */
  #tell(afterAnswer: AfterAnswer): void {
    const { lists, metrics } = this.#settings;
    const hottestFirst = [...this.#counted.entries()]
      .map(([, note]) => note)
      .sort((a, b) => b.count - a.count);
    this.#counted.clear();
    afterAnswer(async () => {
      if (await lists.add(encodeNotes(hottestFirst))) metrics.add("hotKeys", ["flushed"]);
    });
  }
}
