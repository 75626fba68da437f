// A real Varnish, if installed. With TIDEMARK_REQUIRE_VARNISH=1, its absence is an error.
import { spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { guardOf } from "../fakes/redis-server.ts";

export const isVarnishInstalled = spawnSync("varnishd", ["-V"]).status === 0;

if (!isVarnishInstalled) {
  const lack = "No varnishd is on PATH (Debian: apt-get install varnish).";
  if (process.env["TIDEMARK_REQUIRE_VARNISH"] === "1") {
    throw new Error(`TIDEMARK_REQUIRE_VARNISH is 1, but: ${lack}`);
  }
  console.warn(`${lack} Outward purges to it are not tested here.`);
}

export interface VarnishServer {
  stop(): Promise<void>;
}

/**
 * Starts Varnish in front of servers, which it requests in turn.
 *
 * @param subroutines the VCL after the backend
 * @throws Error with the output of Varnish if it does not start
 */
export async function startVarnish(
  port: number,
  backendPorts: readonly number[],
  subroutines: string,
): Promise<VarnishServer> {
  const folder = await mkdtemp(join(tmpdir(), "varnish-"));
  const backends = backendPorts.map(
    (backend) => `backend colo${backend} { .host = "127.0.0.1"; .port = "${backend}"; }`,
  );
  const added = backendPorts.map((backend) => `colos.add_backend(colo${backend});`);
  const director = `sub vcl_init { new colos = directors.round_robin(); ${added.join(" ")} }`;
  // Varnish runs this vcl_recv before that of the given subroutines.
  const choice = "sub vcl_recv { set req.backend_hint = colos.backend(); }";
  const begin = ["vcl 4.1;", "import directors;", ...backends, director, choice].join("\n");
  const file = join(folder, "default.vcl");
  await writeFile(file, `${begin}\n${subroutines}`);
  const address = `127.0.0.1:${port}`;
  const child = spawn(
    "varnishd",
    ["-F", "-j", "none", "-n", join(folder, "work"), "-a", address, "-f", file, "-s", "malloc,32m"],
    { stdio: ["ignore", "pipe", "pipe"] },
  );
  let printed = "";
  for (const stream of [child.stdout, child.stderr]) {
    stream.on("data", (chunk) => (printed += String(chunk)));
  }
  const gone = once(child, "exit");
  const guard = guardOf(child);
  const stop = async () => {
    child.kill("SIGTERM");
    await gone;
    guard.kill("SIGKILL");
    await rm(folder, { recursive: true, force: true });
  };
  try {
    await Promise.race([answers(address), gone.then(() => Promise.reject(new Error(printed)))]);
  } catch (cause) {
    await stop();
    throw cause;
  }
  return { stop };
}

/** Waits until the server answers, even with an error of its backend. */
async function answers(address: string): Promise<void> {
  for (;;) {
    const answer = await fetch(`http://${address}/`).catch(() => undefined);
    await answer?.text();
    if (answer !== undefined) return;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}
