// A handler in an isolate that makes pages of values of the data cache, and names no tags. The text of a value is the
// number of the page's version at the origin, which is the database here.
import type { CollectReads } from "../../../src/cache/record/record.ts";
import { Reads } from "../../../src/data/load/reads.ts";
import { runReading } from "../../../src/data/load/waits.ts";
import type { OriginRequest } from "../../../src/platform/fetch-origin.ts";
import type { SimulatedIsolate } from "../simulated-isolate.ts";
import type { SimulatedOrigin } from "../simulated-origin.ts";
import { SimulatedStore, soundStoreParts, wayOf } from "./simulated-store.ts";

export class ValuePages {
  readonly #isolate: SimulatedIsolate;
  readonly #origin: SimulatedOrigin;
  readonly #store: SimulatedStore;

  constructor(isolate: SimulatedIsolate, origin: SimulatedOrigin) {
    this.#isolate = isolate;
    this.#origin = origin;
    this.#store = new SimulatedStore(isolate, soundStoreParts);
  }

  readonly collect: CollectReads = (work) => runReading(new Reads(this.#isolate.view), work);

  /** Reads the value before the head, or while the body is read. */
  async fetch({ target, method, headers }: OriginRequest): Promise<Response> {
    const { world } = this.#isolate;
    const [, page = ""] = target.path.split("/");
    await world.sleep(wayOf(world));
    if (this.#origin.isDown) throw new Error("The handler fails.");
    const isLate = method !== "HEAD" && world.draw() < 0.3;
    if (isLate) return new Response(this.#lateBody(page));
    const text = await this.#textOf(page);
    await world.sleep(wayOf(world));
    const fields = { etag: `"${text}"` };
    const isUnchanged = headers.get("if-none-match") === fields.etag;
    if (isUnchanged) return new Response(null, { status: 304, headers: fields });
    return new Response(method === "HEAD" ? null : text, { headers: fields });
  }

  #lateBody(page: string): ReadableStream {
    return new ReadableStream({
      pull: async (controller) => {
        const text = await this.#textOf(page);
        controller.enqueue(new TextEncoder().encode(text));
        controller.close();
      },
    });
  }

  /** Returns the value itself, or what a load has made of it. */
  async #textOf(page: string): Promise<string> {
    const { rows, lists } = this.#store;
    const { world } = this.#isolate;
    const read = async () =>
      (await rows.getOrSet(`${page}/text`, async ({ tags }) => {
        tags(page);
        await world.sleep(wayOf(world));
        const { number } = this.#origin.current(page);
        await world.sleep(wayOf(world));
        return String(number);
      })) ?? "";
    return world.draw() < 0.5 ? read() : ((await lists.getOrSet(page, read)) ?? "");
  }
}
