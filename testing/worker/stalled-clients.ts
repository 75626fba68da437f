// Clients that send a request and then do not read the answer.
import { once } from "node:events";
import { connect, type Socket } from "node:net";

export class StalledClients {
  readonly #sockets: Socket[] = [];

  /**
   * Opens one connection for each path, and waits until each client has the beginning of its
   * answer.
   *
   * @param times the number of pipelined requests on each connection
   */
  async ask(url: string, paths: readonly string[], times = 1): Promise<void> {
    const { host, hostname, port } = new URL(url);
    await Promise.all(
      paths.map(async (path) => {
        const socket = connect({ host: hostname, port: Number(port) });
        socket.on("error", () => undefined);
        this.#sockets.push(socket);
        socket.write(`GET ${path} HTTP/1.1\r\nhost: ${host}\r\n\r\n`.repeat(times));
        await once(socket, "readable");
      }),
    );
  }

  /**
   * Reads this many bytes of each body, and returns the bodies. Rejects if a connection ends
   * before.
   */
  readOn(bodyBytes: number): Promise<Buffer[]> {
    return Promise.all(
      this.#sockets.map(async (socket) => {
        const chunks: Buffer[] = [];
        let bytes = 0;
        for await (const chunk of socket as AsyncIterable<Buffer>) {
          chunks.push(chunk);
          bytes += chunk.length;
          const headBytes = (chunks[0]?.indexOf("\r\n\r\n") ?? 0) + 4;
          if (bytes >= headBytes + bodyBytes) return Buffer.concat(chunks).subarray(headBytes);
        }
        throw new Error(`A body ended after ${bytes} bytes, its head included.`);
      }),
    );
  }

  /** Closes the connections without reading. */
  leave(): void {
    for (const socket of this.#sockets.splice(0)) socket.destroy();
  }
}
