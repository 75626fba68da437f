// A Worker whose origin leads back to itself, on workerd and over sockets: two requests more, and an
// answer at once.
import { request } from "node:http";
import { afterAll, beforeAll, expect, it } from "vitest";
import { type ScriptedOrigin, startScriptedOrigin } from "../../testing/fakes/scripted-origin.ts";
import { rawRequest } from "../../testing/worker/raw-request.ts";
import { startWorld, type World } from "../../testing/worker/world.ts";

let origin: ScriptedOrigin;
let world: World;

beforeAll(async () => {
  origin = await startScriptedOrigin(({ method, url, headers }, response) => {
    const back = request(`${world.colos[0]!.url}${url}`, { method, headers }, (answer) => {
      response.writeHead(answer.statusCode ?? 0, answer.headers);
      answer.pipe(response);
    });
    back.end();
  });
  world = await startWorld({ originUrl: origin.url });
});

afterAll(async () => {
  await world.stop();
  await origin.stop();
});

it.each(["GET", "HEAD", "DELETE"])("is told with 508: %s", async (method) => {
  const { url } = world.colos[0]!;
  const answers = [1, 2].map(() => rawRequest(url, `/${method}`, { method }));
  for (const answer of await Promise.all(answers)) {
    expect([answer.status, answer.headers["proxy-status"]]).toEqual([
      508,
      "tidemark; error=proxy_loop_detected",
    ]);
  }
  // Two requests wait for each other: an anonymous request leads for the second one first.
  expect(origin.count(`/${method}`)).toBe(method === "GET" ? 6 : 4);
});
