// Copies of a view in the colo's Cache API, so that the isolates of a colo share one reading of the
// journal (docs/purge-protocol.md, rules 14 and 15). Whatever is odd about a copy makes it absent,
// and a cache that fails or does not answer costs nothing but reads of the journal.
import { isWithinMs } from "../../base/elapsed.ts";
import { patiently } from "../../base/patience.ts";
import { sha256Hex } from "../../base/sha256.ts";
import {
  encodeEntry,
  entriesOf,
  type Entry,
  type EntryPlace,
  isSamePlace,
} from "../journal/entry.ts";
import { type JournalRead, newestCount } from "../journal/journal.ts";
import { readState, type SwitchState } from "../journal/switch-state.ts";

export interface ViewCopiesSettings {
  /** `caches.default`, or whatever keeps its promises: one colo's, and one host's. */
  readonly cache: () => Pick<Cache, "match" | "put">;
  /** What tells this journal from others: a cold view takes a copy as it is. */
  readonly journal: string;
  /** What tells this isolate from others. */
  readonly claimant: string;
  readonly nowAtMs: () => number;
  /** A: clocks of one colo may differ by that much; a copy from further ahead is odd. */
  readonly allowanceMs: number;
  /** How long a copy may be of use. */
  readonly keepMs: number;
}

/**
 * What a reader of the journal knew: its chain, the clock before its read was sent, and the state of the
 * switch. Entries may have come to the chain since.
 */
export type KnownView = Omit<JournalRead, "kind">;

/** Raised with every change of form. */
const version = 2;
const copyBytesMax = 1_048_576;
const claimMs = 2_000;
/** One colo's cache answers in a few milliseconds, or is in trouble. */
const patienceMs = 250;
/** A cache that has not answered is not asked again for so long, since requests wait for it. */
const silenceMs = 10_000;
/** So that nothing on the way takes the bytes for text it could compress. */
const opaque = "application/octet-stream";
const digestLength = 64;

export class ViewCopies {
  readonly #settings: ViewCopiesSettings;
  #digest: string | undefined;
  /** When a wait for the cache last ended without an answer. */
  #silentAtMs = -Infinity;

  constructor(settings: ViewCopiesSettings) {
    this.#settings = settings;
  }

  /** @param host of the request: another host's look-ups would leave the colo's cache */
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

  /** Only what was read from the journal itself may be published. */
  async publish(host: string, view: KnownView): Promise<void> {
    const body = await encodeCopy(view);
    if (body === undefined) return;
    await this.#put(await this.#addressOf(host, "view"), body, this.#settings.keepMs);
  }

  /**
   * Says that this isolate is about to read the journal, unless another has just said so.
   *
   * @returns whose claim stands; without an answer of the cache nobody else's does
   */
  async claim(host: string): Promise<"ours" | "others"> {
    const { nowAtMs, claimant } = this.#settings;
    const address = await this.#addressOf(host, "claim");
    const text = await this.#attempt(async (cache) => (await cache.match(address))?.text());
    const [who, claimedAtMs] = (text ?? "").split(" ");
    const isFresh = isWithinMs(claimMs, Number(claimedAtMs || -Infinity), nowAtMs());
    if (who !== claimant && isFresh) return "others";
    await this.#put(address, `${claimant} ${nowAtMs()}`, claimMs);
    return "ours";
  }

  async #put(address: string, body: BodyInit, keepMs: number): Promise<void> {
    const seconds = Math.ceil(keepMs / 1_000);
    const headers = { "cache-control": `public, max-age=${seconds}`, "content-type": opaque };
    await this.#attempt((cache) => cache.put(address, new Response(body, { headers })));
  }

  async #attempt<T>(ask: (cache: Pick<Cache, "match" | "put">) => Promise<T>) {
    const { cache, nowAtMs } = this.#settings;
    if (isWithinMs(silenceMs, this.#silentAtMs, nowAtMs())) return undefined;
    const asked = (async () => ask(cache()))();
    const answer = await patiently(asked, patienceMs);
    if (answer === "out-of-patience") this.#silentAtMs = nowAtMs();
    return answer === "out-of-patience" || answer === "abandoned" ? undefined : answer;
  }

  /** No request can read this: everything below `/_cache/` ends at this Worker. */
  async #addressOf(host: string, what: "view" | "claim"): Promise<string> {
    this.#digest ??= await sha256Hex(new TextEncoder().encode(this.#settings.journal));
    return `https://${host}/_cache/journal/${this.#digest}/${what}`;
  }
}

/** A copy as it was found. Its entries are decoded only where they are wanted. */
export class ViewCopy {
  readonly sentAtMs: number;
  /** Of the switch, unless its entries say something newer; `undefined` where nothing was posted. */
  readonly switched: SwitchState | undefined;
  /** As a stream gives them back, oldest first. */
  readonly #items: readonly unknown[];

  constructor(sentAtMs: number, items: readonly unknown[], switched?: SwitchState) {
    this.sentAtMs = sentAtMs;
    this.switched = switched;
    this.#items = items;
  }

  /** @returns `undefined` if one of them is odd: an entry must not be skipped */
  entries(): Entry[] | undefined {
    return decodeAll(this.#items);
  }

  /** @returns what follows that very entry; `undefined` if the copy does not hold it */
  entriesAfter(place: EntryPlace): Entry[] | undefined {
    const at = this.#items.findLastIndex(
      (item) => Array.isArray(item) && item[0] === place.position,
    );
    if (at < 0 || !isSamePlace(entriesOf([this.#items[at]])[0], place)) return undefined;
    return decodeAll(this.#items.slice(at + 1));
  }
}

function decodeAll(items: readonly unknown[]): Entry[] | undefined {
  const entries = entriesOf(items);
  return entries.length === items.length ? entries : undefined;
}

/** @returns the newest entries that a copy may hold, sealed; `undefined` where not one fits */
async function encodeCopy({ entries, sentAtMs, switched }: KnownView) {
  const encoder = new TextEncoder();
  const state = JSON.stringify(switched ?? null);
  const head = `{"v":${version},"sentAtMs":${sentAtMs},"switched":${state},"items":[`;
  let roomBytes = copyBytesMax - digestLength - encoder.encode(head).byteLength - 2;
  const items: string[] = [];
  for (const entry of entries.slice(-newestCount).toReversed()) {
    const item = JSON.stringify([entry.position, Object.entries(encodeEntry(entry)).flat()]);
    roomBytes -= encoder.encode(item).byteLength + 1;
    if (roomBytes < 0) break;
    items.push(item);
  }
  if (items.length === 0) return undefined;
  const content = encoder.encode(`${head}${items.toReversed().join(",")}]}`);
  return new Blob([await sha256Hex(content), content]);
}

/** @returns `undefined` for bytes that are cut, changed, of another version or without entries */
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
    return new ViewCopy(sentAtMs as number, items as unknown[], switched);
  } catch {
    return undefined;
  }
}
