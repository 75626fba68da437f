// The journal, the switch and the states of subscribers in a Durable Object. The object answers one
// call at a time and loses no entry, so every read is a read on the primary.
import { jsonIn } from "../../base/json-text.ts";
import { unavailableFor } from "../../remote/store-health.ts";
import {
  encodeEntry,
  entriesOf,
  type EntryId,
  isSameEntry,
  markOf,
  type NewEntry,
  releasesIn,
} from "../../purge/journal/entry.ts";
import type { EpochRange } from "../../purge/journal/epoch.ts";
import {
  chainBytesMax,
  chainEntriesMax,
  type Journal,
  keptCount,
  newestCount,
  pageCount,
  type Unavailable,
} from "../../purge/journal/journal.ts";
import type { PostEntry, PostResult, Switch } from "../../purge/journal/switch.ts";
import type { Subscribers } from "../../purge/journal/subscribers.ts";
import { heldState, type SwitchState } from "../../purge/journal/switch-state.ts";
import type { CallPurpose } from "../../remote/purpose.ts";
import type {
  JournalPage,
  JournalCall,
  JournalCalls,
  ObjectEntry,
  StoredSwitch,
} from "./journal-calls.ts";
import type { ObjectClient } from "./object-client.ts";

export interface ObjectJournalSettings {
  readonly client: ObjectClient;
  readonly nowAtMs: () => number;
  readonly randomText: () => string;
  /** The number of entries that trimming leaves. Default: `keptCount` of the journal's port. */
  readonly keptCount?: number;
}

/** A character takes two bytes in memory. */
const charsMax = chainBytesMax / 2;
const newest = { countMax: newestCount, charsMax };
/** The entries of one page, without the entry at which it begins. */
const onePage = { countMax: pageCount - 2, charsMax };

export class ObjectJournal implements Journal, Switch {
  readonly keepsConfirmed = true;
  readonly #settings: ObjectJournalSettings;

  constructor(settings: ObjectJournalSettings) {
    this.#settings = settings;
  }

  async newest(): ReturnType<Journal["newest"]> {
    const { sentAtMs, reply } = await this.#asked("journal read", "read", newest);
    return "kind" in reply ? reply : { kind: "read", sentAtMs, ...foundIn(reply) };
  }

  since(place: EntryId): ReturnType<Journal["since"]> {
    return this.#since(place, { countMax: chainEntriesMax, charsMax });
  }

  sinceOnPrimary(place: EntryId): ReturnType<Journal["sinceOnPrimary"]> {
    return this.#since(place, onePage);
  }

  async #since(after: EntryId, limits: typeof newest): ReturnType<Journal["since"]> {
    const { sentAtMs, reply } = await this.#asked("journal read", "read", { after, ...limits });
    if ("kind" in reply) return reply;
    if (!reply.isJoined) return { kind: "not-joined" };
    return { kind: "read", sentAtMs, entries: entriesOf(reply.entries) };
  }

  async atPrimary(place: EntryId): ReturnType<Journal["atPrimary"]> {
    const ask = { place, keptCount: this.#keptCount, ...newest };
    const { sentAtMs, reply } = await this.#asked("journal read", "check", ask);
    if ("kind" in reply) return reply;
    const [upTo] = entriesOf([reply.upTo]);
    const isLost = !reply.isTrimmed && !isSameEntry(upTo, place);
    return { kind: "read", sentAtMs, ...foundIn(reply), upTo, isLost };
  }

  async standing(places: readonly EntryId[]): ReturnType<Journal["standing"]> {
    const { reply } = await this.#asked("purge, read back", "standing", { places });
    return "kind" in reply ? reply : { kind: "read", states: reply };
  }

  async appendMark(lost: string): ReturnType<Journal["appendMark"]> {
    const onlyIfEmpty = lost === "";
    const ask = { ...this.#appending([markOf(lost, this.#settings.randomText())]), onlyIfEmpty };
    const { sentAtMs, reply } = await this.#asked("journal mark", "mark", ask);
    return "kind" in reply ? reply : { kind: "read", sentAtMs, ...foundIn(reply) };
  }

  async append(entries: readonly NewEntry[]): ReturnType<Journal["append"]> {
    if (entries.length === 0) return { kind: "appended", places: [] };
    const { reply } = await this.#asked("purge, written", "append", this.#appending(entries));
    return "kind" in reply ? reply : { kind: "appended", places: reply.places };
  }

  async appendAndRead(after: EntryId, entry: NewEntry): ReturnType<Journal["appendAndRead"]> {
    const ask = { ...this.#appending([entry]), after, ...onePage };
    const { sentAtMs, reply } = await this.#asked("purge, written", "append", ask);
    if ("kind" in reply) return reply;
    const [place] = reply.places;
    if (place === undefined) return { kind: "unavailable" };
    const read = entriesOf(reply.since?.entries);
    // If the call was sent twice, entries of others may follow this one.
    const isWhole = reply.since?.isJoined === true && isSameEntry(read.at(-1), place);
    return { kind: "appended", place, sentAtMs, since: isWhole ? read : undefined };
  }

  async epochs(range: EpochRange): ReturnType<Journal["epochs"]> {
    const { reply } = await this.#asked("journal read", "epochs", range);
    if ("kind" in reply) return reply;
    return { kind: "read", epochs: reply.map((epoch) => epoch ?? undefined) };
  }

  after(position: string, count: number): ReturnType<Journal["after"]> {
    return this.#shown({ after: position, count });
  }

  newestFirst(count: number): ReturnType<Journal["newestFirst"]> {
    return this.#shown({ count });
  }

  async #shown(ask: JournalCalls["shown"][0]): ReturnType<Journal["after"]> {
    const { reply } = await this.#asked("journal read", "shown", ask);
    return "kind" in reply ? reply : entriesOf(reply);
  }

  async extent(): ReturnType<Journal["extent"]> {
    const { reply } = await this.#asked("journal read", "extent", {});
    return reply;
  }

  async read(): ReturnType<Switch["read"]> {
    const { reply } = await this.#asked("switch", "read", { countMax: 0, charsMax: 0 });
    if ("kind" in reply) return reply;
    return { kind: "read", state: stateOf(reply.switched) };
  }

  async post(entry: PostEntry): Promise<PostResult> {
    const { post, replaces, bypass } = entry.switched;
    const posted = { post, replaces, bypass: JSON.stringify(bypass) };
    const { reply } = await this.#asked("switch", "post", {
      ...this.#appending([entry]),
      ...posted,
    });
    if ("kind" in reply) return reply;
    if (reply.place !== undefined) return { kind: "posted", place: reply.place };
    const { current } = reply;
    return { kind: "overtaken", current: stateOf(current) };
  }

  #appending(entries: readonly NewEntry[]) {
    const request = this.#settings.randomText();
    return { request, entries: entries.map(objectEntry), keptCount: this.#keptCount, ...newest };
  }

  get #keptCount(): number {
    return this.#settings.keptCount ?? keptCount;
  }

  async #asked<Call extends JournalCall>(
    purpose: CallPurpose,
    call: Call,
    ask: JournalCalls[Call][0],
  ): Promise<{ readonly sentAtMs: number; readonly reply: JournalCalls[Call][1] | Unavailable }> {
    const { client, nowAtMs } = this.#settings;
    const sentAtMs = nowAtMs();
    const isOrdered = purpose === "switch" || purpose === "purge, written";
    // A purge or a post is sent even while the breaker of the object is open.
    const way = isOrdered ? "insist" : "attempt";
    const answer = await client.remote[way](purpose, (callObject) => callObject(call, ask));
    if (answer.kind === "answered") return { sentAtMs, reply: answer.value };
    return { sentAtMs, reply: unavailableFor(answer.cause, client.remote.health) };
  }
}

function objectEntry(entry: NewEntry): ObjectEntry {
  const { n, ...others } = encodeEntry(entry);
  return { n: n ?? "", fields: Object.entries(others).flat(), ...entry.targets };
}

function foundIn({ entries, switched, released }: JournalPage) {
  const [told] = releasesIn(entriesOf([released]));
  return { entries: entriesOf(entries), switched: stateOf(switched), released: told };
}

function stateOf(stored: StoredSwitch | undefined): SwitchState | undefined {
  return stored && heldState({ ...stored, bypass: jsonIn(stored.bypass) });
}

/** The states of the journal's subscribers. */
export class ObjectSubscribers implements Subscribers {
  readonly #client: ObjectClient;

  constructor(client: ObjectClient) {
    this.#client = client;
  }

  async read(names: readonly string[]): ReturnType<Subscribers["read"]> {
    const reply = await this.#client.remote.attempt("outward", (call) => call("states", { names }));
    if (reply.kind === "unavailable")
      return unavailableFor(reply.cause, this.#client.remote.health);
    const { texts, atMs } = reply.value;
    const states = names.map((_, at) => {
      const version = texts[at] ?? "";
      return { version, text: version === "" ? undefined : version };
    });
    return { kind: "read", states, atMs };
  }

  async replace(name: string, version: string, text: string): ReturnType<Subscribers["replace"]> {
    const ask = { name, version, text };
    const reply = await this.#client.remote.attempt("outward", (call) => call("replaceState", ask));
    if (reply.kind === "unavailable")
      return unavailableFor(reply.cause, this.#client.remote.health);
    return reply.value ? { kind: "replaced", version: text } : { kind: "overtaken" };
  }
}
