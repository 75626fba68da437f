// Debian's WordPress on PHP's own web server and a MariaDB, if installed. With
// TIDEMARK_REQUIRE_WORDPRESS=1, its absence is an error.
import { execFile, spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
import { cp, mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { startTogether } from "../../local/running.ts";
import { freePort } from "../../local/free-port.ts";
import { isInstalled, startProgram } from "../programs.ts";
import { isMariadbInstalled, startMariadb } from "./mariadb-server.ts";
import { rawRequest } from "../worker/raw-request.ts";

const sources = "/usr/share/wordpress";
const hasMysqli = ["-r", "exit(extension_loaded('mysqli') ? 0 : 1);"];

export const isWordPressInstalled = isInstalled(
  "WORDPRESS",
  isMariadbInstalled &&
    existsSync(`${sources}/wp-load.php`) &&
    spawnSync("php", hasMysqli).status === 0,
  "WordPress, PHP or MariaDB is not installed. .ci/run names the packages of Debian. The plugin is not tested here.",
);

export const editor = { user: "editor", password: "tides-and-marks" };

interface WordPressSettings {
  /** The address of the first colo. */
  readonly siteUrl: string;
  readonly purgeUrl: string;
  readonly purgeSecret: string;
}

export interface WordPressSite {
  readonly url: string;
  /** Runs PHP after WordPress has loaded. Returns the output. `env` replaces variables. */
  run(code: string, env?: Readonly<Record<string, string>>): Promise<string>;
  /** Runs the line of the crontab. */
  runCron(): Promise<void>;
  /** Returns the lines of PHP's log from Tidemark, without their time. */
  tidemarkLog(): Promise<readonly string[]>;
  /** Kills the web server in the middle of its requests, and starts it again. */
  crash(): Promise<void>;
  stop(): Promise<void>;
}

/** Starts a new WordPress with the plugin, and with the lines of docs/wordpress.md in wp-config.php. */
export function startWordPress(settings: WordPressSettings): Promise<WordPressSite> {
  return startTogether(async (running) => {
    const folder = await mkdtemp(join(tmpdir(), "tidemark-wordpress-"));
    await running.add(Promise.resolve({ stop: () => rm(folder, { recursive: true }) }));
    const { url: databaseUrl } = await running.add(startMariadb());
    await cp(sources, folder, { recursive: true, dereference: true });
    await writeFile(join(folder, "wp-config.php"), await configOf(databaseUrl, settings));
    await writeFile(join(folder, "router.php"), router);
    const log = join(folder, "php.log");
    const phpOptions = Object.entries({
      log_errors: 1,
      error_log: log,
      sendmail_path: "/bin/true",
    });
    const options = phpOptions.flatMap(([name, value]) => ["-d", `${name}=${value}`]);
    const env = { PURGE_SECRET: settings.purgeSecret };
    const php = async (args: readonly string[], more: Readonly<Record<string, string>> = {}) => {
      const where = { cwd: folder, env: { ...process.env, ...env, ...more } };
      return (await promisify(execFile)("php", [...options, ...args], where)).stdout;
    };
    await php(["-r", installation]);

    const port = await freePort();
    const args = [...options, "-S", `127.0.0.1:${port}`, "-t", folder, "router.php"];
    const serve = () => startProgram({ command: "php", args, cwd: folder, env, ready: "started" });
    let server = await serve();
    await running.add(Promise.resolve({ stop: () => server.stop() }));
    const url = `http://127.0.0.1:${port}`;
    // The first page adds options of the theme and of widgets, which would purge the site.
    await rawRequest(url, "/");
    await mkdir(join(folder, "wp-content/mu-plugins"));
    await cp("examples/wordpress/tidemark.php", join(folder, "wp-content/mu-plugins/tidemark.php"));
    return {
      url,
      run: (code, more) => php(["-r", `require 'wp-load.php'; ${code}`], more),
      runCron: async () => void (await php(["wp-cron.php"])),
      tidemarkLog: async () => {
        const lines = existsSync(log) ? (await readFile(log, "utf8")).split("\n") : [];
        return lines.flatMap((line) => /^\[[^\]]*\] (Tidemark: .*)/.exec(line)?.[1] ?? []);
      },
      crash: async () => {
        await server.stop();
        server = await serve();
      },
    };
  });
}

async function configOf(
  databaseUrl: string,
  { siteUrl, purgeUrl }: WordPressSettings,
): Promise<string> {
  const page = await readFile("docs/wordpress.md", "utf8");
  const [, documented = ""] = /## 1\. wp-config\.php[^]*?```php\n([^]*?)```/.exec(page) ?? [];
  const replaced = [
    ["https://www.example.com", siteUrl],
    ["www.example.com", new URL(siteUrl).host],
    ["WP_HOME . '/_cache/purge'", `'${purgeUrl}'`],
    ["'whsec_…'", "getenv('PURGE_SECRET')"],
  ] as const;
  const lines = replaced.reduce((text, [from, to]) => {
    if (!text.includes(from)) throw new Error(`docs/wordpress.md no longer contains ${from}.`);
    return text.replaceAll(from, to);
  }, documented);
  return `<?php
define('DB_NAME', 'test');
define('DB_USER', 'root');
define('DB_PASSWORD', '');
define('DB_HOST', '${new URL(databaseUrl).host}');
define('WP_HTTP_BLOCK_EXTERNAL', true);
$table_prefix = 'wp_';
${lines}
defined('ABSPATH') || define('ABSPATH', __DIR__ . '/');
require_once ABSPATH . 'wp-settings.php';
`;
}

/** Sends paths without a file to index.php, as the rewrite rules of a web server do. */
const router = `<?php
$path = __DIR__ . rawurldecode(parse_url($_SERVER['REQUEST_URI'], PHP_URL_PATH));
if (is_file($path) || is_file("$path/index.php")) return false;
require __DIR__ . '/index.php';
`;

const installation = `
define('WP_INSTALLING', true);
require 'wp-load.php';
require ABSPATH . 'wp-admin/includes/upgrade.php';
wp_install('Tide tables', '${editor.user}', 'editor@example.com', true, '', '${editor.password}');
$wp_rewrite->set_permalink_structure('/%postname%/');
flush_rewrite_rules();
`;
