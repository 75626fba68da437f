// Finds a port without a listener.
import { createServer } from "node:net";
import { OperatorError } from "../src/base/operator-error.ts";

/**
 * @param wanted 0 for any free port
 * @throws OperatorError if the port is in use
 */
export async function freePort(wanted = 0, host = "127.0.0.1"): Promise<number> {
  const { promise, resolve, reject } = Promise.withResolvers<number>();
  const trial = createServer();
  trial.once("error", (cause) => reject(portRefused(wanted, cause)));
  trial.listen(wanted, host, () => {
    const address = trial.address();
    const port = typeof address === "object" && address !== null ? address.port : wanted;
    trial.close(() => resolve(port));
  });
  return promise;
}

function portRefused(port: number, cause: Error): OperatorError {
  const isTaken = "code" in cause && cause.code === "EADDRINUSE";
  return new OperatorError({
    what: `Port ${port} cannot be used.`,
    why: isTaken ? "Another process listens on it." : `${cause.message}.`,
    hint: "Choose another port with --port.",
    cause,
  });
}
