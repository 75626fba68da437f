// The last purge of the probed pages, as all isolates know it without their views of the journal.
import * as z from "zod/mini";
import { jsonIn } from "../base/json-text.ts";
import { acceptedAtMs } from "../purge/journal/entry.ts";
import type { Subscribers } from "../purge/journal/subscribers.ts";

/** No target of outward purges can have a name with a space. */
const name = "purge probe";

export interface LastProbe {
  /** The position of the purge in the journal. */
  readonly position: string;
  readonly acceptedAtMs: number;
}

const form = z.object({ position: z.string().check(z.regex(/^\d{1,16}-\d{1,16}$/)) });

/** The state beside those of the journal's subscribers, which is read on the primary. */
export class LastProbes {
  readonly #subscribers: Subscribers;

  constructor(subscribers: Subscribers) {
    this.#subscribers = subscribers;
  }

  /** Costs one command. Returns `unavailable` if the journal's store does not answer. */
  async read() {
    const read = await this.#subscribers.read([name]);
    if (read.kind === "unavailable") return read.kind;
    const [{ version, text } = { version: "", text: "" }] = read.states;
    const { data } = z.safeParse(form, jsonIn(text));
    const last = data && { ...data, acceptedAtMs: acceptedAtMs(data.position) };
    return { version, last };
  }

  /** Does nothing if another isolate has written since `version` was read. */
  async replace(version: string, position: string): Promise<void> {
    await this.#subscribers.replace(name, version, JSON.stringify({ position }));
  }
}
