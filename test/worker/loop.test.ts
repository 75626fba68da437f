// Tests a Worker whose origin sends requests back to the Worker, on workerd and over sockets.
import { request } from "node:http";
import { expect, it } from "vitest";
import { rawRequest } from "../../testing/worker/raw-request.ts";
import { type WorldOfFile, worldOfFile } from "../../testing/worker/world-of-file.ts";

const world: WorldOfFile = await worldOfFile(({ method, url, headers }, response) => {
  const back = request(`${world.url}${url}`, { method, headers }, (answer) => {
    response.writeHead(answer.statusCode ?? 0, answer.headers);
    answer.pipe(response);
  });
  back.end();
});

it.each(["GET", "HEAD", "DELETE"])("a loop through the Worker gets a 508: %s", async (method) => {
  const answers = [1, 2].map(() => rawRequest(world.url, `/${method}`, { method }));
  for (const answer of await Promise.all(answers)) {
    expect([answer.status, answer.headers["proxy-status"]]).toEqual([
      508,
      "tidemark; error=proxy_loop_detected",
    ]);
  }
  // For GET, the second request causes an additional anonymous request.
  expect(world.origin.count(`/${method}`)).toBe(method === "GET" ? 6 : 4);
});
