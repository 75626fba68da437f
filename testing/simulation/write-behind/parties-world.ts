// A world for write-behind: parties with clocks of their own, who may be killed, and messages to two servers
// that are under way as long as a history likes, come twice, come late, or whose answers are lost.
import { drawsFrom } from "../journal-simulator.ts";
import { settledPromises, SimulatedTime } from "../simulated-time.ts";

/** An isolate, a flusher or a reader. Whoever is dead hears nothing more and sends nothing more. */
export interface Party {
  readonly name: string;
  /** How far its clock is ahead. */
  readonly aheadMs: number;
  /** How often a request of it ends where an answer fails to come, so that nobody waits any more; 0 to 1. */
  readonly endsSilently: number;
  isAlive: boolean;
}

/** How often something befalls a message, of those to which it can happen; 0 to 1. */
export interface Weather {
  readonly lost: number;
  readonly twice: number;
  /** Refused by the server: nothing was done, and the sender knows it only as a failure. */
  readonly refused: number;
}

interface Message {
  readonly what: string;
  readonly from: Party;
  readonly run: () => unknown;
  readonly tell: (value: unknown) => void;
  readonly fail: () => void;
  /** Nobody waits for its answer. */
  isGhost: boolean;
  answer?: { readonly value: unknown } | "failed";
}

const noAnswer = new Error("There was no answer.");

export class PartiesWorld {
  readonly draw: () => number;
  readonly time = new SimulatedTime();
  weather: Weather;
  /** How far the clock of the Redis server is behind. */
  serverBehindMs = 0;
  #messages: Message[] = [];
  readonly #tell: ((line: string) => void) | undefined;

  constructor(seed: number, weather: Weather, tell?: (line: string) => void) {
    this.draw = drawsFrom(seed);
    this.weather = weather;
    this.#tell = tell;
  }

  get atMs(): number {
    return this.time.atMs;
  }

  /** What `TIME` says. */
  get serverAtMs(): number {
    return this.time.atMs - this.serverBehindMs;
  }

  get areUnderWay(): boolean {
    return this.#messages.length > 0;
  }

  isLucky(share: number): boolean {
    return this.draw() < share;
  }

  between(least: number, most: number): number {
    return least + Math.floor(this.draw() * (most - least + 1));
  }

  any<T>(choices: readonly T[]): T {
    return choices[this.between(0, choices.length - 1)] as T;
  }

  /** @param line put together only where somebody reads it */
  tell(line: () => string): void {
    this.#tell?.(`${String(this.atMs).padStart(9)} ms  ${line()}`);
  }

  /** Rejects where nobody knows what has become of it. Never settles for whoever is dead by then. */
  send<T>(from: Party, what: string, run: () => T): Promise<T> {
    return new Promise((resolve, reject) => {
      if (!from.isAlive) return;
      const tell = (value: unknown) => void (from.isAlive && resolve(value as T));
      const fail = () => {
        if (from.isAlive && !this.isLucky(from.endsSilently)) reject(noAnswer);
      };
      this.#messages.push({ what, from, run, tell, fail, isGhost: false });
    });
  }

  /** Something happens to one of the messages that are under way. */
  async step(): Promise<void> {
    const at = this.between(0, this.#messages.length - 1);
    const message = this.#messages[at];
    if (message === undefined) return;
    if (message.answer === undefined) this.#arrive(message, at);
    else this.#answer(message, message.answer, at);
    await settledPromises();
  }

  /**
   * The party's first message arrives and is answered, or half of that happens. Only in a history that is written
   * out step by step.
   *
   * @returns what it was; `undefined`: the party has none under way
   */
  async deliver(
    from: Party,
    how: "answered" | "unanswered" | "lost" = "answered",
  ): Promise<string | undefined> {
    await settledPromises();
    const at = this.#messages.findIndex((each) => each.from === from);
    const [message] = at < 0 ? [] : this.#messages.splice(at, 1);
    if (message === undefined) return undefined;
    const value = how === "lost" ? undefined : message.run();
    if (how === "answered") message.tell(value);
    else message.fail();
    await settledPromises();
    return message.what;
  }

  #arrive(message: Message, at: number): void {
    const { lost, twice, refused } = this.weather;
    const { what, from } = message;
    if (!message.isGhost && this.isLucky(lost)) {
      // Its sender gives it up: it is gone, or it comes later all the same.
      message.isGhost = this.isLucky(0.7);
      if (!message.isGhost) this.#messages.splice(at, 1);
      this.tell(() => `${from.name}: ${what} is ${message.isGhost ? "late" : "gone"}`);
      message.fail();
      return;
    }
    if (this.isLucky(refused)) {
      this.tell(() => `${from.name}: ${what} is refused`);
      message.answer = "failed";
    } else {
      if (this.isLucky(twice)) this.#messages.push({ ...message, isGhost: true });
      this.#run(message);
    }
    if (message.isGhost) this.#messages.splice(at, 1);
  }

  #run(message: Message): void {
    const value = message.run();
    message.answer = { value };
    this.tell(() => `${message.from.name}: ${message.what} → ${shown(value)}`);
  }

  #answer(message: Message, answer: NonNullable<Message["answer"]>, at: number): void {
    this.#messages.splice(at, 1);
    if (answer === "failed") return message.fail();
    if (!this.isLucky(this.weather.lost)) return message.tell(answer.value);
    this.tell(() => `${message.from.name}: the answer to ${message.what} is lost`);
    message.fail();
  }

  /** Whoever it is: what was sent may arrive, and nobody hears of it. */
  kill(party: Party): void {
    this.tell(() => `${party.name} is killed`);
    party.isAlive = false;
    this.#messages = this.#messages.filter(
      (each) => each.from !== party || (each.answer === undefined && this.isLucky(0.5)),
    );
    for (const each of this.#messages) if (each.from === party) each.isGhost = true;
  }
}

/** As JSON, with what maps hold. */
const shown = (value: unknown): string =>
  JSON.stringify(value, (_, each: unknown) => (each instanceof Map ? [...each] : each)) ??
  "nothing";
