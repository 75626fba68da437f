// Handles one request to the REST interface: delay, token, size, call. This file makes all
// decisions; other files run commands and format answers.
import { createHash, timingSafeEqual } from "node:crypto";
import type { IncomingMessage, ServerResponse } from "node:http";
import { setTimeout as delay } from "node:timers/promises";
import { unreachable } from "../../src/base/unreachable.ts";
import type { Counter } from "./counts.ts";
import type { Database } from "./database.ts";
import {
  batchAnswer,
  commandAnswer,
  errorAnswer,
  failedCountOf,
  transactionAnswer,
  type RestAnswer,
} from "./rest-answer.ts";
import type { RedisCommand } from "./redis-connection.ts";
import { readRestCall, type RestCall } from "./rest-call.ts";

/** Upstash's limit for a request. */
const bodyBytesMax = 10 * 1_024 * 1_024;

/** One request and its answer, for observers. */
export interface CallAnswer {
  /** The requested commands, including failed ones; empty for a rejected request. */
  readonly commands: readonly RedisCommand[];
  /** Lengths of the bodies, without headers. */
  readonly requestBytes: number;
  readonly responseBytes: number;
}

export interface Exchange {
  request: IncomingMessage;
  response: ServerResponse;
  token: string;
  rttMs: number;
  counter: Counter;
  database: Database;
  isTaken?: ((commands: readonly RedisCommand[]) => boolean) | undefined;
  /** Called before sending the answer, so that observers know each received answer. */
  onAnswered?: ((call: CallAnswer) => void) | undefined;
}

/** Answers a request. Never rejects: an internal error becomes a 500. */
export async function respond(exchange: Exchange): Promise<void> {
  const { request, response, rttMs, counter } = exchange;
  const bytesMax = isAuthorised(request, exchange.token) ? bodyBytesMax : 0;
  const body = await readBody(request, bytesMax);
  if (body.kind === "aborted") return;
  counter.countRequest(body.bodyBytes);
  if (rttMs > 0) await delay(rttMs / 2);
  const call = callIn(exchange, body);
  if (exchange.isTaken?.(commandsIn(call)) === false) return void response.destroy();
  if (call.kind === "subscription") return streamed(call.channel, exchange);
  const answer = await answerTo(call, exchange).catch((cause: unknown) =>
    errorAnswer(500, `The local REST server failed: ${String(cause)}`),
  );
  if (rttMs > 0) await delay(rttMs / 2);
  const bytes = Buffer.from(JSON.stringify(answer.body));
  const responseBytes = bytes.length;
  counter.answered({ responseBytes, failedCount: failedCountOf(answer) });
  const { bodyBytes: requestBytes } = body;
  exchange.onAnswered?.({ commands: commandsIn(call), requestBytes, responseBytes });
  response.writeHead(answer.status, {
    "content-type": "application/json",
    "content-length": bytes.length,
  });
  response.end(bytes);
}

/** Sends the messages of a channel as server-sent events, until either side ends the stream. */
async function streamed(channel: string, { response, rttMs, database }: Exchange): Promise<void> {
  const left = new AbortController();
  response.on("close", () => left.abort());
  const send = (message: string) => {
    if (!response.headersSent) response.writeHead(200, { "content-type": "text/event-stream" });
    setTimeout(() => response.write(`data: ${message}\n\n`), rttMs / 2);
  };
  const end = await database.subscribe(channel, send, left.signal);
  if (end !== "ended" && !response.headersSent)
    response.writeHead(503, { "content-type": "application/json" });
  response.end(end === "ended" ? undefined : JSON.stringify({ error: end.message }));
}

type Call = RestCall | { kind: "refused"; answer: RestAnswer };

function callIn({ request, token }: Exchange, body: ReadBody): Call {
  if (!isAuthorised(request, token)) return refused(401, "Unauthorized");
  if (body.kind !== "read") {
    return refused(413, `ERR max request size exceeded. Limit: ${bodyBytesMax} bytes.`);
  }
  return readRestCall({ method: request.method ?? "", path: request.url ?? "", body: body.bytes });
}

function refused(status: number, message: string): Call {
  return { kind: "refused", answer: errorAnswer(status, message) };
}

function commandsIn(call: Call): readonly RedisCommand[] {
  if (call.kind === "command") return [call.command];
  if (call.kind === "subscription") return [["SUBSCRIBE", call.channel]];
  return call.kind === "pipeline" || call.kind === "transaction" ? call.commands : [];
}

async function answerTo(
  call: Exclude<Call, { kind: "subscription" }>,
  { database }: Exchange,
): Promise<RestAnswer> {
  switch (call.kind) {
    case "refused":
      return call.answer;
    case "malformed":
      return errorAnswer(call.status, call.message);
    case "command":
      return commandAnswer(await database.run(call.command));
    case "pipeline":
      return batchAnswer(await Promise.all(call.commands.map((command) => database.run(command))));
    case "transaction":
      return transactionAnswer(await database.transact(call.commands));
    default:
      return unreachable(call);
  }
}

type ReadBody =
  | { kind: "read"; bytes: Buffer; bodyBytes: number }
  | { kind: "too-large" | "aborted"; bodyBytes: number };

/**
 * Reads the body, and keeps at most `bytesMax`. Reads a larger body to its end, so that the client gets the error.
 */
async function readBody(request: IncomingMessage, bytesMax: number): Promise<ReadBody> {
  const chunks: Buffer[] = [];
  let bodyBytes = 0;
  try {
    for await (const chunk of request as AsyncIterable<Buffer>) {
      bodyBytes += chunk.length;
      if (bodyBytes > bytesMax) chunks.length = 0;
      else chunks.push(chunk);
    }
  } catch {
    return { kind: "aborted", bodyBytes };
  }
  if (bodyBytes > bytesMax) return { kind: "too-large", bodyBytes };
  return { kind: "read", bytes: Buffer.concat(chunks), bodyBytes };
}

/** Compares digests, so that neither length nor time reveals where two tokens differ. */
function isAuthorised({ headers }: IncomingMessage, token: string): boolean {
  const [scheme = "", offered = ""] = (headers.authorization ?? "").split(" ", 2);
  return scheme.toLowerCase() === "bearer" && timingSafeEqual(digest(offered), digest(token));
}

function digest(text: string): Buffer {
  return createHash("sha256").update(text).digest();
}
