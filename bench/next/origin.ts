// The origin of all items: it knows the version of each item, and answers as slowly as a history
// wants.
import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { nowAtMs } from "../load/ask.ts";
import type { Render } from "./judge.ts";

/** One item. Its version only grows. */
export interface Item {
  version: number;
  /** The loads that wait for an answer. */
  waitingCount: number;
  /** Resolves when the origin may answer a load. */
  readonly hold: () => Promise<void>;
}

interface Load {
  readonly id: string;
  /** `page` or `isr` for the load of a page. */
  readonly reader: string | null;
  readonly loadedAtMs: [from: number, to: number];
}

export class Origin {
  readonly #items = new Map<string, Item>();
  readonly #loads: Load[] = [];
  readonly #server = createServer(async ({ url = "/" }, response) => {
    const { pathname, searchParams } = new URL(url, "http://origin");
    const id = pathname.slice(1);
    const item = this.#items.get(id);
    const version = item?.version ?? 0;
    const times: [number, number] = [nowAtMs(), Number.POSITIVE_INFINITY];
    const reader = searchParams.get("reader");
    const load = this.#loads.push({ id, reader, loadedAtMs: times }) - 1;
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
    return this.#loads[load]?.loadedAtMs ?? [0, 0];
  }

  /** Returns the loads of the item's pages. */
  rendersOf(id: string): Render[] {
    return this.#loads.flatMap(({ id: of, reader, loadedAtMs }) =>
      of === id && (reader === "page" || reader === "isr") ? [{ cache: reader, loadedAtMs }] : [],
    );
  }

  async stop(): Promise<void> {
    this.#server.closeAllConnections();
    this.#server.close();
  }
}
