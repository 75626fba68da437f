// The systems of the ranges bench: nginx with `slice`, and Tidemark with slices on workerd.
import { chmod, mkdtemp, readFile, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { bundled, root } from "../../local/bundling.ts";
import { freePort } from "../../local/free-port.ts";
import { startWebServer } from "../../testing/web-server-process.ts";
import { startColo } from "../../local/colo.ts";
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
  const stdin = { contents, resolveDir: root, sourcefile: "worker.js", loader: "js" } as const;
  const worker = await bundled({ stdin });
  const newPids = pidsSince();
  const world = await startWorld({ originUrl, worker });
  const [colo] = world.colos;
  const [pid] = newPids();
  if (colo === undefined || pid === undefined) throw new Error("The colo did not start.");
  const name = `Tidemark, slices of ${sliceMebibytes} MiB`;
  return { name, url: colo.url, pid: () => Promise.resolve(pid), stop: () => world.stop() };
}

/**
 * Starts the least that a Worker needs for slices: it keeps them in the Cache API, and asks the cache
 * for a range. It answers only ranges within one slice and the next, without purges or conditions.
 * The Cache API of workerd runs in the same process, so this is the floor of the CPU time.
 */
export async function startBareSlices(
  originUrl: string,
  sliceMebibytes: number,
): Promise<RangesSystem> {
  const worker = `
    const sliceBytes = ${sliceMebibytes * 1_048_576};
    async function part(path, nth, from, to, { waitUntil }) {
      const address = "https://bare.test" + path + "/" + nth;
      const range = "bytes=" + from + "-" + to;
      const found = await caches.default.match(new Request(address, { headers: { range } }));
      if (found !== undefined) return found.body;
      const start = nth * sliceBytes;
      const asked = "bytes=" + start + "-" + (start + sliceBytes - 1);
      const answer = await fetch("${originUrl}" + path, { headers: { range: asked } });
      const bytes = await answer.arrayBuffer();
      const headers = { "cache-control": "max-age=86400" };
      waitUntil(caches.default.put(address, new Response(bytes, { headers })));
      return new Response(bytes.slice(from, to + 1)).body;
    }
    export default {
      async fetch(request, env, context) {
        const { pathname } = new URL(request.url);
        const [, first, last] = /^bytes=(\\d+)-(\\d+)$/.exec(request.headers.get("range"));
        const ports = { waitUntil: (work) => context.waitUntil(work) };
        const { readable, writable } = new FixedLengthStream(last - first + 1);
        const parts = [];
        for (let at = Number(first); at <= last; ) {
          const nth = Math.floor(at / sliceBytes);
          const end = Math.min(Number(last), (nth + 1) * sliceBytes - 1);
          parts.push(await part(pathname, nth, at - nth * sliceBytes, end - nth * sliceBytes, ports));
          at = end + 1;
        }
        const send = async () => {
          for (const body of parts) await body.pipeTo(writable, { preventClose: true });
          await writable.close();
        };
        if (parts.length > 1) context.waitUntil(send());
        return new Response(parts.length > 1 ? readable : parts[0], { status: 206 });
      },
    };
  `;
  const newPids = pidsSince();
  const colo = await startColo({ name: "bare", worker, port: 0, env: {} });
  const [pid] = newPids();
  if (pid === undefined) throw new Error("The colo did not start.");
  return {
    name: "a Worker with the Cache API alone",
    url: colo.url,
    pid: () => Promise.resolve(pid),
    stop: () => colo.stop(),
  };
}

/** Returns a function that returns the runtimes started since. */
function pidsSince(): () => number[] {
  const before = new Set(runtimePids());
  return () => runtimePids().filter((pid) => !before.has(pid));
}
