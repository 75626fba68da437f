// Gathers an origin's body while it streams to the client. What exceeds the buffer goes on to
// client and edge tier in lock-step, at the client's pace.
import { within } from "../../base/patience.ts";
import type { ByteBudget } from "../../cache/byte-budget.ts";
import { type BytePipe, openBytePipe } from "./byte-pipe.ts";
import { ClientEnd } from "./client-end.ts";
import type { Relay } from "./relay.ts";
import { ChunkReader } from "./chunk-reader.ts";

/** What came of a body. */
export type Gathered =
  | {
      kind: "whole";
      blob: Blob;
      /** Settles once the client has taken all of it, or left; nothing else need wait for that. */
      sent: Promise<void>;
    }
  /** Went on to the client and, where it may, to the edge tier. */
  | { kind: "streamed" }
  /** Cut short by the origin: not to be stored. */
  | { kind: "cut" };

/** A body, where it goes, and how much of it may be held. */
export interface GatherPlan {
  readonly source: ReadableStream<Uint8Array<ArrayBuffer>>;
  /** Where the client reads; `undefined` if nobody waits for the body. */
  readonly client: BytePipe | undefined;
  /** Where clients read who have joined; `undefined` if none can. */
  readonly relay?: Pick<Relay, "push" | "end" | "isRead" | "room"> | undefined;
  readonly bufferBytes: number;
  /** How long the origin may let its body stall. */
  readonly betweenBytesMs: number;
  /** Has it gone on for as long as the runtime lets anything go on that no client waits for? */
  readonly isOver: () => boolean;
  /** What all fills under way may hold; a fill for which nothing is left streams on. */
  readonly budget: ByteBudget;
  /** Content-Length; `null` where there is none. */
  readonly bodyBytes: number | null;
  /** The largest body that may go to the edge tier in a stream; 0 for none. */
  readonly streamBytesMax: number;
  /**
   * Called once, when the body outgrows the buffer, with what the edge tier should read and with
   * what will tell it whether that was all.
   */
  readonly onOverflow: (
    stream: ReadableStream<Uint8Array>,
    completed: Promise<number | "cut">,
  ) => void;
  /** Called once when it is known that there will be nothing to share, before the body's end. */
  readonly onUnshared: () => void;
}

/**
 * Gathers a body while its client reads it. Settles once it has come, or was cut short; the client may
 * have yet to take it. Never rejects.
 */
export async function gather(plan: GatherPlan): Promise<Gathered> {
  const gathered = await gatherAll(plan);
  plan.relay?.end(gathered.kind === "cut" ? "cut" : "whole");
  return gathered;
}

async function gatherAll(plan: GatherPlan): Promise<Gathered> {
  const reader = new ChunkReader(plan.source, plan.betweenBytesMs, plan.bodyBytes);
  const buffer = new Buffered(plan);
  const client = new ClientEnd(plan.client);
  try {
    for (;;) {
      const chunk = await reader.read();
      if (chunk === undefined) break;
      // Cut off by the runtime, it would never give back its share of the budget.
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
  const letGo = plan.budget.hold(blob, blob.size);
  buffer.empty();
  return { kind: "whole", blob, sent: client.close(plan.budget).finally(letGo) };
}

const smallBytesMax = 65_536;

/** The chunks that have come, and what was taken of the budget for them. */
class Buffered {
  readonly #budget: ByteBudget;
  /** What is known of its length. */
  readonly #bodyBytes: number;
  #chunks: Uint8Array<ArrayBuffer>[] = [];
  #takenBytes = 0;
  bytes = 0;

  constructor({ budget, bodyBytes }: Pick<GatherPlan, "budget" | "bodyBytes">) {
    this.#budget = budget;
    this.#bodyBytes = bodyBytes ?? 0;
  }

  /** @returns whether there was room for it; it is kept all the same */
  add(chunk: Uint8Array<ArrayBuffer>): boolean {
    this.bytes += chunk.byteLength;
    this.#chunks.push(chunk);
    const isLarge = Math.max(this.bytes, this.#bodyBytes) > smallBytesMax;
    const isHeld = this.#budget.take(chunk.byteLength, isLarge ? "large" : "small");
    if (isHeld) this.#takenBytes += chunk.byteLength;
    return isHeld;
  }

  /** Let go of one by one, as they are passed on. */
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

/** A client that leaves ends the store; an edge tier that fails leaves the client alone. */
async function streamOn(
  plan: GatherPlan,
  reader: ChunkReader,
  client: ClientEnd,
  buffer: Buffered,
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

/** How long the edge tier may leave a piece of a body unread. */
const stallMsMax = 2_000;

/** What the edge tier reads, and the word on whether it was all. */
class EdgeEnd {
  readonly #writer: BytePipe["writer"];
  readonly #completed = Promise.withResolvers<number | "cut">();
  #isOver = false;

  constructor({ bodyBytes, onOverflow }: Pick<GatherPlan, "bodyBytes" | "onOverflow">) {
    const { readable, writer } = openBytePipe(bodyBytes);
    this.#writer = writer;
    onOverflow(readable, this.#completed.promise);
  }

  /** A tier that takes nothing more for a while is given up: the client waits for it. */
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

  /** Not waited for: what nobody reads is not aborted either. */
  cut(): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#completed.resolve("cut");
    void this.#writer.abort(new Error("The body was cut short.")).catch(() => undefined);
  }
}
