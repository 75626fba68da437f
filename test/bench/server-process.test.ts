// Tests that a stopped server leaves no worker: a worker of nginx outlives its killed master.
import { connect } from "node:net";
import { once } from "node:events";
import { expect, it } from "vitest";
import { ServerProcess } from "../../bench/histories/server-process.ts";

/** Its worker serves the port, as one of nginx does, and would serve it without the master. */
const master = `
  const { spawn } = require("node:child_process");
  const worker = 'require("node:net").createServer().listen(+process.argv[1], "127.0.0.1")';
  spawn(process.execPath, ["-e", worker, process.argv[1]], { stdio: "inherit" });
  setInterval(() => {}, 60_000);
`;

it.skipIf(process.platform !== "linux")("stops the workers of a server with it", async () => {
  const server = await ServerProcess.start({
    command: process.execPath,
    args: (port) => ["-e", master, String(port)],
  });
  await server.stop();
  const socket = connect(server.port, "127.0.0.1");
  const refused = once(socket, "connect").then(
    () => "served",
    (cause: NodeJS.ErrnoException) => cause.code,
  );
  expect(await refused).toBe("ECONNREFUSED");
});
