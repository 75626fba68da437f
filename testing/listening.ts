// Lets a server listen on loopback, until a test stops it with its connections.
import { once } from "node:events";
import type { AddressInfo, Server, Socket } from "node:net";

export interface Listening {
  readonly port: number;
  /** The address for HTTP. */
  readonly url: string;
  /** Ends the connections, and waits until the port is free. May be called twice. */
  readonly stop: () => Promise<void>;
}

/** @param wantedPort 0 for any free port */
export async function listening(server: Server, wantedPort = 0): Promise<Listening> {
  const sockets = new Set<Socket>();
  server.on("connection", (socket) => {
    sockets.add(socket);
    socket.once("close", () => sockets.delete(socket));
  });
  await once(server.listen(wantedPort, "127.0.0.1"), "listening");
  const { port } = server.address() as AddressInfo;
  const stop = async (): Promise<void> => {
    if (!server.listening) return;
    const closed = once(server, "close");
    server.close();
    for (const socket of sockets) socket.destroy();
    await closed;
  };
  return { port, url: `http://127.0.0.1:${port}`, stop };
}
