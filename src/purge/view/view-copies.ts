// Copies of a view in the colo's Cache API (docs/internals/purge-protocol.md, rules 14 and 15). With copies,
// the isolates of a colo share one read of the journal. An invalid copy is treated as absent. If
// the cache fails, each isolate reads the journal itself.
import type { ColoCache } from "../../base/colo-cache.ts";
import { isWithinMs } from "../../base/elapsed.ts";
import { patiently } from "../../base/timeouts.ts";
import { sha256Hex } from "../../base/sha256.ts";
import { encodeEntry, entriesOf, type Entry, type EntryId, isSameEntry } from "../journal/entry.ts";
import { type JournalRead, newestCount } from "../journal/journal.ts";
import { readState, type SwitchState } from "../journal/switch-state.ts";

export interface ViewCopiesSettings {
  /** `caches.default` or an equivalent: local to one colo and one host. */
  readonly cache: () => Pick<ColoCache, "match" | "put">;
  /** Identifies the journal, because a new view trusts a copy without reading the journal. */
  readonly journal: string;
  /** Identifies this isolate. */
  readonly claimant: string;
  readonly nowAtMs: () => number;
  /**
   * A: the maximum clock difference within a colo. A copy dated further in the future is rejected, so that copies
   * from before an unnoticed step of the clock look recent for a shorter time.
   */
  readonly allowanceMs: number;
  /** The retention of a copy in the Cache API. */
  readonly keepMs: number;
}

/**
 * The content of a copy: the view's entries, the clock before the view's last read, the switch,
 * and the newest release. Some of the entries may be newer than that read.
 */
export interface KnownView extends Omit<JournalRead, "kind"> {
  /** Whether the switch may have lost the state, so that it has to be posted again (rule 24 g). */
  readonly isSwitchLost?: boolean;
}

/** Which isolate of a colo listens for hints. Isolates of the colo share it. */
export interface ListenerNote {
  readonly claimant: string;
  /** When the claimant stops listening. */
  readonly untilAtMs: number;
  /** The position of the last entry of the copy that the claimant has published. */
  readonly copyEnd: string;
}

/** The version of the format, which every change increments. */
const version = 5;
const copyBytesMax = 1_048_576;
const claimMs = 2_000;
/** The timeout of each cache operation. A working cache answers within a few milliseconds. */
const waitTimeoutMs = 250;
/** The time for which the cache is not used after a timeout. */
const silenceMs = 10_000;
/** A content type that intermediaries do not compress. */
const opaque = "application/octet-stream";
const digestLength = 64;

export class ViewCopies {
  readonly #settings: ViewCopiesSettings;
  #digest: string | undefined;
  /** The instant of the cache's last timeout. */
  #silentAtMs = -Infinity;

  constructor(settings: ViewCopiesSettings) {
    this.#settings = settings;
  }

  /**
   * Reads the colo's copy; `undefined` if there is no valid copy.
   *
   * @param host the request's host; a lookup under another host would not stay in the colo's cache
   */
  async read(host: string): Promise<ViewCopy | undefined> {
    const bytes = await this.#attempt(async (cache) => {
      const response = await cache.match(await this.#addressOf(host, "view"));
      return response && new Uint8Array(await response.arrayBuffer());
    });
    const copy = bytes && (await decodeCopy(bytes));
    if (copy === undefined) return undefined;
    const { nowAtMs, allowanceMs } = this.#settings;
    return copy.sentAtMs > nowAtMs() + allowanceMs ? undefined : copy;
  }

  /**
   * Publishes a view as the colo's copy. Callers publish after a read of the journal, never after
   * they have taken a copy.
   */
  async publish(host: string, view: KnownView): Promise<void> {
    const body = await encodeCopy(view);
    if (body === undefined) return;
    await this.#put(await this.#addressOf(host, "view"), body, this.#settings.keepMs);
  }

  /**
   * Claims the next read of the journal, unless another isolate has claimed it in the last two
   * seconds.
   *
   * @returns the owner of the claim; `ours` if the cache is unavailable
   */
  async claim(host: string): Promise<"ours" | "others"> {
    const { nowAtMs, claimant } = this.#settings;
    const address = await this.#addressOf(host, "claim");
    const text = await this.#attempt(async (cache) => (await cache.match(address))?.text());
    const [who, claimedAtMs] = (text ?? "").split(" ");
    const isFresh = isWithinMs(claimMs, Number(claimedAtMs), nowAtMs());
    if (who !== claimant && isFresh) return "others";
    await this.#put(address, `${claimant} ${nowAtMs()}`, claimMs);
    return "ours";
  }

  get claimant(): string {
    return this.#settings.claimant;
  }

  /** Reads the note of the colo's listener; `undefined` if there is no valid note. */
  async listenerNote(host: string): Promise<ListenerNote | undefined> {
    const address = await this.#addressOf(host, "listener");
    const text = await this.#attempt(async (cache) => (await cache.match(address))?.text());
    const [claimant, until, copyEnd] = (text ?? "").split(" ");
    if (!claimant || !copyEnd || !Number.isFinite(Number(until))) return undefined;
    return { claimant, untilAtMs: Number(until), copyEnd };
  }

  async noteListener(host: string, { claimant, untilAtMs, copyEnd }: ListenerNote): Promise<void> {
    const text = `${claimant} ${untilAtMs} ${copyEnd}`;
    await this.#put(await this.#addressOf(host, "listener"), text, this.#settings.keepMs);
  }

  async #put(address: string, body: BodyInit, keepMs: number): Promise<void> {
    const seconds = Math.ceil(keepMs / 1_000);
    const headers = { "cache-control": `public, max-age=${seconds}`, "content-type": opaque };
    await this.#attempt((cache) => cache.put(address, new Response(body, { headers })));
  }

  async #attempt<T>(ask: (cache: Pick<ColoCache, "match" | "put">) => Promise<T>) {
    const { cache, nowAtMs } = this.#settings;
    if (isWithinMs(silenceMs, this.#silentAtMs, nowAtMs())) return undefined;
    const attempt = (async () => ask(cache()))();
    const answer = await patiently(attempt, waitTimeoutMs);
    if (answer === "timed-out") this.#silentAtMs = nowAtMs();
    return answer === "timed-out" || answer === "abandoned" ? undefined : answer;
  }

  /**
   * Builds an address that no client can read, because this Worker itself answers all requests
   * below `/_cache/`.
   */
  async #addressOf(host: string, what: "view" | "claim" | "listener"): Promise<string> {
    this.#digest ??= await sha256Hex(this.#settings.journal);
    return `https://${host}/_cache/journal/${this.#digest}/${what}`;
  }
}

/** A copy found in the cache. Decodes its entries on demand. */
export class ViewCopy {
  readonly sentAtMs: number;
  /**
   * The state of the switch. A post among the entries takes precedence. `undefined` if nothing was
   * posted.
   */
  readonly switched: SwitchState | undefined;
  readonly isSwitchLost: boolean;
  /** The newest release that was told, perhaps before the entries. */
  readonly released: KnownView["released"];
  /** The entries in the format of a stream reply, oldest first. */
  readonly #items: readonly unknown[];

  constructor(
    sentAtMs: number,
    items: readonly unknown[],
    known: Omit<KnownView, "entries" | "sentAtMs"> = {},
  ) {
    const { switched, isSwitchLost = false, released } = known;
    this.sentAtMs = sentAtMs;
    this.switched = switched;
    this.isSwitchLost = isSwitchLost;
    this.released = released;
    this.#items = items;
  }

  /** Returns all entries; `undefined` if an entry is invalid, because no entry may be skipped. */
  entries(): Entry[] | undefined {
    return decodeAll(this.#items);
  }

  /** Returns the entries after a place; `undefined` if the copy does not contain the place. */
  entriesAfter(place: EntryId): Entry[] | undefined {
    const at = this.#items.findLastIndex(
      (item) => Array.isArray(item) && item[0] === place.position,
    );
    if (!isSameEntry(entriesOf([this.#items[at]])[0], place)) return undefined;
    return decodeAll(this.#items.slice(at + 1));
  }
}

function decodeAll(items: readonly unknown[]): Entry[] | undefined {
  const entries = entriesOf(items);
  return entries.length === items.length ? entries : undefined;
}

/** Encodes the newest entries that fit, after a digest. Returns `undefined` if no entry fits. */
async function encodeCopy({ entries, isSwitchLost = false, ...known }: KnownView) {
  const encoder = new TextEncoder();
  const { sentAtMs, switched = null, released = null } = known;
  const state = JSON.stringify({ v: version, sentAtMs, switched, isSwitchLost, released });
  const head = `${state.slice(0, -1)},"items":[`;
  // The end `]}` has two bytes, and the last item no comma.
  let roomBytes = copyBytesMax - digestLength - encoder.encode(head).byteLength - 1;
  const items: string[] = [];
  for (const entry of entries.slice(-newestCount).toReversed()) {
    const item = JSON.stringify(itemOf(entry));
    roomBytes -= encoder.encode(item).byteLength + 1;
    if (roomBytes < 0) break;
    items.push(item);
  }
  if (items.length === 0) return undefined;
  const content = encoder.encode(`${head}${items.toReversed().join(",")}]}`);
  return new Blob([await sha256Hex(content), content]);
}

/** Encodes an entry in the format of a stream reply. */
const itemOf = (entry: Entry) => [entry.position, Object.entries(encodeEntry(entry)).flat()];

/** Decodes a copy. Returns `undefined` if it is truncated, altered, empty or of another version. */
async function decodeCopy(bytes: Uint8Array<ArrayBuffer>): Promise<ViewCopy | undefined> {
  const [digest, content] = [bytes.subarray(0, digestLength), bytes.subarray(digestLength)];
  const decoder = new TextDecoder();
  if ((await sha256Hex(content)) !== decoder.decode(digest)) return undefined;
  try {
    const copy = JSON.parse(decoder.decode(content)) as Record<string, unknown>;
    const { v, sentAtMs, items } = copy;
    const isCopy = v === version && Number.isFinite(sentAtMs) && Array.isArray(items);
    if (!isCopy || items.length === 0) return undefined;
    const switched = readState(copy["switched"]);
    if (switched === undefined && copy["switched"] !== null) return undefined;
    const isSwitchLost = copy["isSwitchLost"] === true;
    const released = (copy["released"] ?? undefined) as KnownView["released"];
    const known = { switched, isSwitchLost, released };
    return new ViewCopy(sentAtMs as number, items as unknown[], known);
  } catch {
    return undefined;
  }
}
