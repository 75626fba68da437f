// A world for write-behind. Parties have their own clocks, and may be killed. They send messages to
// two servers: Redis and the database. Messages take any time, and may be lost, arrive twice or
// late, or lose their answers.
import { DrawnWorld } from "../drawn-world.ts";
import { settledPromises } from "../simulated-time.ts";

/** An isolate, a flusher or a reader. A killed party neither sends nor receives. */
export interface Party {
  readonly name: string;
  /** How far the party's clock is ahead of the true time. */
  aheadMs: number;
  /**
   * The probability that the party's request has ended when an answer is missing, so that its call
   * never settles; 0 to 1.
   */
  readonly endsSilently: number;
  isAlive: boolean;
}

/** The probabilities of faults of messages, 0 to 1. */
export interface Weather {
  readonly lost: number;
  readonly twice: number;
  /** The server rejects the message without an effect. The sender sees only a failure. */
  readonly refused: number;
}

interface Message {
  readonly what: string;
  readonly from: Party;
  readonly run: () => unknown;
  readonly tell: (value: unknown) => void;
  readonly fail: () => void;
  /** Whether no sender waits for the answer. */
  isGhost: boolean;
  answer?: { readonly value: unknown } | "failed";
}

const noAnswer = new Error("There was no answer.");

export class PartiesWorld extends DrawnWorld {
  weather: Weather;
  /** How far the clock of the Redis server is behind the true time. */
  serverBehindMs = 0;
  #messages: Message[] = [];

  constructor(seed: number, weather: Weather, tell?: (line: string) => void) {
    super(seed, { tell });
    this.weather = weather;
  }

  /** The time of the Redis server's clock. */
  get serverAtMs(): number {
    return this.time.atMs - this.serverBehindMs;
  }

  get areUnderWay(): boolean {
    return this.#messages.length > 0;
  }

  /**
   * Sends a message. Rejects if the answer is missing, so that the effect is unknown. Never settles
   * if the party is killed meanwhile.
   */
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

  /** Advances one of the messages in progress. */
  async step(): Promise<void> {
    const at = this.between(0, this.#messages.length - 1);
    const message = this.#messages[at];
    if (message === undefined) return;
    if (message.answer === undefined) this.#arrive(message, at);
    else this.#answer(message, message.answer, at);
    await settledPromises();
  }

  /**
   * Delivers the party's first message. Only for histories that are written step by step.
   *
   * @param how `answered`: the message arrives and is answered. `unanswered`: it arrives, and the
   *   answer is lost. `lost`: it does not arrive
   * @returns the message; `undefined` if the party has none in progress
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
      // The sender stops waiting. The message is lost, or arrives later.
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

  /** Kills a party. Its messages may still arrive, but their answers are dropped. */
  kill(party: Party): void {
    this.tell(() => `${party.name} is killed`);
    party.isAlive = false;
    this.#messages = this.#messages.filter(
      (each) => each.from !== party || (each.answer === undefined && this.isLucky(0.5)),
    );
    for (const each of this.#messages) if (each.from === party) each.isGhost = true;
  }
}

/** Formats a value as JSON, including the contents of maps. */
const shown = (value: unknown): string =>
  JSON.stringify(value, (_, each: unknown) => (each instanceof Map ? [...each] : each)) ??
  "nothing";
