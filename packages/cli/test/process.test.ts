// Tests the command as a separate process: its exit codes, and its end if its reader closes the
// pipe.
import { spawn } from "node:child_process";
import { once } from "node:events";
import { createServer, type RequestListener } from "node:http";
import { afterEach, expect, it } from "vitest";
import { challengeField } from "../../../src/protocol/operator-token.ts";
import { listening } from "../../../testing/listening.ts";
import { proofFor } from "./fakes/proving.ts";

const token = "token-of-an-operator";

const ends: (() => unknown)[] = [];
afterEach(async () => {
  for (const end of ends.splice(0)) await end();
});

/** Starts a site that proves that it knows the token. `answer` handles all other requests. */
async function serving(answer: RequestListener): Promise<string> {
  const server = createServer(async (request, response) => {
    const { host, [challengeField]: challenge } = request.headers;
    const url = new URL(request.url ?? "/", `http://${host}`);
    if (url.pathname !== "/_cache/proof") return answer(request, response);
    const headers = new Headers({ [challengeField]: String(challenge) });
    const proof = await proofFor(url, headers, token, Date.now());
    return response.writeHead(proof.status).end(await proof.text());
  });
  const { url, stop } = await listening(server);
  ends.push(stop);
  return url;
}

/** Starts the command for a site. */
function start(args: readonly string[], site: string) {
  const own = { TIDEMARK_SITE: site, TIDEMARK_TOKEN: token };
  const env = { PATH: process.env["PATH"], ...own };
  const entry = new URL("../src/tidemark.ts", import.meta.url).pathname;
  const child = spawn(process.execPath, [entry, ...args], { env });
  ends.push(() => child.kill("SIGKILL"));
  let notes = "";
  child.stderr.on("data", (chunk) => {
    notes += String(chunk);
  });
  const ended = once(child, "close").then(([code]) => ({ code: code as number, notes }));
  return { child, ended };
}

const purged = { at: null, by: "admin", id: "", mode: "hard", reason: "", tags: ["a"] };
const entry = (position: string) => ({ position, ...purged });

it("the command prints no error if its reader closes the pipe", async () => {
  const site = await serving((_, response) => {
    run.child.stdout.destroy();
    response.end(JSON.stringify({ entries: [entry("1-0")], next: null }));
  });
  const run = start(["journal"], site);
  expect(await run.ended).toEqual({ code: 0, notes: "" });
});

it("Ctrl-C during a request ends the command with 130", async () => {
  const site = await serving(() => run.child.kill("SIGINT"));
  const run = start(["health"], site);
  const { code, notes } = await run.ended;
  expect(code).toBe(130);
  expect(notes).toContain("It was interrupted.");
});
