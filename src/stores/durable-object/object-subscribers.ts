// The states of the journal's subscribers in a Durable Object.
import type { Subscribers } from "../../purge/journal/subscribers.ts";
import { unavailableFor } from "../../remote/trouble.ts";
import type { ObjectClient } from "./object-client.ts";

export class ObjectSubscribers implements Subscribers {
  readonly #client: ObjectClient;

  constructor(client: ObjectClient) {
    this.#client = client;
  }

  async read(names: readonly string[]): ReturnType<Subscribers["read"]> {
    const reply = await this.#client.remote.attempt("outward", (call) => call("states", { names }));
    if (reply.kind === "unavailable")
      return unavailableFor(reply.cause, this.#client.remote.health);
    const states = names.map((_, at) => {
      const version = reply.value[at] ?? "";
      return { version, text: version === "" ? undefined : version };
    });
    return { kind: "read", states };
  }

  async replace(name: string, version: string, text: string): ReturnType<Subscribers["replace"]> {
    const ask = { name, version, text };
    const reply = await this.#client.remote.attempt("outward", (call) => call("replaceState", ask));
    if (reply.kind === "unavailable")
      return unavailableFor(reply.cause, this.#client.remote.health);
    return reply.value ? { kind: "replaced", version: text } : { kind: "overtaken" };
  }
}
