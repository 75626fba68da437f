// The systems of the ranges bench: nginx with `slice`, and Tidemark with slices on workerd.
import { chmod, mkdtemp, readFile, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { bundledText } from "../../testing/bundled-text.ts";
import { freePort } from "../../local/free-port.ts";
import { startWebServer } from "../../testing/programs.ts";
import { startWorld } from "../../testing/worker/world.ts";
import { runtimePids } from "../load/process-cpu.ts";

export interface RangesSystem {
  readonly name: string;
  readonly url: string;
  /** Returns the process whose CPU time counts. */
  pid(): Promise<number>;
  stop(): Promise<void>;
}

export async function startNginxSlices(
  originUrl: string,
  sliceMebibytes: number,
): Promise<RangesSystem> {
  const folder = await mkdtemp(join(tmpdir(), "nginx-slices-"));
  await chmod(folder, 0o777);
  const port = await freePort();
  const file = join(folder, "nginx.conf");
  await writeFile(
    file,
    `daemon off; master_process off; error_log stderr; pid ${folder}/pid;
    events {}
    http {
      access_log off;
      proxy_cache_path ${folder}/cache keys_zone=ranges:10m max_size=2g use_temp_path=off;
      server {
        listen 127.0.0.1:${port};
        location / {
          slice ${sliceMebibytes}m;
          proxy_cache ranges;
          proxy_cache_key $uri$slice_range;
          proxy_set_header Range $slice_range;
          proxy_cache_valid 200 206 1d;
          proxy_cache_lock on;
          proxy_http_version 1.1;
          proxy_set_header Connection "";
          proxy_pass ${originUrl};
        }
      }
    }`,
  );
  const args = ["-c", file, "-e", "stderr", "-p", folder];
  const server = await startWebServer({ command: "nginx", args, port, folder });
  const pid = async () => Number(await readFile(join(folder, "pid"), "utf8"));
  return {
    name: `nginx, slice ${sliceMebibytes}m`,
    url: server.url,
    pid,
    stop: () => server.stop(),
  };
}

export async function startTidemarkSlices(
  originUrl: string,
  sliceMebibytes: number,
): Promise<RangesSystem> {
  const contents = `
    import { defineConfig } from "./src/tidemark.ts";
    import { slices } from "./src/parts/slices/slices.ts";
    import { upstash } from "./src/upstash.ts";
    import { createWorker } from "./src/worker.ts";

    const whole = { name: "whole", match: "/whole/*" };
    const sliced = slices({ sliceBytes: ${sliceMebibytes * 1_048_576}, fetchesMax: 1_000 });
    const files = { name: "files", match: "*", use: [sliced] };
    const config = defineConfig({ routes: [whole, files] });
    export default createWorker(config, { stores: upstash() });
  `;
  const worker = await bundledText(contents);
  const newPids = pidsSince();
  const world = await startWorld({ originUrl, worker });
  const [colo] = world.colos;
  const [pid] = newPids();
  if (colo === undefined || pid === undefined) throw new Error("The colo did not start.");
  const name = `Tidemark, slices of ${sliceMebibytes} MiB`;
  return { name, url: colo.url, pid: () => Promise.resolve(pid), stop: () => world.stop() };
}

/** Returns a function that returns the runtimes started since. */
function pidsSince(): () => number[] {
  const before = new Set(runtimePids());
  return () => runtimePids().filter((pid) => !before.has(pid));
}
