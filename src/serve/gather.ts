// Gathers an origin's body while it streams to the client. What exceeds the buffer goes on to
// client and edge tier in lock-step, at the client's pace.
import type { ByteBudget } from "./byte-budget.ts";
import { type BytePipe, openBytePipe } from "./byte-pipe.ts";
import { ChunkReader } from "./chunk-reader.ts";

export type Gathered =
  | { kind: "whole"; bytes: Uint8Array<ArrayBuffer> }
  /** Went on to the client and, where it may, to the edge tier. */
  | { kind: "streamed" }
  /** Cut short by the origin: not to be stored. */
  | { kind: "cut" };

export interface GatherPlan {
  readonly source: ReadableStream<Uint8Array>;
  /** Where the client reads; `undefined` if nobody waits for the body. */
  readonly client: BytePipe | undefined;
  readonly bufferBytes: number;
  /** How long the origin may let its body stall. */
  readonly betweenBytesMs: number;
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

export async function gather(plan: GatherPlan): Promise<Gathered> {
  const reader = new ChunkReader(plan.source, plan.betweenBytesMs);
  const chunks: Uint8Array[] = [];
  const client = new ClientEnd(plan.client);
  let gatheredBytes = 0;
  let takenBytes = 0;
  try {
    for (;;) {
      const chunk = await reader.read();
      if (chunk === undefined) break;
      gatheredBytes += chunk.byteLength;
      chunks.push(chunk);
      client.queue(chunk);
      const isHeld = plan.budget.take(chunk.byteLength);
      if (isHeld) takenBytes += chunk.byteLength;
      if (!isHeld || gatheredBytes > plan.bufferBytes) {
        plan.onUnshared();
        await streamOn({ plan, reader, client, chunks, gatheredBytes });
        return { kind: "streamed" };
      }
    }
  } catch (cause) {
    await client.abort(cause);
    return { kind: "cut" };
  } finally {
    plan.budget.give(takenBytes);
  }
  client.close();
  const isCut = plan.bodyBytes !== null && plan.bodyBytes !== gatheredBytes;
  return isCut ? { kind: "cut" } : { kind: "whole", bytes: joined(chunks, gatheredBytes) };
}

/**
 * The client may leave or read slowly while a body is gathered: what is queued for it is never
 * more than the buffer holds, and the fill goes on without it.
 */
class ClientEnd {
  readonly #pipe: BytePipe | undefined;
  #hasLeft = false;
  #queued: Promise<void> = Promise.resolve();

  constructor(pipe: BytePipe | undefined) {
    this.#pipe = pipe;
  }

  get hasLeft(): boolean {
    return this.#hasLeft;
  }

  queue(chunk: Uint8Array): void {
    if (this.#pipe === undefined || this.#hasLeft) return;
    this.#queued = this.#pipe.writer.write(chunk).catch(() => {
      this.#hasLeft = true;
    });
  }

  /** Settles once everything queued was taken. */
  async drained(): Promise<void> {
    await this.#queued;
  }

  close(): void {
    void this.#pipe?.writer.close().catch(() => undefined);
  }

  async abort(cause: unknown): Promise<void> {
    await this.#pipe?.writer.abort(cause).catch(() => undefined);
  }
}

interface Overflowing {
  readonly plan: GatherPlan;
  readonly reader: ChunkReader;
  readonly client: ClientEnd;
  readonly chunks: readonly Uint8Array[];
  readonly gatheredBytes: number;
}

/** A client that leaves ends the store; an edge tier that fails leaves the client alone. */
async function streamOn(overflowing: Overflowing): Promise<void> {
  const { plan, reader, client } = overflowing;
  const edge = openEdge(plan);
  let sentBytes = overflowing.gatheredBytes;
  try {
    await client.drained();
    for (const chunk of overflowing.chunks) await edge?.write(chunk);
    for (;;) {
      if (client.hasLeft) throw new Error("The client left.");
      const chunk = await reader.read();
      if (chunk === undefined) break;
      sentBytes += chunk.byteLength;
      if (sentBytes > plan.streamBytesMax) await edge?.cut();
      client.queue(chunk);
      await Promise.all([client.drained(), edge?.write(chunk)]);
    }
    client.close();
    await edge?.complete(sentBytes);
  } catch (cause) {
    await Promise.all([edge?.cut(), client.abort(cause), reader.cancel()]);
  }
}

function openEdge(plan: GatherPlan): EdgeEnd | undefined {
  if ((plan.bodyBytes ?? 0) > plan.streamBytesMax || plan.streamBytesMax === 0) return undefined;
  const pipe = openBytePipe(plan.bodyBytes);
  const edge = new EdgeEnd(pipe);
  plan.onOverflow(pipe.readable, edge.completed);
  return edge;
}

/** What the edge tier reads, and the word on whether it was all. */
class EdgeEnd {
  readonly #pipe: BytePipe;
  readonly #completed = Promise.withResolvers<number | "cut">();
  #isOver = false;

  constructor(pipe: BytePipe) {
    this.#pipe = pipe;
  }

  get completed(): Promise<number | "cut"> {
    return this.#completed.promise;
  }

  async write(chunk: Uint8Array): Promise<void> {
    if (this.#isOver) return;
    await this.#pipe.writer.write(chunk).catch(() => this.cut());
  }

  async complete(bytes: number): Promise<void> {
    if (this.#isOver) return;
    const isClosed = await this.#pipe.writer.close().then(
      () => true,
      () => false,
    );
    this.#isOver = true;
    this.#completed.resolve(isClosed ? bytes : "cut");
  }

  async cut(): Promise<void> {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#completed.resolve("cut");
    await this.#pipe.writer.abort(new Error("The body was cut short.")).catch(() => undefined);
  }
}

function joined(chunks: readonly Uint8Array[], bytes: number): Uint8Array<ArrayBuffer> {
  const whole = new Uint8Array(bytes);
  let at = 0;
  for (const chunk of chunks) {
    whole.set(chunk, at);
    at += chunk.byteLength;
  }
  return whole;
}
