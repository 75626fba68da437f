// Records a simulated history as events of the model of the purge protocol (testing/proof/). Each line
// is a JSON object of small numbers: entries, isolates and responses are numbered in the order in which
// they begin.
import { decodeEntry, type EntryId } from "../../../src/purge/journal/entry.ts";
import type { PurgeTargets } from "../../../src/purge/journal/purge-target.ts";
import { bodyRequestedAtMs, type Stamp } from "../../../src/cache/record/record.ts";
import type { PurgeSubject } from "../../../src/purge/view/view-port.ts";
import type { StoredMetadata } from "../../../src/pages/stored/stored-response.ts";
import { isNamed, type Page, pages } from "../simulated-pages.ts";
import type { Lineages, StreamItem } from "../simulated-stream.ts";
import { nOf } from "../../fakes/journal-scripts-model.ts";

/** The numbers of an event. An absent number is 0. */
export type EventFields = Readonly<Record<string, number | boolean>>;

/** A state of the stream and of its lineages. */
interface StreamView {
  readonly items: readonly StreamItem[];
  readonly lineages: Lineages;
}

/** A round trip to the database. */
export interface Trip {
  /** The isolate, the read, and the read whose reply came before. */
  readonly fields: EventFields;
  /** Whether its script has appended an entry. */
  hasAppended: boolean;
  /** Whether it reads epochs, and whether it also reads the newest entries. */
  isOfEpochs: boolean;
  isOfNewest: boolean;
  /** @param isPrimary whether the primary has executed the read */
  served(state: StreamView, isPrimary: boolean): void;
  replied(): void;
}

/** The parts of a simulated world that a trace reads. */
interface TracedWorld {
  readonly settings: Readonly<
    Record<"seed" | "allowanceMs" | "replicaLagMs" | "clockErrorMs" | "keptCount", number>
  > & { readonly maxLagMs: Readonly<Record<Page, number>> };
  readonly atMs: number;
  readonly stream: StreamView & { onHarmed: (how: "lost" | "withdrawn") => void };
}

/** A field of the simulated origin's responses: the number of the response in the trace. */
export const numberField = "x-response";

export class Trace {
  readonly #world: TracedWorld;
  readonly #lines: string[];
  readonly #entries = new Map<string, number>();
  readonly #colos = new Map<string, number>([["", 0]]);
  #isolatesCount = 0;
  readonly #records = new WeakMap<PurgeSubject, number>();
  #recordsCount = 0;
  /** The numbers of the responses that an isolate has stored. */
  readonly stored = new Set<number>();
  /** The round trip whose script runs at the primary. */
  trip: Trip | undefined;

  /** @param lines receives the lines of the trace */
  constructor(world: TracedWorld, lines: string[]) {
    this.#world = world;
    this.#lines = lines;
    const { maxLagMs, allowanceMs, replicaLagMs, clockErrorMs, keptCount } = world.settings;
    const constants = {
      usual_lag: maxLagMs.usual,
      quick_lag: maxLagMs.quick,
      allowance: allowanceMs,
      replica_lag: replicaLagMs,
      clock_error: clockErrorMs,
      kept: keptCount,
    };
    lines.push(JSON.stringify({ trace: world.settings.seed, ...constants }));
    world.stream.onHarmed = (how) => this.#harmed(how);
  }

  event(step: string, fields: EventFields): void {
    const numbers = Object.entries(fields).flatMap(([name, value]) =>
      Number(value) === 0 ? [] : [[name, Number(value)]],
    );
    const at = this.#world.atMs;
    this.#lines.push(JSON.stringify({ step, at, ...Object.fromEntries(numbers) }));
  }

  nextIsolate(): number {
    return this.#isolatesCount++;
  }

  nextRecord(): number {
    return (this.#recordsCount += 1);
  }

  /** Numbers a response by its metadata. */
  nameRecord(record: PurgeSubject, number: number): void {
    this.#records.set(record, number);
  }

  /** Returns the number of a response; 0 if it has none. */
  recordNumber(record: PurgeSubject & Partial<Pick<StoredMetadata, "fields">>): number {
    const field = record.fields?.find(([name]) => name === numberField);
    return this.#records.get(record) ?? Number(field?.[1] ?? 0);
  }

  /** Returns the provenance of a response. */
  provenanceOf(record: PurgeSubject): EventFields {
    const { stamp, requestedAtMs: requestedAt, colo } = record;
    return {
      stamp: this.numberOf(stamp),
      requestedAt,
      bodyAt: bodyRequestedAtMs(record),
      colo: this.coloNumber(colo),
    };
  }

  coloNumber(name: string): number {
    const number = this.#colos.get(name) ?? this.#colos.size;
    this.#colos.set(name, number);
    return number;
  }

  /** Returns the number of an entry; 0 if the journal never had it. */
  numberOf(place: Stamp | undefined): number {
    return place === undefined || place === "none" ? 0 : (this.#entries.get(keyOf(place)) ?? 0);
  }

  /** Returns the ends of a state of the journal. */
  stateOf({ items, lineages }: StreamView): EventFields {
    const number = (item: StreamItem | undefined) => this.numberOf(item && placeOf(item));
    return {
      first: number(items[0]),
      last: number(items.at(-1)),
      linedFirst: number(lineages.lined[0]),
    };
  }

  /** Returns the ends of a list of entries, and the count and the sum by which the model checks those between. */
  pathOf(entries: readonly EntryId[]): EventFields {
    const numbers = entries.map((entry) => this.numberOf(entry));
    const sum = numbers.reduce((total, number) => total + number, 0);
    return { first: numbers[0] ?? 0, last: numbers.at(-1) ?? 0, count: numbers.length, sum };
  }

  /** Records an entry that the primary has appended, by the script of a round trip or otherwise. */
  appended(position: string, fields: readonly string[]): void {
    const entry = decodeEntry(position, fields);
    this.#entries.set(keyOf(entry), this.#entries.size + 1);
    const { trip } = this;
    if (trip !== undefined) trip.hasAppended = true;
    const place = { position: positionNumber(position), ...trip?.fields };
    if (entry.by === "tidemark") {
      // An unknown entry is -1, because 0 is an empty journal.
      const lost = entry.lost === "" ? 0 : (this.#entries.get(entry.lost) ?? -1);
      return this.event("mark", { ...place, entry: lost });
    }
    const covers = coveredBy(entry.targets);
    const hard = entry.mode === "hard";
    this.event("purge", { isolate: -1, ...place, covers, hard });
  }

  #harmed(how: "lost" | "withdrawn"): void {
    this.event(how === "lost" ? "lose" : "withdraw", this.stateOf(this.#world.stream));
  }
}

/** Returns the pages that targets name, as bits. */
const coveredBy = (targets: PurgeTargets) =>
  pages.reduce((bits, page, at) => bits | (isNamed(targets, page) ? 1 << at : 0), 0);

function placeOf({ id, fields }: StreamItem): EntryId {
  return { position: id, n: nOf(fields) };
}

const keyOf = ({ position, n }: EntryId) => `${position} ${n}`;

/** Returns a position as one number, which orders positions. */
function positionNumber(position: string): number {
  const [ms = 0, sequence = 0] = position.split("-").map(Number);
  return ms * 1_000 + sequence;
}
