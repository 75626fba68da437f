// A client of an isolate's inspector, over the Chrome DevTools protocol.

export class Inspector {
  readonly #socket: WebSocket;
  readonly #waiting = new Map<number, PromiseWithResolvers<unknown>>();
  #lastId = 0;

  private constructor(socket: WebSocket) {
    this.#socket = socket;
    socket.addEventListener("message", ({ data }) => this.#received(String(data)));
    socket.addEventListener("close", () => this.#closed());
  }

  /** @param port the port of the runtime's inspector */
  static async of(worker: string, port: number): Promise<Inspector> {
    const list = await (await fetch(`http://127.0.0.1:${port}/json`)).json();
    const targets = list as { title: string; webSocketDebuggerUrl: string }[];
    const target = targets.find(({ title }) => title.includes(worker));
    if (target === undefined) throw new Error(`No Worker named ${worker} can be inspected.`);
    const socket = new WebSocket(target.webSocketDebuggerUrl);
    await new Promise((resolve, reject) => {
      socket.addEventListener("open", resolve);
      socket.addEventListener("error", reject);
    });
    return new Inspector(socket);
  }

  /** @throws Error with the isolate's message if the isolate rejects the command */
  call<T = unknown>(method: string, params: object = {}): Promise<T> {
    this.#lastId += 1;
    const waiter = Promise.withResolvers<unknown>();
    this.#waiting.set(this.#lastId, waiter);
    this.#socket.send(JSON.stringify({ id: this.#lastId, method, params }));
    return waiter.promise as Promise<T>;
  }

  stop(): Promise<void> {
    this.#socket.close();
    return Promise.resolve();
  }

  #received(text: string): void {
    const said = JSON.parse(text) as { id?: number; result?: unknown; error?: { message: string } };
    if (said.id === undefined) return;
    const waiter = this.#waiting.get(said.id);
    this.#waiting.delete(said.id);
    if (said.error === undefined) waiter?.resolve(said.result);
    else waiter?.reject(new Error(said.error.message));
  }

  #closed(): void {
    for (const waiter of this.#waiting.values())
      waiter.reject(new Error("The isolate has closed the connection."));
  }
}
