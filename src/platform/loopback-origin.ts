// Makes a listener of `node:http` the origin of the cache in its own process.

/** A listener for requests, such as an application of Express or the built site of Nuxt. */
type Listener = (request: never, response: never) => unknown;

type Fields = { host?: string; "x-forwarded-host"?: string };

interface LoopbackServer {
  on(event: "connection", seen: (socket: { unref(): void }) => void): void;
  once(event: "error", failed: (cause: Error) => void): void;
  listen(port: number, host: string, listening: () => void): void;
  unref(): void;
  address(): { readonly port: number };
}

interface HttpModule {
  createServer(
    options: { readonly maxHeaderSize: number },
    listener: (request: { readonly headers: Fields }, response: unknown) => void,
  ): LoopbackServer;
}

const runtime = globalThis as {
  readonly process?: { getBuiltinModule?(name: "node:http"): HttpModule | undefined };
};

/** Exceeds the limit of the server in front, because the cache adds fields. */
const headBytesMax = 131_072;

/**
 * Serves a listener at a free loopback port, which does not keep the process alive. In the listener, `Host` is the site's
 * host, from the field `X-Forwarded-Host` of the cache. Other programs of the machine can reach the port.
 *
 * @returns the origin's address for `ORIGIN_URL`
 * @throws Error if no port is free, and on other runtimes
 * @example const env = { ...process.env, ORIGIN_URL: await loopbackOrigin(express()) };
 */
export async function loopbackOrigin(listener: Listener): Promise<string> {
  const http = runtime.process?.getBuiltinModule?.("node:http");
  if (http === undefined) throw new Error("loopbackOrigin() needs Node 22.12 or newer.");
  const server = http.createServer({ maxHeaderSize: headBytesMax }, (request, response) => {
    const { headers } = request;
    headers.host = headers["x-forwarded-host"] ?? headers.host ?? "";
    listener(request as never, response as never);
  });
  server.on("connection", (socket) => socket.unref());
  const listening = Promise.withResolvers<void>();
  server.once("error", listening.reject);
  server.listen(0, "127.0.0.1", listening.resolve);
  await listening.promise;
  server.unref();
  return `http://127.0.0.1:${server.address().port}`;
}
