// Tests the table in README.md of the news site. Each link to a line of code is correct, and each
// command prints the output in the table.
import { execFile } from "node:child_process";
import { readFileSync } from "node:fs";
import { rm } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { patientBundle } from "../../../testing/patient-timeouts.ts";
import { type NewsSite, startNewsSite } from "../run/news-site.ts";

const folder = fileURLToPath(new URL("../", import.meta.url));
const readme = readFileSync(`${folder}README.md`, "utf8");

interface Step {
  readonly command: string;
  /** The expected output; empty if the table does not show any. */
  readonly shows: string;
}

interface Row {
  readonly pattern: string;
  readonly code: string;
  readonly file: string;
  readonly line: number;
  readonly steps: readonly Step[];
}

const rows = tableRows();

function tableRows(): Row[] {
  const table = /<!-- begin: patterns -->([^]*)<!-- end: patterns -->/.exec(readme)?.[1] ?? "";
  const lines = table.split("\n").filter((line) => line.startsWith("| "));
  return lines.slice(1).map((line) => {
    const cells = line.slice(2, -2).split(/ \| /);
    const [pattern = "", code = "", ask = "", shows = ""] = cells;
    const [, text = "", file = "", number = ""] = /^\[`(.*)`\]\((.*)#L(\d+)\)$/.exec(code) ?? [];
    const shown = codesIn(shows);
    const steps = codesIn(ask).map((command, at) => ({ command, shows: shown[at] ?? "" }));
    return { pattern, code: text, file, line: Number(number), steps };
  });
}

/** Returns the text of each line of a cell. */
function codesIn(cell: string): string[] {
  return cell
    .split("<br>")
    .map((text) => text.trim().replaceAll(/^`|`$/g, "").replaceAll("\\|", "|"));
}

describe("a link to a line of code in the table", () => {
  it.each(rows)("leads to the first line with this code: $pattern", ({ code, file, line }) => {
    const lines = readFileSync(folder + file, "utf8").split("\n");
    const at = lines.findIndex((text) => text.includes(code)) + 1;
    expect({ file, line, holds: lines[line - 1]?.includes(code) }).toEqual({
      file,
      line: at,
      holds: true,
    });
  });
});

let site: NewsSite;
beforeAll(async () => {
  site = await startNewsSite({ plugins: [patientBundle], onLog: () => undefined });
});
afterAll(async () => {
  await site.stop();
  await rm(`${folder}reader.cookies`, { force: true });
});

describe("the commands of the table in their order", () => {
  it("are in more than 15 rows, each with an expected output", () => {
    expect(rows.length).toBeGreaterThan(15);
    expect(rows.filter(({ steps }) => steps.every(({ shows }) => shows === ""))).toEqual([]);
  });

  it.each(rows)(
    "print the output in the table: $pattern",
    async ({ steps }) => {
      for (const { command, shows } of steps) {
        const said = await run(command);
        expect({ command, said }).toEqual({
          command,
          said: expect.stringMatching(textLike(shows)),
        });
      }
    },
    70_000,
  );
});

const functions = /```sh\n(status\(\)[^]*?)```/.exec(readme)?.[1] ?? "";
const runFile = promisify(execFile);

/**
 * Runs a command in a shell, like a reader of README.md. Replaces the wait for the cron trigger by
 * runs of the trigger.
 */
async function run(command: string): Promise<string> {
  if (command === "sleep 100") return cronTurns();
  const [A, B] = site.urls;
  const env = { ...process.env, A, B, REDIS_PID: String(site.valkey.pid) };
  const { stdout } = await runFile("bash", ["-c", `${functions}\n${command}`], {
    cwd: folder,
    env,
  });
  return stdout.trim();
}

/**
 * Fires the cron trigger until it has written the views, which rest in Redis for 40 s before, and
 * has loaded the changed settings.
 */
async function cronTurns(): Promise<string> {
  const read = async (path: string) => (await fetch(site.urls[0] + path)).text();
  const old = await read("/api/settings");
  const turned = async () => {
    await site.colos[0]?.fireCron();
    return [(await read("/api/most-read")) !== "[]", (await read("/api/settings")) !== old];
  };
  await expect.poll(turned, { timeout: 60_000, interval: 2_000 }).toEqual([true, true]);
  return "";
}

function textLike(shown: string): RegExp {
  const parts = shown.split("…").map((part) => part.replaceAll(/[.*+?^${}()|[\]\\]/g, "\\$&"));
  return new RegExp(`^${parts.join(".*")}$`);
}
