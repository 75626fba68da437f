// Determines the site and the token of a command, from options and the environment.
import { type FileHandle, open } from "node:fs/promises";
import { CommandError, usageError, exitCode } from "../command-error.ts";
import type { World } from "../world.ts";

/** Options of every command that uses a site. */
export interface SiteOptions {
  readonly site?: string;
  readonly operatorPath?: string;
}

export interface ChosenSite extends SiteAddress {
  /** `undefined` if none is set. */
  readonly token: string | undefined;
}

/**
 * Returns the site of `--site`, or else of TIDEMARK_SITE. Its token is TIDEMARK_TOKEN, or else the
 * content of TIDEMARK_TOKEN_FILE.
 *
 * @throws CommandError if no site is specified, or a setting is invalid
 */
export async function chosenSite(options: SiteOptions, { env }: World): Promise<ChosenSite> {
  const operatorPath = options.operatorPath ?? (env["TIDEMARK_OPERATOR_PATH"] || undefined);
  const site = options.site ?? (env["TIDEMARK_SITE"] || undefined);
  if (site === undefined) {
    const fault = {
      what: "No site is specified.",
      why: "Neither --site nor TIDEMARK_SITE is set.",
      hint: "Write --site https://www.example.com, and set TIDEMARK_TOKEN to its ADMIN_TOKEN.",
    };
    // Commands that can also work without a site check for this code.
    throw new CommandError(fault, { exitCode: exitCode.usage, code: "no-site" });
  }
  const from = options.site === undefined ? "TIDEMARK_SITE" : "--site";
  return { ...siteAddress({ site, operatorPath, from }), token: await tokenIn(env) };
}

async function tokenIn(env: World["env"]): Promise<string | undefined> {
  const { TIDEMARK_TOKEN: token, TIDEMARK_TOKEN_FILE: path } = env;
  if (token) return checkedToken(token, "TIDEMARK_TOKEN");
  return path ? checkedToken((await ownText(path)).trim(), "TIDEMARK_TOKEN_FILE") : undefined;
}

/** The location of a site's operator routes. */
interface SiteAddress {
  /** Scheme and host, such as "https://www.example.com". */
  readonly origin: string;
  /** Without a final slash. */
  readonly operatorPath: string;
}

const localHosts = new Set(["localhost", "127.0.0.1", "[::1]"]);

/**
 * @param given.from the source of the address, such as `--site`
 * @throws CommandError for an invalid address, and for one that would send a token in clear text
 */
function siteAddress(given: {
  readonly site: string;
  readonly operatorPath: string | undefined;
  readonly from: string;
}): SiteAddress {
  const { site, operatorPath = "/_cache", from } = given;
  const url = URL.parse(site);
  const hint = "Write only scheme and host, such as https://www.example.com.";
  const refused = (why: string, right = hint) =>
    usageError({ what: `${from} is invalid.`, why, hint: right });
  // Errors below quote the address, so look for a password first, also in an invalid address.
  if (site.includes("@")) throw refused("The address contains a user name or a password.");
  if (url === null || !/^https?:$/.test(url.protocol)) {
    throw refused(`${JSON.stringify(site.slice(0, 200))} is not an http or https URL.`);
  }
  if (url.pathname !== "/" || url.search !== "" || url.hash !== "") {
    throw refused(`${JSON.stringify(site.slice(0, 200))} contains more than scheme and host.`);
  }
  if (url.protocol === "http:" && !localHosts.has(url.hostname)) {
    throw refused(
      `${url.origin} has no TLS, so the token would travel in clear text.`,
      "Write https://. Only this machine's own addresses may be http.",
    );
  }
  if (!/^(?:\/[\w.~-]+)+$/.test(operatorPath)) {
    throw usageError({
      what: "The operator path is invalid.",
      why: `${JSON.stringify(operatorPath.slice(0, 80))} is not a path such as /_cache.`,
      hint: "Write the operatorPath of the site's configuration.",
    });
  }
  return { origin: url.origin, operatorPath };
}

/**
 * @param from the source of the token, such as `TIDEMARK_TOKEN`
 * @returns a valid value for a request field. @throws CommandError, which does not quote the token
 */
function checkedToken(token: string, from: string): string {
  if (/^[\x21-\x7e]+$/.test(token)) return token;
  throw usageError({
    what: `${from} cannot be used.`,
    why:
      token === ""
        ? "It is empty."
        : "It contains a space, a line break or a character outside ASCII.",
    hint: "Pass only the ADMIN_TOKEN of the site.",
  });
}

/**
 * Returns the text of a file that holds a token.
 *
 * @throws CommandError if the file is absent, or other users can read it or may have written it
 */
async function ownText(path: string): Promise<string> {
  try {
    const file = await open(path, "r");
    try {
      await refuseOfOthers(file, path);
      // Some editors write a byte order mark.
      return (await file.readFile("utf8")).replace(/^\ufeff/, "");
    } finally {
      await file.close();
    }
  } catch (cause) {
    const isOfSystem = cause instanceof Error && "syscall" in cause && "code" in cause;
    if (!isOfSystem) throw cause;
    const isAbsent = cause.code === "ENOENT" || cause.code === "ENOTDIR";
    throw usageError(
      {
        what: "TIDEMARK_TOKEN_FILE cannot be used.",
        why: isAbsent ? `There is no file ${path}.` : `The system reported ${String(cause.code)}.`,
        hint: "Set it to a file of mode 600 with the ADMIN_TOKEN of the site.",
      },
      cause,
    );
  }
}

async function refuseOfOthers(file: FileHandle, path: string): Promise<void> {
  const what = `${path} was not read.`;
  const stats = await file.stat();
  const { mode, uid } = stats;
  // A shell's <(command) is a pipe.
  if (!stats.isFile() && !stats.isFIFO()) {
    throw usageError({ what, why: "It is not a file.", hint: "Name a file of mode 600." });
  }
  if (process.platform === "win32") return;
  if ((mode & 0o077) !== 0) {
    throw usageError({
      what,
      why: `Others can read it: its mode is ${(mode & 0o777).toString(8)}, and it may contain a token.`,
      hint: `Run chmod 600 ${path}. If others could read it, create a new token.`,
    });
  }
  const own = process.getuid?.();
  if (uid === own || uid === 0) return;
  throw usageError({
    what,
    why: `It belongs to another user: its owner is ${uid}, and you are ${own}.`,
    hint: `If you trust its content, run chown ${own} ${path}.`,
  });
}
