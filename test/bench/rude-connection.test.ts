// Tests the misbehaving connections of the attack bench, as a server sees them.
import { once } from "node:events";
import type { IncomingMessage, ServerResponse } from "node:http";
import { afterEach, beforeEach, expect, it } from "vitest";
import type { Asking } from "../../bench/attack/askings.ts";
import type { Manner } from "../../bench/attack/attack.ts";
import { RudeConnection } from "../../bench/attack/rude-connection.ts";
import { type ScriptedOrigin, startScriptedOrigin } from "../../testing/fakes/scripted-origin.ts";

const body = Buffer.alloc(16_777_216);
let server: ScriptedOrigin;
let asked: PromiseWithResolvers<[IncomingMessage, ServerResponse]>;

beforeEach(async () => {
  asked = Promise.withResolvers();
  server = await startScriptedOrigin((request, response) => asked.resolve([request, response]));
});
afterEach(() => server.stop());

function behave(manner: Exclude<Manner, "ask">, asking: Asking = { path: "/" }) {
  const told = Promise.withResolvers<number>();
  const connection = new RudeConnection(server.url, { asking, manner }, told.resolve);
  return { connection, status: told.promise };
}

it("reset-before resets the connection before a response, and reports status 0", async () => {
  const { status } = behave("reset-before");
  const [{ socket }] = await asked.promise;
  const [cause] = (await once(socket, "error")) as [NodeJS.ErrnoException];
  expect(cause.code).toBe("ECONNRESET");
  expect(await status).toBe(0);
});

it("reset-during resets the connection during the response, and reports its status", async () => {
  const { status } = behave("reset-during");
  const [{ socket }, response] = await asked.promise;
  const failed = once(socket, "error");
  response.writeHead(503).end(body);
  expect(await status).toBe(503);
  expect(((await failed) as [NodeJS.ErrnoException])[0].code).toMatch(/ECONNRESET|EPIPE/);
});

it("slow-read reads so slowly that the server cannot send the whole response", async () => {
  const { connection, status } = behave("slow-read");
  const [{ socket }, response] = await asked.promise;
  response.writeHead(200).end(body);
  expect(await status).toBe(200);
  expect(socket.writableLength).toBeGreaterThan(0);
  connection.leave();
});

it("slow-upload begins an upload, and does not complete it", async () => {
  const headers = { "content-length": "3" };
  const { connection, status } = behave("slow-upload", { path: "/", method: "POST", headers });
  const [request] = await asked.promise;
  expect(request.method).toBe("POST");
  expect(request.complete).toBe(false);
  connection.leave();
  expect(await status).toBe(0);
});
