// nginx with proxy_cache: two servers, each with a cache of its own. A purge deletes the file of the
// response in both.
import { spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { ServerProcess } from "../../histories/server-process.ts";
import { type Adapter, processCount } from "../adapter.ts";
import { ask, timeoutsMs } from "../asking.ts";

const conf = (port: number, folder: string, originUrl: string) => `
daemon off;
worker_processes 2;
pid ${folder}/pid;
error_log stderr error;
events {}
http {
  access_log off;
  proxy_temp_path ${folder}/temp;
  client_body_temp_path ${folder}/bodies;
  proxy_cache_path ${folder}/cache levels=1:2 keys_zone=pages:10m max_size=100m inactive=60m use_temp_path=off;
  server {
    listen 127.0.0.1:${port};
    location / {
      proxy_cache pages;
      proxy_cache_key $uri;
      proxy_cache_lock on;
      proxy_pass ${originUrl};
    }
  }
}
`;

/** The file of a cached response, with \`levels=1:2\`. */
function fileOf(folder: string, key: string): string {
  const name = createHash("md5").update(key).digest("hex");
  return join(folder, "cache", name.slice(-1), name.slice(-3, -1), name);
}

export const nginx: Adapter = {
  title: "nginx",
  configuration:
    "proxy_cache with proxy_cache_lock, levels=1:2. proxy_cache_purge is part of the commercial " +
    "subscription, so a purge deletes the file of the response. Two servers, each with a cache of " +
    "its own; the purge is accepted once both files are deleted.",
  promise: {
    text:
      "Each response has a file, whose name is the MD5 of its key. The documentation of the free " +
      "version has no purge, so it promises nothing about loads during one.",
    source: "nginx.org, ngx_http_proxy_module, proxy_cache_path and proxy_cache_purge",
    excuses: ["late store", "fault"],
  },
  modes: ["hard"],
  async start({ running, origin, withinMs }) {
    const servers: { server: ServerProcess; folder: string }[] = [];
    for (let count = 0; count < processCount; count += 1) {
      const folder = await mkdtemp(join(tmpdir(), "nginx-compare-"));
      const stop = () => rm(folder, { recursive: true, force: true });
      await running.add(Promise.resolve({ stop }));
      await mkdir(join(folder, "cache"));
      const path = join(folder, "nginx.conf");
      const user = process.getuid?.() === 0 ? ["-g", "user root;"] : [];
      const server = await running.add(
        ServerProcess.start({
          command: "nginx",
          prepare: (port) => writeFile(path, conf(port, folder, origin.url)),
          args: () => ["-p", folder, "-c", path, ...user],
        }),
      );
      servers.push({ server, folder });
    }
    const waitMs = timeoutsMs(withinMs).read;
    return {
      version: versionOf("nginx", ["-v"], /nginx\/([\d.]+)/),
      read: (process, id) => ask(`${servers[process]!.server.url}/${id}`, { waitMs }),
      purge: async (_, id) => {
        for (const { folder } of servers) await rm(fileOf(folder, `/${id}`), { force: true });
        return true;
      },
      faults: {
        "workers killed": (_, draws) => draws.oneOf(servers).server.killWorkers(),
      },
    };
  },
};

/** Returns the version that a program prints. */
export function versionOf(command: string, args: readonly string[], form: RegExp): string {
  const { stdout, stderr } = spawnSync(command, args, { encoding: "utf8" });
  return form.exec(`${stdout}${stderr}`)?.[1] ?? "";
}
