// Cloudflare's edge between a Worker and its origin: changes the fields of a subrequest as Cloudflare
// documents it for Workers (https://developers.cloudflare.com/fundamentals/reference/http-headers/).
import { createServer, type IncomingMessage, request, type ServerResponse } from "node:http";
import { pipeline } from "node:stream";
import { createBrotliDecompress, createGunzip } from "node:zlib";
import { type Listening, listening } from "../listening.ts";

/** Whether the origin is in the zone of the Worker, or in another zone of Cloudflare. */
export type OriginZone = "same" | "other";

/** The address of every Worker for another zone. */
const workerAddress = "2a06:98c0:3600::103";

export function startEdgeProxy(originUrl: string, zone: OriginZone): Promise<Listening> {
  const server = createServer((incoming, outgoing) => {
    const { hostname, port } = new URL(originUrl);
    const { method, url: path, headers } = incoming;
    const options = { hostname, port, method, path, headers: subrequest(headers, zone) };
    const forwarded = request({ ...options, agent: false }, (answer) => {
      respond(answer, headers["accept-encoding"], outgoing);
    });
    forwarded.on("error", () => outgoing.destroy());
    outgoing.on("close", () => forwarded.destroy());
    incoming.pipe(forwarded);
  });
  return listening(server);
}

/** Returns the fields that the origin gets. Cloudflare consumes X-Real-IP. */
function subrequest(sent: IncomingMessage["headers"], zone: OriginZone) {
  const { "x-real-ip": realIp, "x-forwarded-for": hops, "cdn-loop": loops, ...others } = sent;
  const address = (zone === "same" && realIp) || workerAddress;
  return {
    ...others,
    "accept-encoding": "br, gzip",
    "cdn-loop": [loops ?? [], "cloudflare; loops=1"].flat().join(", "),
    "cf-connecting-ip": address,
    "cf-worker": "site.test",
    "x-forwarded-for": [hops ?? [], address].flat().join(", "),
  };
}

/** Sends the answer, decoded if the Worker does not accept its coding. */
function respond(answer: IncomingMessage, accepted = "", outgoing: ServerResponse): void {
  const { "content-encoding": coding = "", "content-length": _, ...fields } = answer.headers;
  const decoder = { br: createBrotliDecompress, gzip: createGunzip }[coding];
  const status = answer.statusCode ?? 502;
  if (decoder === undefined || accepted.includes(coding)) {
    outgoing.writeHead(status, answer.rawHeaders);
    pipeline(answer, outgoing, () => undefined);
  } else {
    outgoing.writeHead(status, fields);
    pipeline(answer, decoder(), outgoing, () => undefined);
  }
}
