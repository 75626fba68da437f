// Plays a trace of the simulation by the steps of the model: each event must be a possible step, each
// answer must keep the promises, and the last state must have the whole invariant.
import { invariant } from "./invariant.ts";
import * as s from "./state.ts";
import { entryOf, Impossible, TracedState, type TraceEvent } from "./traced-state.ts";
import { TracedResponses } from "./traced-responses.ts";
import type { Value } from "./finite-state.ts";

/** The first event that is not possible. */
export interface Refusal {
  readonly event: string;
  /** The rules that forbid it, or the part of the invariant or the promise that it breaks. */
  readonly rules: readonly string[];
}

/** Returns why a trace is not a history of the model; `undefined` if it is one. */
export function refusalOf(lines: readonly string[]): Refusal | undefined {
  const [first = "{}", ...rest] = lines;
  const events = rest.map((line) => JSON.parse(line) as TraceEvent);
  const player = new TracePlayer(JSON.parse(first) as Record<string, number>, events);
  for (const event of events) {
    const rules = player.rulesAgainst(event);
    if (rules !== undefined) return { event: JSON.stringify(event), rules };
  }
  const broken = player.brokenPart();
  return broken === undefined ? undefined : { event: "the last state", rules: [broken] };
}

class TracePlayer {
  readonly #state: TracedState;
  readonly #responses: TracedResponses;
  /** By isolate and number: the read that was sent, or the copy that was found. */
  readonly #reads = new Map<string, string>();
  readonly #found = new Map<string, string>();
  readonly #copies = new Map<string, string>();
  readonly #inColo = new Map<Value, string>();

  constructor(constants: Readonly<Record<string, number>>, events: readonly TraceEvent[]) {
    this.#state = new TracedState(constants, events);
    this.#responses = new TracedResponses(this.#state);
  }

  /** Takes the steps of an event. Returns the rules against it; `undefined` if it is possible. */
  rulesAgainst(event: TraceEvent): readonly string[] | undefined {
    try {
      if (event.at > Number(this.#state.get(s.now))) this.#state.take("wait", event.at);
      this.#play(event);
      return undefined;
    } catch (error) {
      if (error instanceof Impossible) return error.rules;
      throw error;
    }
  }

  /** Returns the name of a part of the invariant that does not hold. */
  brokenPart(): string | undefined {
    return Object.entries(invariant).find(([, part]) => !this.#state.holds(part))?.[0];
  }

  #play(event: TraceEvent): void {
    const { step, isolate = 0, read = 0, entry = 0 } = event;
    const who = `isolate ${isolate}`;
    const slot = `${isolate} ${read}`;
    switch (step) {
      case "send": {
        this.#reads.set(slot, this.#state.add("Read"));
        this.#found.delete(slot);
        return this.#state.take("send", who, this.#readAt(slot));
      }
      case "serve":
        return this.#serves(event, slot);
      case "purge":
      case "mark":
        return this.#appends(event, slot);
      case "lose":
        return this.#state.take("lose", entryOf(event.last ?? 0), !event.last, 0);
      case "answer_sender": {
        this.#state.must(entry !== 0, "21 own");
        if (!this.#state.get(s.isAccepted(), entryOf(entry)))
          this.#state.take("accept", entryOf(entry));
        return;
      }
      case "accept":
        return this.#state.take("apply", who, entryOf(entry));
      case "replace":
        return this.#state.take("applyAgain", who, entryOf(entry), entryOf(event.other ?? 0));
      case "take":
        return this.#renews(event, { who, slot });
      case "copy": {
        this.#state.must(this.#state.get(s.end(), who) === entryOf(event.last ?? 0), "12 chain");
        this.#state.must(this.#state.get(s.sentAt(), who) === event.asOf, "14 date");
        const copy = this.#state.add("Copy");
        this.#copies.set(copyKey(event), copy);
        return this.#state.take("copy", who, copy, entryOf(event.first ?? 0));
      }
      case "put": {
        const copy = this.#copies.get(copyKey(event));
        this.#state.must(copy !== undefined, "14 date");
        this.#inColo.set(this.#state.get(s.coloOf(), who), copy ?? "");
        return;
      }
      case "find": {
        const copy = this.#inColo.get(this.#state.get(s.coloOf(), who));
        if (copy !== undefined) this.#found.set(slot, copy);
        return;
      }
      case "load":
        return this.#responses.loads(event);
      case "generate":
        return this.#responses.generates(event);
      case "store":
        return this.#responses.stores(event);
      case "read":
        return this.#responses.reads(event);
      case "restamp":
        return this.#responses.restamps(event);
      case "window":
        return this.#lists(who, this.#readAt(slot));
      case "answer":
        return this.#responses.answers(event);
      case "turn":
        return this.#state.take("setClock", who, event.asOf ?? 0);
      case "arrive":
        return this.#state.take("arrive", who);
      case "start":
        return;
      default:
        throw new Impossible(["20 stays"]);
    }
  }

  #readAt(slot: string): string {
    const read = this.#reads.get(slot);
    if (read === undefined) throw new Impossible(["11 joint"]);
    return read;
  }

  #serves(event: TraceEvent, slot: string): void {
    const { first = 0, last = 0, linedFirst = 0 } = event;
    if (event.isPrimary) {
      const newest = this.#state.get(s.isFilled) ? this.#state.get(s.newest) : "";
      this.#state.must(newest === (last ? entryOf(last) : ""), "20 stays");
    }
    if (!last && event.isPrimary) return this.#state.take("serveNone", this.#readAt(slot));
    if (!last) return;
    this.#shows(slot, [first, last, linedFirst].map(entryOf), event.isPrimary);
  }

  #appends(event: TraceEvent, slot: string): void {
    const { step, isolate = 0, entry = 0, covers = 0, hard, position = 0 } = event;
    const isMark = step === "mark";
    const added = this.#state.addEntry(isMark ? -1 : covers);
    // Positions of the stream have thousandths of a millisecond.
    this.#state.put(s.position(), [added], Math.floor(position / 1_000));
    this.#state.put(s.id(), [added], position);
    this.#state.put(s.isHard(), [added], isMark || Boolean(hard));
    this.#state.put(s.isMark(), [added], isMark);
    if (isMark) this.#state.put(s.marks(), [added], entry > 0 ? entryOf(entry) : added);
    if (isMark) {
      const seen = this.#reads.get(`${isolate} ${event.other ?? 0}`);
      this.#state.take("mark", seen ?? "", added);
    } else this.#state.take("append", added);
    const read = this.#reads.get(slot);
    // An isolate also reads by the script that appends.
    if (!isMark && (read === undefined || this.#state.get(s.isServed(), read))) return;
    const first = this.#state.members("Entry").find((one) => this.#state.get(s.upTo(), one, added));
    const oldest = first ?? added;
    this.#shows(slot, [oldest, added, oldest], 1);
  }

  /** The epochs of a trace have the names of all lineages. Traces have no posts of the switch. */
  #shows(slot: string, [first = "", last = "", lined = ""]: readonly Value[], isPrimary = 0): void {
    const read = this.#readAt(slot);
    const how = [Boolean(isPrimary), true, true, 0];
    this.#state.take("serve", read, first, last, lined, lined, ...how);
  }

  /** The window has grown by a read, which has shown the names of all lineages. */
  #lists(who: string, read: string): void {
    const { get } = this.#state;
    const first = get(s.readListed(), read);
    const joints = [get(s.readLast(), read), get(s.windowLast(), who)];
    this.#state.takeOne([
      ...joints.map((both) => ["readEpochs", who, read, first, both, true] as const),
      ["readEpochs", who, read, first, first, false],
    ]);
  }

  #path(first: Value, last: Value): Value[] {
    const { get } = this.#state;
    const isBetween = (one: Value) => get(s.upTo(), first, one) && get(s.upTo(), one, last);
    return this.#state.members("Entry").filter(isBetween);
  }

  #renews(event: TraceEvent, { who, slot }: Record<"who" | "slot", string>): void {
    const [first, last] = [entryOf(event.first ?? 0), entryOf(event.last ?? 0)];
    const copy = this.#found.get(slot);
    if (copy !== undefined) this.#state.take("take", who, copy, first);
    else if (!this.#state.get(s.hasView(), who))
      this.#state.take("begin", who, this.#readAt(slot), first);
    else this.#rereads({ first, last, who, read: this.#readAt(slot) });
    const entries = this.#state.members("Entry");
    const path = this.#path(first, last);
    const sum = path.reduce<number>((total, one) => total + entries.indexOf(one) + 1, 0);
    const isWhole = path.length === event.count && sum === event.sum;
    this.#state.must(this.#state.get(s.end(), who) === last && isWhole, "12 chain");
    const isDated = this.#state.get(s.isDated(), who);
    const sentAt = isDated ? this.#state.get(s.sentAt(), who) : 0;
    const dating = copy === undefined ? (isDated ? "11 date" : "10 read") : "14 date";
    this.#state.must((event.asOf ?? 0) === sentAt, dating);
  }

  /** A read extends the view at either end, or the view begins again. */
  #rereads({ first, last, who, read }: Record<"first" | "last" | "who" | "read", string>): void {
    this.#state.must(Boolean(this.#state.get(s.isServed(), read)), "11 joint");
    const [end, floor] = [this.#state.get(s.end(), who), this.#state.get(s.floor(), who)];
    const isBack = last === end && first !== floor && this.#path(first, String(floor)).length > 0;
    if (isBack) return this.#state.take("readBack", who, read, first);
    const marks = this.#state
      .members("Entry")
      .filter((one) => this.#state.get(s.isMark(), one) && this.#state.get(s.marks(), one) === end);
    this.#state.takeOne([
      ["extend", who, read, first],
      // Without a loss, the view begins again without a mark.
      ...[end, ...marks].map((mark) => ["restart", who, read, first, mark] as const),
    ]);
  }
}

const copyKey = ({ isolate = 0, asOf = 0, last = 0 }: TraceEvent) => `${isolate} ${asOf} ${last}`;
