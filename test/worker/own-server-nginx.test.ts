// Runs the blocks of nginx in docs/own-server.md, with the site's own as `backup` of a Tidemark that is down.
import { readFileSync } from "node:fs";
import { afterAll, expect, it } from "vitest";
import { freePort } from "../../local/free-port.ts";
import { Running } from "../../local/running.ts";
import { rawRequest } from "../../testing/worker/raw-request.ts";
import { isNginxInstalled, startNginx } from "../../testing/worker/web-servers.ts";

const page = readFileSync("docs/own-server.md", "utf8");
const [front = "", site = ""] = [...page.matchAll(/```nginx\n([^]*?)```/g)].map(([, text]) => text);
const running = new Running();
afterAll(() => running.stop());

it.runIf(isNginxInstalled)("lets no client claim an address at the backup", async () => {
  const [port, sitePort] = [await freePort(), await freePort()];
  const seen = `default_type text/plain; return 200 "$remote_addr $http_x_forwarded_for $http_host";`;
  const global = [front, site]
    .join("\n")
    .replace(/server 127.0.0.1:3000[^]*?:3001[^;]*;/, "server 127.0.0.1:9;")
    .replace("keepalive 64;", `server 127.0.0.1:${sitePort} backup;`)
    .replace("listen 80;", `listen 127.0.0.1:${port};`)
    .replace("listen 127.0.0.1:8080;", `listen 127.0.0.1:${sitePort};`)
    .replace(/include fastcgi_params;[^]*?fastcgi_pass [^;]*;/, seen);
  await running.add(startNginx({ files: {}, global }));
  const forged = { "x-forwarded-for": "203.0.113.66", "x-real-ip": "203.0.113.66" };
  const { body } = await rawRequest(`http://127.0.0.1:${port}`, "/page", {
    headers: { ...forged, host: "www.example.com" },
  });
  expect(body.toString()).toBe("127.0.0.1 127.0.0.1 www.example.com");
});
