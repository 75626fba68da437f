// The origin of all items: it knows the version of each item, and answers as slowly as a history
// wants.
import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { nowAtMs } from "../load/ask.ts";

/** One item. Its version only grows. */
interface Item {
  version: number;
  /** The loads that wait for an answer. */
  waitingCount: number;
  /** Resolves when the origin may answer a load. */
  readonly hold: () => Promise<void>;
}

export interface Load {
  readonly id: string;
  /** The query parameter `reader`. */
  readonly reader: string | null;
  readonly loadedAtMs: readonly [from: number, to: number];
}

/** The content of an answer of the origin, which a body may contain anywhere. */
const answerForm = /"id":"([^"]+)","version":(\d+),"load":(\d+)/;

export class Origin {
  readonly #items = new Map<string, Item>();
  readonly #loads: Load[] = [];
  readonly #server = createServer(async ({ url = "/" }, response) => {
    const { pathname, searchParams } = new URL(url, "http://origin");
    const id = pathname.slice(1);
    const item = this.#items.get(id);
    const version = item?.version ?? 0;
    const times: [number, number] = [nowAtMs(), Number.POSITIVE_INFINITY];
    const load = this.#loads.length;
    this.#loads.push({ id, reader: searchParams.get("reader"), loadedAtMs: times });
    if (item !== undefined) {
      item.waitingCount += 1;
      await item.hold();
      item.waitingCount -= 1;
    }
    times[1] = nowAtMs();
    response.writeHead(200, { ...this.#fieldsOf(id), "content-type": "application/json" });
    response.end(JSON.stringify({ id, version, load }));
  });
  readonly #fieldsOf: (id: string) => Readonly<Record<string, string>>;

  private constructor(fieldsOf: (id: string) => Readonly<Record<string, string>>) {
    this.#fieldsOf = fieldsOf;
  }

  /** @param fieldsOf the response fields of an item */
  static async start(
    fieldsOf: (id: string) => Readonly<Record<string, string>> = () => ({}),
  ): Promise<Origin> {
    const origin = new Origin(fieldsOf);
    await once(origin.#server.listen(0, "127.0.0.1"), "listening");
    return origin;
  }

  get url(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  add(id: string, hold: () => Promise<void>): Item {
    const item = { version: 1, waitingCount: 0, hold };
    this.#items.set(id, item);
    return item;
  }

  /** Returns the version that a body shows, and when its load arrived and was answered. */
  shownIn(body: string, id: string): (Pick<Load, "loadedAtMs"> & { version: number }) | undefined {
    const [, of, version, load] = answerForm.exec(body) ?? [];
    if (of !== id) return undefined;
    const loadedAtMs = this.#loads[Number(load)]?.loadedAtMs ?? [0, 0];
    return { version: Number(version), loadedAtMs };
  }

  loadsOf(id: string): readonly Load[] {
    return this.#loads.filter((load) => load.id === id);
  }

  async stop(): Promise<void> {
    this.#server.closeAllConnections();
    this.#server.close();
  }
}
