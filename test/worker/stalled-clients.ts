// Clients that ask for a page and then read nothing of it.
import { once } from "node:events";
import { connect, type Socket } from "node:net";

export class StalledClients {
  readonly #sockets: Socket[] = [];

  get count(): number {
    return this.#sockets.length;
  }

  /** Resolves once every one of them has the beginning of its answer. */
  async ask(url: string, paths: readonly string[]): Promise<void> {
    const { host, hostname, port } = new URL(url);
    await Promise.all(
      paths.map(async (path) => {
        const socket = connect({ host: hostname, port: Number(port) });
        socket.on("error", () => undefined);
        this.#sockets.push(socket);
        socket.write(`GET ${path} HTTP/1.1\r\nhost: ${host}\r\n\r\n`);
        await once(socket, "readable");
      }),
    );
  }

  /** They leave without having read. */
  leave(): void {
    for (const socket of this.#sockets.splice(0)) socket.destroy();
  }
}
