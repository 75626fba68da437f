// Breaks the calls of one colo to the Durable Objects, like a `RestFront` its requests to Redis.
import { setTimeout as delay } from "node:timers/promises";
import { setFaults } from "./object-worker.ts";
import type { Front, Passage } from "./rest-front.ts";

const pauseAfterFailureMs = 100;

export class ObjectFront implements Front {
  isolate = "";
  readonly #coloUrl: () => string;
  #passage: Passage = "open";
  #wayMs = 0;
  #isStopped = false;
  /** The end of the last change. */
  #set: Promise<void> = Promise.resolve();

  constructor(coloUrl: () => string) {
    this.#coloUrl = coloUrl;
  }

  get passage(): Passage {
    return this.#passage;
  }

  set passage(passage: Passage) {
    this.#passage = passage;
    this.#send();
  }

  get wayMs(): number {
    return this.#wayMs;
  }

  set wayMs(wayMs: number) {
    this.#wayMs = wayMs;
    this.#send();
  }

  async stop(): Promise<void> {
    this.#isStopped = true;
    await this.#set;
  }

  /** Sends the faults to the colo until it has them. */
  #send(): void {
    const sent = async (): Promise<void> => {
      while (!this.#isStopped) {
        const faults = { passage: this.#passage, wayMs: this.#wayMs };
        const isSet = await setFaults(this.#coloUrl(), faults).then(
          () => true,
          () => false,
        );
        if (isSet) return;
        await delay(pauseAfterFailureMs);
      }
    };
    this.#set = this.#set.then(sent);
  }
}
