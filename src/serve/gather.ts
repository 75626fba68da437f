// Gathers an origin's body while it streams to the client. What exceeds the buffer goes on to
// client and edge tier in lock-step, at the client's pace.
import { type BytePipe, openBytePipe } from "./byte-pipe.ts";

export type Gathered =
  | { kind: "whole"; bytes: Uint8Array<ArrayBuffer> }
  /** Streamed on; `overflow` settled with whether the edge tier kept it. */
  | { kind: "streamed" }
  /** Cut short by the origin: not to be stored. */
  | { kind: "cut" };

export interface GatherPlan {
  readonly source: ReadableStream<Uint8Array>;
  /** Where the client reads; `undefined` if nobody waits for the body. */
  readonly client: BytePipe | undefined;
  readonly bufferBytes: number;
  /** Content-Length; `null` where there is none. */
  readonly bodyBytes: number | null;
  /** The largest body that may go to the edge tier in a stream; 0 for none. */
  readonly streamBytesMax: number;
  /** Called once with what the edge tier should read, when the body outgrows the buffer. */
  readonly onOverflow: (stream: ReadableStream<Uint8Array>) => void;
  /** Called once when it is known that there will be nothing to share, before the body's end. */
  readonly onUnshared: () => void;
}

export async function gather(plan: GatherPlan): Promise<Gathered> {
  const reader = plan.source.getReader();
  const chunks: Uint8Array[] = [];
  const client = new ClientEnd(plan.client);
  let gatheredBytes = 0;
  try {
    for (;;) {
      const { done, value } = await reader.read();
      if (done) break;
      gatheredBytes += value.byteLength;
      chunks.push(value);
      client.queue(value);
      if (gatheredBytes > plan.bufferBytes) {
        plan.onUnshared();
        await streamOn({ plan, reader, client, chunks, gatheredBytes });
        return { kind: "streamed" };
      }
    }
  } catch (cause) {
    await client.abort(cause);
    return { kind: "cut" };
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
  readonly reader: ReadableStreamDefaultReader<Uint8Array>;
  readonly client: ClientEnd;
  readonly chunks: readonly Uint8Array[];
  readonly gatheredBytes: number;
}

/** A client that leaves ends the store; an edge tier that fails leaves the client alone. */
async function streamOn(overflowing: Overflowing): Promise<void> {
  const { plan, reader, client } = overflowing;
  let edge = openEdge(plan);
  let sentBytes = overflowing.gatheredBytes;
  const toEdge = async (chunk: Uint8Array) => {
    await edge?.writer.write(chunk).catch(() => {
      edge = undefined;
    });
  };
  try {
    await client.drained();
    for (const chunk of overflowing.chunks) await toEdge(chunk);
    for (;;) {
      if (client.hasLeft) throw new Error("The client left.");
      const { done, value } = await reader.read();
      if (done) break;
      sentBytes += value.byteLength;
      if (sentBytes > plan.streamBytesMax) await edge?.writer.abort().catch(() => undefined);
      client.queue(value);
      await Promise.all([client.drained(), toEdge(value)]);
    }
    client.close();
    await edge?.writer.close().catch(() => undefined);
  } catch (cause) {
    await Promise.allSettled([
      edge?.writer.abort(cause),
      client.abort(cause),
      reader.cancel(cause),
    ]);
  }
}

function openEdge(plan: GatherPlan): BytePipe | undefined {
  if ((plan.bodyBytes ?? 0) > plan.streamBytesMax || plan.streamBytesMax === 0) return undefined;
  const pipe = openBytePipe(plan.bodyBytes);
  plan.onOverflow(pipe.readable);
  return pipe;
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
