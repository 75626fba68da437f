// A CPU profile of a running Worker, taken over workerd's inspector (the Chrome DevTools Protocol).
import { once } from "node:events";

export interface CallFrame {
  /** Empty of what has no name. */
  readonly functionName: string;
  /** Empty of what belongs to the runtime. */
  readonly url: string;
  /** From 0, in the script as it runs. */
  readonly lineNumber: number;
}

/** `Profiler.Profile` of the protocol, as far as it is read here. */
export interface CpuProfile {
  readonly nodes: readonly {
    readonly id: number;
    readonly callFrame: CallFrame;
    /** Those it called. */
    readonly children?: readonly number[];
  }[];
  /** The node that was running, sample by sample. */
  readonly samples: readonly number[];
  /** Between each sample and the one before, in microseconds. */
  readonly timeDeltas: readonly number[];
}

interface Said {
  readonly id?: number;
  readonly result?: unknown;
  readonly error?: { readonly message: string };
}

/** One connection to the inspector of the Worker that runs there. */
export class Inspector {
  readonly #socket: WebSocket;
  readonly #waiting = new Map<number, PromiseWithResolvers<unknown>>();
  #lastId = 0;

  private constructor(socket: WebSocket) {
    this.#socket = socket;
    socket.addEventListener("message", ({ data }) => this.#hear(JSON.parse(String(data)) as Said));
    socket.addEventListener("close", () => this.#lose());
  }

  /** @throws Error when no Worker of this name is listed at the port */
  static async connect(port: number, workerName: string): Promise<Inspector> {
    const response = await fetch(`http://127.0.0.1:${port}/json`);
    const listed = (await response.json()) as { id: string; webSocketDebuggerUrl: string }[];
    const target = listed.find(({ id }) => id.endsWith(workerName));
    if (target === undefined) throw new Error(`The inspector lists no Worker ${workerName}.`);
    const socket = new WebSocket(target.webSocketDebuggerUrl);
    await once(socket, "open");
    return new Inspector(socket);
  }

  /** @returns what ran while `work` did, one sample in `intervalUs` microseconds */
  async profile(intervalUs: number, work: () => Promise<void>): Promise<CpuProfile> {
    await this.#send("Profiler.enable");
    await this.#send("Profiler.setSamplingInterval", { interval: intervalUs });
    await this.#send("Profiler.start");
    await work();
    const { profile } = (await this.#send("Profiler.stop")) as { profile: CpuProfile };
    return profile;
  }

  close(): void {
    this.#socket.close();
  }

  #send(method: string, params: object = {}): Promise<unknown> {
    this.#lastId += 1;
    const waiter = Promise.withResolvers<unknown>();
    this.#waiting.set(this.#lastId, waiter);
    this.#socket.send(JSON.stringify({ id: this.#lastId, method, params }));
    return waiter.promise;
  }

  #hear({ id = 0, result, error }: Said): void {
    const waiter = this.#waiting.get(id);
    this.#waiting.delete(id);
    if (error === undefined) waiter?.resolve(result);
    else waiter?.reject(new Error(`The inspector refused: ${error.message}`));
  }

  #lose(): void {
    for (const waiter of this.#waiting.values()) {
      waiter.reject(new Error("The inspector's connection was closed."));
    }
  }
}
