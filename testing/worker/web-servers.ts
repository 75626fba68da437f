// Debian's nginx and Apache as origins, if installed, with Debian's own configuration. With
// TIDEMARK_REQUIRE_NGINX=1 or TIDEMARK_REQUIRE_APACHE=1, the absence of one is an error.
import { spawnSync } from "node:child_process";
import { chmod, mkdtemp, readFile, utimes, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { freePort } from "../../local/free-port.ts";
import { isInstalled, startWebServer, type WebServer, type WebServerStart } from "../programs.ts";

export const isNginxInstalled = isOrigin("NGINX", "nginx", "nginx-light");
export const isApacheInstalled = isOrigin("APACHE", "apache2", "apache2");

/** Contents by file name. */
type Files = Readonly<Record<string, string>>;
type Command = Pick<WebServerStart, "command" | "args" | "env">;

interface WebServerSettings {
  readonly files: Files;
  /** Lines outside the block of the site. */
  readonly global?: string;
  /** Lines in the block of the site. */
  readonly site?: string;
}

/** @throws Error with the output of nginx if it does not start */
export function startNginx({ files, global = "", site = "" }: WebServerSettings) {
  return started(files, async ({ folder, port }) => {
    const main = await readFile("/etc/nginx/nginx.conf", "utf8");
    const block = await readFile("/etc/nginx/sites-available/default", "utf8");
    const ofSite = replaced(block, [
      [/listen 80 default_server;/, `listen 127.0.0.1:${port};\n${site}`],
      [/listen \[::\]:80 default_server;/, ""],
      [/root [^;]*;/, `root ${folder};`],
    ]);
    await writeFile(join(folder, "site.conf"), `${global}\n${ofSite}`);
    const text = replaced(main, [
      [/include \/etc\/nginx\/sites-enabled\/\*;/, `include ${folder}/site.conf;`],
      [/pid [^;]*;/, `pid ${folder}/pid;`],
      [/access_log [^;]*;/, "access_log off;"],
      [/error_log [^;]*;/, "error_log stderr;"],
    ]);
    const file = join(folder, "nginx.conf");
    await writeFile(file, text);
    return { command: "nginx", args: ["-c", file, "-e", "stderr", "-g", "daemon off;"] };
  });
}

/** @throws Error with the output of Apache if it does not start */
export function startApache({ files, global = "", site = "" }: WebServerSettings) {
  return started(files, async ({ folder, port }) => {
    const main = await readFile("/etc/apache2/apache2.conf", "utf8");
    const grants = `<Directory ${folder}>\nRequire all granted\n</Directory>`;
    const ofSite = `DocumentRoot ${folder}\n${grants}\n${site}`;
    const text = replaced(main, [
      [/^Include ports\.conf$/m, `Listen 127.0.0.1:${port}\nServerName site.test\n${global}`],
      [
        /^IncludeOptional sites-enabled\/\*\.conf$/m,
        `<VirtualHost *:${port}>\n${ofSite}\n</VirtualHost>`,
      ],
    ]);
    const file = join(folder, "apache2.conf");
    await writeFile(file, text);
    const env = {
      APACHE_RUN_USER: "www-data",
      APACHE_RUN_GROUP: "www-data",
      APACHE_RUN_DIR: folder,
      APACHE_LOCK_DIR: folder,
      APACHE_LOG_DIR: folder,
      APACHE_PID_FILE: join(folder, "pid"),
    };
    const args = ["-d", "/etc/apache2", "-f", file, "-DFOREGROUND"];
    return { command: "apache2", args, env };
  });
}

function isOrigin(name: string, command: string, debian: string): boolean {
  const lack = `No ${command} is on PATH (Debian: apt-get install ${debian}).`;
  const isFound = spawnSync(command, ["-v"]).status === 0;
  return isInstalled(name, isFound, `${lack} It is not tested here as an origin.`);
}

/** Replaces the first match of each pattern. @throws if Debian's file has no match */
function replaced(text: string, pairs: readonly (readonly [RegExp, string])[]): string {
  return pairs.reduce((changed, [pattern, by]) => {
    if (!pattern.test(changed)) throw new Error(`Debian's configuration has no ${pattern.source}.`);
    return changed.replace(pattern, () => by);
  }, text);
}

const anHourAgo = new Date(Date.now() - 3_600_000);

async function started(
  files: Files,
  configured: (place: { folder: string; port: number }) => Promise<Command>,
): Promise<WebServer> {
  const folder = await mkdtemp(join(tmpdir(), "web-server-"));
  // The server's own user reads the files.
  await chmod(folder, 0o755);
  for (const [name, text] of Object.entries(files)) {
    const file = join(folder, name);
    await writeFile(file, text);
    // Apache's tag of a file that is younger than a second is weak.
    await utimes(file, anHourAgo, anHourAgo);
  }
  const place = { folder, port: await freePort() };
  return startWebServer({ ...place, ...(await configured(place)) });
}
