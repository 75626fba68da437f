// The origin of all items: it knows the version of each item, and answers as slowly as a history
// wants.
import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { nowAtMs } from "../load/ask.ts";

/** One item. Its version only grows. */
export interface Item {
  version: number;
  /** The loads that wait for an answer. */
  waitingCount: number;
  /** Resolves when the origin may answer a load. */
  readonly hold: () => Promise<void>;
}

export class Origin {
  readonly #items = new Map<string, Item>();
  readonly #loads: [from: number, to: number][] = [];
  readonly #server = createServer(async ({ url = "/" }, response) => {
    const [id = ""] = url.slice(1).split("?");
    const item = this.#items.get(id);
    const version = item?.version ?? 0;
    const times: [number, number] = [nowAtMs(), Number.POSITIVE_INFINITY];
    const load = this.#loads.push(times) - 1;
    if (item !== undefined) {
      item.waitingCount += 1;
      await item.hold();
      item.waitingCount -= 1;
    }
    times[1] = nowAtMs();
    response.end(JSON.stringify({ id, version, load }));
  });

  static async start(): Promise<Origin> {
    const origin = new Origin();
    await once(origin.#server.listen(0, "127.0.0.1"), "listening");
    return origin;
  }

  get url(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  get loadCount(): number {
    return this.#loads.length;
  }

  add(id: string, hold: () => Promise<void>): Item {
    const item = { version: 1, waitingCount: 0, hold };
    this.#items.set(id, item);
    return item;
  }

  /** Returns when a load arrived and when it was answered. */
  timesOf(load: number): readonly [from: number, to: number] {
    return this.#loads[load] ?? [0, 0];
  }

  async stop(): Promise<void> {
    this.#server.closeAllConnections();
    this.#server.close();
  }
}
