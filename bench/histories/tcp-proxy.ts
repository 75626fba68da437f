// A TCP proxy whose target and delay can change.
import { once } from "node:events";
import { type AddressInfo, connect, createServer, type Socket } from "node:net";
import { setTimeout as delay } from "node:timers/promises";

export class TcpProxy {
  /** The port of the target. */
  target: number;
  /** The delay of each piece of data, in both directions. */
  lagMs = 0;
  readonly #open = new Set<Socket>();
  readonly #server = createServer((client) => {
    const server = connect(this.target, "127.0.0.1");
    this.#pass(client, server);
    this.#pass(server, client);
  });

  private constructor(target: number) {
    this.target = target;
  }

  static async start(target: number): Promise<TcpProxy> {
    const proxy = new TcpProxy(target);
    await once(proxy.#server.listen(0, "127.0.0.1"), "listening");
    return proxy;
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  /** Breaks all connections. */
  cut(): void {
    for (const socket of this.#open) socket.destroy();
  }

  async stop(): Promise<void> {
    this.cut();
    this.#server.close();
  }

  #pass(from: Socket, to: Socket): void {
    this.#open.add(from);
    let last: Promise<unknown> = Promise.resolve();
    from.on("data", (piece) => {
      // Wait for the earlier pieces, because the lag may have changed.
      const lag = this.lagMs === 0 ? undefined : delay(this.lagMs);
      last = Promise.all([last, lag]).then(() => to.writable && to.write(piece));
    });
    from.once("error", () => to.destroy());
    from.once("close", () => {
      this.#open.delete(from);
      to.destroy();
    });
  }
}
