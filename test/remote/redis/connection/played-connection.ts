// A fake connection whose answers a test defines.
import { transportOver } from "../../../../src/remote/redis/connection/transport.ts";
import type { Connection } from "../../../../src/remote/redis/connection/connection.ts";

/** Returns the address of a fake connection, which by default is ready and answers `null`. */
export function playedConnection(given: Partial<Connection>) {
  const connection: Connection = {
    isCluster: false,
    isOpen: () => true,
    isReady: () => true,
    onError: () => undefined,
    onEnd: () => undefined,
    reconnect: () => undefined,
    duplicate() {
      throw new Error("The connection is lost.");
    },
    send: async () => null,
    transact: async () => [],
    ...given,
  };
  const over = transportOver(connection);
  return { address: { url: "https://connection.invalid", token: "none", ...over } };
}
