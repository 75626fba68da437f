// Varnish with xkey: two servers, each with a cache of its own. A purge is sent to both.
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { ServerProcess } from "../../histories/server-process.ts";
import { type Adapter, processCount } from "../adapter.ts";
import { ask, timeoutsMs } from "../asking.ts";
import { versionOf } from "./nginx.ts";

const vcl = ({ hostname, port }: URL) => `vcl 4.1;
import xkey;
backend default { .host = "${hostname}"; .port = "${port}"; }
sub vcl_recv {
  if (req.method == "PURGE") {
    if (req.http.xkey-softpurge) {
      set req.http.n-gone = xkey.softpurge(req.http.xkey-softpurge);
    } else {
      set req.http.n-gone = xkey.purge(req.http.xkey-purge);
    }
    return (synth(200, "Invalidated " + req.http.n-gone + " objects"));
  }
}
`;

export const varnish: Adapter = {
  title: "Varnish",
  configuration:
    "The VCL of the manual of vmod_xkey; grace from stale-while-revalidate, 1 h. Hard: xkey.purge. " +
    "Soft: xkey.softpurge. Two servers, each with a cache of its own; a purge is accepted once both " +
    "answer 200.",
  promise: {
    text: "Varnish will find the objects with the key and clear them out; softpurge resets their TTL.",
    source: "the manual of vmod_xkey, as Debian installs it",
    excuses: ["late store", "fault"],
  },
  modes: ["hard", "soft"],
  async start({ running, origin, withinMs }) {
    const folder = await mkdtemp(join(tmpdir(), "varnish-compare-"));
    const stop = () => rm(folder, { recursive: true, force: true });
    await running.add(Promise.resolve({ stop }));
    const path = join(folder, "default.vcl");
    await writeFile(path, vcl(new URL(origin.url)));
    const servers: ServerProcess[] = [];
    for (let count = 0; count < processCount; count += 1) {
      const named = ["-n", join(folder, `work-${count}`), "-s", "malloc,64m"];
      const args = (port: number) => [
        "-F",
        "-j",
        "none",
        "-a",
        `127.0.0.1:${port}`,
        "-f",
        path,
        ...named,
      ];
      servers.push(await running.add(ServerProcess.start({ command: "varnishd", args })));
    }
    const { read: waitMs, purge: purgeMs } = timeoutsMs(withinMs);
    return {
      version: versionOf("varnishd", ["-V"], /varnish-([\d.]+)/),
      read: (process, id) => ask(`${servers[process]!.url}/${id}`, { waitMs }),
      purge: async (_, id, mode) => {
        const headers = { [mode === "hard" ? "xkey-purge" : "xkey-softpurge"]: id };
        const sent = { method: "PURGE", headers, waitMs: purgeMs };
        const answers = await Promise.all(servers.map(({ url }) => ask(url, sent)));
        return answers.every(({ status }) => status === 200);
      },
      faults: { "worker killed": (_, draws) => draws.oneOf(servers).killWorkers() },
    };
  },
};
