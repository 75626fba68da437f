// Checks the installed command: the help of all commands, and that a mistyped line sends no request to
// the site.
import { execFile } from "node:child_process";
import { createServer } from "node:http";
import { mistypedRows } from "../../packages/cli/test/mistyped-rows.ts";
import { listening } from "../../testing/listening.ts";
import { check, newerNode } from "./commands.ts";

/** The command as it is installed, and the site that its environment names. */
interface Installed {
  /** The path of its `tidemark.js`. */
  readonly command: string;
  readonly site: string;
}

interface Ended {
  readonly code: number;
  readonly out: string;
}

function ended({ command, site }: Installed, args: readonly string[], more = {}): Promise<Ended> {
  const own = { TIDEMARK_SITE: site, TIDEMARK_TOKEN: "token-x" };
  const env = { PATH: process.env["PATH"], ...own, ...more };
  const { promise, resolve } = Promise.withResolvers<Ended>();
  const child = execFile(newerNode, [command, ...args], { env }, (failure, out) => {
    resolve({ code: failure === null ? 0 : Number(failure.code), out });
  });
  child.stdin?.end();
  return promise;
}

/** Checks the help of each command, and mistyped lines. @throws Error for the first that fails */
export async function askCommandLines(command: string): Promise<void> {
  const asked: string[] = [];
  const server = createServer(({ method, url }, response) => {
    asked.push(`${method} ${url}`);
    response.end("{}");
  });
  const { url: site, stop } = await listening(server);
  try {
    const count = await helped({ command, site }, []);
    await refused({ command, site });
    check(asked.length === 0, `The site was asked: ${asked.join(", ")}.`);
    await ended({ command, site }, ["warm", "/a"]);
    check(asked.includes("GET /a"), "A path was not requested from the site.");
    process.stdout.write(`  ${count} helps, ${mistypedRows.length} mistyped lines\n`);
  } finally {
    await stop();
  }
}

/** @returns the number of commands at and below the path */
async function helped(installed: Installed, path: readonly string[]): Promise<number> {
  const { code, out } = await ended(installed, [...path, "--help"]);
  const name = ["tidemark", ...path].join(" ");
  check(code === 0 && out.includes(`Usage: ${name} `), `${name} --help ends with ${code}:\n${out}`);
  const [, listed = ""] = /^Commands:\n((?: .*\n)+)/m.exec(out) ?? [];
  const names = [...listed.matchAll(/^ {2}([\w-]+)/gm)].map(([, word = ""]) => word);
  let count = 1;
  for (const word of names.filter((one) => one !== "help")) {
    count += await helped(installed, [...path, word]);
  }
  return count;
}

async function refused(installed: Installed): Promise<void> {
  // Four at a time use both cores.
  for (let at = 0; at < mistypedRows.length; at += 4) {
    await Promise.all(
      mistypedRows.slice(at, at + 4).map(async ({ name, args, env }) => {
        const { code } = await ended(installed, args, env);
        check(code === 2, `The mistyped line (${name}) ends with ${code}.`);
      }),
    );
  }
}
