// A real Varnish, if installed. With TIDEMARK_REQUIRE_VARNISH=1, its absence is an error.
import { spawnSync } from "node:child_process";
import { mkdtemp, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { isInstalled, startWebServer, type WebServer } from "../../../testing/programs.ts";

export const isVarnishInstalled = isInstalled(
  "VARNISH",
  spawnSync("varnishd", ["-V"]).status === 0,
  "No varnishd is on PATH (Debian: apt-get install varnish). Outward purges to it are not tested here.",
);

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
): Promise<WebServer> {
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
  const work = join(folder, "work");
  const args = ["-F", "-j", "none", "-n", work, "-a", address, "-f", file, "-s", "malloc,32m"];
  return startWebServer({ command: "varnishd", args, port, folder });
}
