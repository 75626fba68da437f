// Gathers an origin's body while it streams to the client. A body larger than the buffer continues to client
// and edge tier in lock-step, at the client's pace.
import { within } from "../../base/timeouts.ts";
import type { ByteBudget } from "../../cache/byte-budget.ts";
import { type BytePipe, openBytePipe } from "./byte-pipe.ts";
import { ClientEnd } from "./client-end.ts";
import type { Relay } from "./relay.ts";
import { ChunkReader } from "./chunk-reader.ts";

/** The result of gathering a body. */
export type GatherResult =
  | {
      kind: "whole";
      blob: Blob;
      /** Settles once the client has taken the whole body or left. Nothing else needs to wait for it. */
      sent: Promise<void>;
    }
  /** Streamed to the client and, if allowed, to the edge tier. */
  | { kind: "streamed" }
  /** Truncated by the origin: not to be stored. */
  | { kind: "cut" };

/** A body, its readers, and the memory that it may use. */
export interface GatherPlan {
  readonly source: ReadableStream<Uint8Array<ArrayBuffer>>;
  /** The client's end; `undefined` without a client. */
  readonly client: BytePipe | undefined;
  /** The end of clients that have joined; `undefined` if none can. */
  readonly relay?: Pick<Relay, "push" | "end" | "isRead" | "room"> | undefined;
  readonly bufferBytes: number;
  /** Timeout between two chunks of the origin. */
  readonly betweenBytesMs: number;
  /** Returns whether the runtime's time for work without a client is over. */
  readonly isOver: () => boolean;
  /** The memory of all fills. A fill that gets none of it streams on. */
  readonly budget: ByteBudget;
  /** Content-Length; `null` where there is none. */
  readonly bodyBytes: number | null;
  /** The largest body that may be streamed to the edge tier; 0 for none. */
  readonly streamBytesMax: number;
  /** Called once, when the body outgrows the buffer, with the edge tier's stream and its final length. */
  readonly onOverflow: (
    stream: ReadableStream<Uint8Array>,
    completed: Promise<number | "cut">,
  ) => void;
  /** Called once, before the body's end, when it is known that nothing can be shared. */
  readonly onUnshared: () => void;
}

/**
 * Gathers a body while its client reads it. Settles once the body has arrived or was truncated; the client
 * may still be reading. Never rejects.
 */
export async function gather(plan: GatherPlan): Promise<GatherResult> {
  const gathered = await gatherAll(plan);
  plan.relay?.end(gathered.kind === "cut" ? "cut" : "whole");
  return gathered;
}

async function gatherAll(plan: GatherPlan): Promise<GatherResult> {
  const reader = new ChunkReader(plan.source, plan.betweenBytesMs, plan.bodyBytes);
  const buffer = new BodyBuffer(plan);
  const client = new ClientEnd(plan.client);
  try {
    for (;;) {
      const chunk = await reader.read();
      if (chunk === undefined) break;
      // If the runtime cut it off, it would never release its share of the budget.
      const isReading = client.isReading || plan.relay?.isRead === true;
      if (!isReading && plan.isOver()) throw new Error("Nobody waits for it any more.");
      client.queue(chunk);
      plan.relay?.push(chunk);
      const isHeld = buffer.add(chunk);
      if (!isHeld || buffer.bytes > plan.bufferBytes) {
        plan.onUnshared();
        await streamOn(plan, reader, client, buffer);
        return { kind: "streamed" };
      }
    }
    if (plan.bodyBytes !== null && plan.bodyBytes !== buffer.bytes) {
      throw new Error("The body was shorter than its length said.");
    }
  } catch (cause) {
    buffer.empty();
    client.abort(cause);
    void reader.cancel();
    return { kind: "cut" };
  }
  const blob = buffer.joined();
  client.shareFrom(blob);
  const release = plan.budget.hold(blob, blob.size);
  buffer.empty();
  return { kind: "whole", blob, sent: client.close(plan.budget).finally(release) };
}

const smallBytesMax = 65_536;

/** The chunks so far, and the bytes taken from the budget for them. */
class BodyBuffer {
  readonly #budget: ByteBudget;
  /** The stated length, if any. */
  readonly #bodyBytes: number;
  #chunks: Uint8Array<ArrayBuffer>[] = [];
  #takenBytes = 0;
  bytes = 0;

  constructor({ budget, bodyBytes }: Pick<GatherPlan, "budget" | "bodyBytes">) {
    this.#budget = budget;
    this.#bodyBytes = bodyBytes ?? 0;
  }

  /** @returns whether the budget had room; the chunk is kept in any case */
  add(chunk: Uint8Array<ArrayBuffer>): boolean {
    this.bytes += chunk.byteLength;
    this.#chunks.push(chunk);
    const isLarge = Math.max(this.bytes, this.#bodyBytes) > smallBytesMax;
    const isHeld = this.#budget.take(chunk.byteLength, isLarge ? "large" : "small");
    if (isHeld) this.#takenBytes += chunk.byteLength;
    return isHeld;
  }

  /** Releases the chunks one by one, as they are passed on. */
  *passedOn(): Generator<Uint8Array> {
    for (let next = this.#chunks.shift(); next !== undefined; next = this.#chunks.shift()) {
      yield next;
    }
    this.empty();
  }

  joined(): Blob {
    return new Blob(this.#chunks);
  }

  empty(): void {
    this.#chunks = [];
    this.#budget.give(this.#takenBytes);
    this.#takenBytes = 0;
  }
}

/** Streams the rest. A client that leaves ends the store; a failing edge tier does not affect the client. */
async function streamOn(
  plan: GatherPlan,
  reader: ChunkReader,
  client: ClientEnd,
  buffer: BodyBuffer,
): Promise<void> {
  const { bodyBytes, streamBytesMax } = plan;
  const mayStream = streamBytesMax > 0 && (bodyBytes ?? 0) <= streamBytesMax;
  const edge = mayStream ? new EdgeEnd(plan) : undefined;
  let sentBytes = buffer.bytes;
  try {
    await Promise.all([client.drained(plan.budget), plan.relay?.room()]);
    for (const chunk of buffer.passedOn()) await edge?.write(chunk);
    for (;;) {
      const isOver = plan.client === undefined && plan.relay?.isRead !== true && plan.isOver();
      if (client.hasLeft || isOver) throw new Error("The client left.");
      const chunk = await reader.read();
      if (chunk === undefined) break;
      sentBytes += chunk.byteLength;
      if (sentBytes > streamBytesMax) edge?.cut();
      client.queue(chunk);
      plan.relay?.push(chunk);
      await Promise.all([client.drained(), edge?.write(chunk), plan.relay?.room()]);
    }
    void client.close(plan.budget);
    await edge?.complete(sentBytes);
  } catch (cause) {
    buffer.empty();
    client.abort(cause);
    plan.relay?.end("cut");
    edge?.cut();
    await reader.cancel();
  }
}

/** How long the edge tier may leave a chunk unread. */
const stallMsMax = 2_000;

/** The edge tier's stream, and its final length or `cut`. */
class EdgeEnd {
  readonly #writer: BytePipe["writer"];
  readonly #completed = Promise.withResolvers<number | "cut">();
  #isOver = false;

  constructor({ bodyBytes, onOverflow }: Pick<GatherPlan, "bodyBytes" | "onOverflow">) {
    const { readable, writer } = openBytePipe(bodyBytes);
    this.#writer = writer;
    onOverflow(readable, this.#completed.promise);
  }

  /** Gives up a tier that stalls, because the client waits for it. */
  async write(chunk: Uint8Array): Promise<void> {
    if (this.#isOver) return;
    await within(this.#writer.write(chunk), stallMsMax).catch(() => this.cut());
  }

  async complete(bytes: number): Promise<void> {
    if (this.#isOver) return;
    const isClosed = await within(this.#writer.close(), stallMsMax).then(
      () => true,
      () => false,
    );
    this.#isOver = true;
    this.#completed.resolve(isClosed ? bytes : "cut");
  }

  /** Not awaited: the abort of an unread stream does not settle. */
  cut(): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#completed.resolve("cut");
    void this.#writer.abort(new Error("The body was cut short.")).catch(() => undefined);
  }
}
