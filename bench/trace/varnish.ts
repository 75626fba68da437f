// Starts Varnish with default settings, with bans for purges. Its grace is shorter by the replay's
// factor.
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { OperatorError } from "../../src/base/operator-error.ts";
import { freePort } from "../../local/colo.ts";

export interface Varnish {
  readonly url: string;
  stop(): Promise<void>;
}

const usualGraceSeconds = 10;
/** The time limit for the start, in which Varnish compiles its configuration as C. */
const startMsMax = 60_000;

function vcl(originUrl: string): string {
  const { hostname, port } = new URL(originUrl);
  return `vcl 4.1;
backend default { .host = "${hostname}"; .port = "${port}"; }
sub vcl_recv {
  if (req.method == "BAN") {
    if (req.http.x-ban-path) {
      ban("obj.http.x-path == " + req.http.x-ban-path);
    } else {
      ban("obj.http.surrogate-key == " + req.http.x-ban-tag);
    }
    return (synth(200));
  }
}
sub vcl_backend_response {
  set beresp.http.x-path = regsub(bereq.url, "\\?.*", "");
}
`;
}

/** @throws OperatorError if Varnish is not installed or does not start */
export async function startVarnish(given: { originUrl: string; scale: number }): Promise<Varnish> {
  const folder = await mkdtemp(join(tmpdir(), "varnish-bench-"));
  const port = await freePort(0, "127.0.0.1");
  const vclPath = join(folder, "default.vcl");
  await writeFile(vclPath, vcl(given.originUrl));
  const grace = `default_grace=${(usualGraceSeconds / given.scale).toFixed(3)}`;
  const listening = ["-a", `127.0.0.1:${port}`, "-f", vclPath, "-n", join(folder, "work")];
  // With its default jail, Varnish reads the configuration as another user.
  const child = spawn(
    "varnishd",
    ["-j", "none", "-F", ...listening, "-s", "malloc,512m", "-p", grace],
    {
      stdio: "ignore",
    },
  );
  const gone = once(child, "exit").catch(() => undefined);
  const stop = async (): Promise<void> => {
    child.kill();
    await gone;
    await rm(folder, { recursive: true, force: true });
  };
  const url = `http://127.0.0.1:${port}`;
  const endAtMs = Date.now() + startMsMax;
  while (Date.now() < endAtMs && child.exitCode === null) {
    if (await isUp(url)) return { url, stop };
    await delay(50);
  }
  await stop();
  throw new OperatorError({
    what: "Varnish did not start.",
    why: "varnishd is not on PATH, or ended at once.",
    hint: "Install it, or leave it out with --systems.",
  });
}

async function isUp(url: string): Promise<boolean> {
  try {
    return (await fetch(url, { method: "BAN", headers: { "x-ban-path": "/" } })).ok;
  } catch {
    return false;
  }
}
